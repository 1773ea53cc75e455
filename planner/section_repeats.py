"""Section repeats: bars of a repeated section copy the section's first occurrence."""

from collections.abc import Sequence

from planner.song import PHRASE, PlanBar, Song


def source_bar(plan: Sequence[PlanBar], bar: int, label: str | None = None) -> int | None:
    """The bar at the same place of the first section of the same name; None where there is none.

    `label` is the section that begins with the bar, if one does; of the plan only what comes before is looked at.
    """
    starts = [at for at in range(bar) if plan[at].label not in (None, PHRASE)]
    if label in (None, PHRASE):
        if not starts:
            return None
        start = starts.pop()
        label = plan[start].label
    else:
        start = bar
    first = next((at for at in starts if plan[at].label == label), None)
    if first is None:
        return None
    source = first + bar - start
    return source if source < next((at for at in starts if at > first), start) else None


def repeat_sources(song: Song) -> dict[int, int]:
    """The bars of a planned song that may be played as an earlier one: same place, chords, length and key.

    The last bar of a section is none of them, so that it may lead on to whatever comes next.
    """
    ticks, found = song.bar_ticks(), {}
    keys = [planned.key for planned in song.plan]
    for bar, planned in enumerate(song.plan):
        following = song.plan[bar + 1].label if bar + 1 < len(song) else "end"
        source = source_bar(song.plan, bar, planned.label)
        if source is None or following not in (None, PHRASE):
            continue
        is_alike = ticks[bar] == ticks[source] and song.chords_in(bar) == song.chords_in(source)
        if is_alike and not key_changes(keys, song.key, source, bar):
            found[bar] = source
    return found


def key_changes(keys: Sequence[str | None], first: str, source: int, bar: int) -> bool:
    """Whether a bar is in another key than an earlier one; `keys` tell which begin where, `first` is the first one."""
    before, now = (next((key for key in reversed(keys[: at + 1]) if key), first) for at in (source, bar))
    return before != now
