"""What the commands of the planner share: the model, demands on notes, variants."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import FiniteRange, RenamedOption, print_json, save, say, with_options
from planner.chord_style import CHORD_STYLES
from scoretok.errors import ScoretokError
from scoretok.numbers import whole
from scoretok.theory import parse_pitch

if TYPE_CHECKING:
    from planner.composition import GeneratedScore
    from planner.llama import PlannerModel
    from planner.request import Controls
    from planner.token_sampling import TokenSampling
    from scoretok.parts import Key
    from scoretok.sheet import LeadSheet

planner_options = with_options(
    click.option("--scale", metavar="KEY", help='Only notes of this key, "A minor"; or "key": of the score\'s own.'),
    click.option("--range", "ranges", multiple=True, metavar="TRACK=LOW-HIGH", help="Only these pitches: bass=E1-G3."),
    click.option("--polyphony", multiple=True, metavar="TRACK=N", help="At most N notes of a track at once."),
    click.option(
        "--max-repeats",
        "--repeats",
        "max_repeats",
        cls=RenamedOption,
        multiple=True,
        metavar="TRACK=N",
        help="At most N like bars in a row of a track.",
    ),
    click.option("--density", multiple=True, metavar="TRACK=A-B", help="A to B onsets in every bar of a track."),
    click.option("--harmony", multiple=True, metavar="TRACK=on|off", help="With a bar or chord only its tones begin."),
    click.option("--genre", metavar="NAME", help="In the manner of this genre."),
    click.option(
        "--chord-style", type=click.Choice(CHORD_STYLES), help="Triads, sevenths and more, or any (default: by genre)."
    ),
    click.option("--variants", type=click.IntRange(1, 100), default=1, show_default=True, help="Likeliest first."),
    click.option("--temperature", type=FiniteRange(0, 5), default=1.0, show_default=True, help="0: the likeliest."),
    click.option("--top-p", type=FiniteRange(0, 1, min_open=True), default=0.98, show_default=True),
    click.option(
        "--candidates", type=click.IntRange(1, 32), default=3, show_default=True, help="For a bar of melody; the best."
    ),
    click.option("--model", metavar="DIR", help="A model of scoretok train planner."),
)


@dataclass(frozen=True)
class PlannerOptions:
    """How the planner writes, and its demands on notes as texts TRACK=VALUE."""

    scale: str | None
    ranges: tuple[str, ...]
    polyphony: tuple[str, ...]
    max_repeats: tuple[str, ...]
    density: tuple[str, ...]
    harmony: tuple[str, ...]
    genre: str | None
    chord_style: str | None
    variants: int
    temperature: float
    top_p: float
    candidates: int
    model: str | None


def get_model(folder: str | None) -> "PlannerModel":
    """The model that is named, or the one that ships. Raises ScoretokError."""
    from scoretok.extras import require

    require("torch", "planner", "the planner")
    require("safetensors", "planner", "the planner")
    from planner.checkpoint import PLANNER_WEIGHTS, load_model

    return load_model(folder or PLANNER_WEIGHTS)


def get_sampling(options: PlannerOptions, seed: int) -> "TokenSampling":
    """How tokens are drawn."""
    from planner.token_sampling import TokenSampling

    return TokenSampling(options.temperature, options.top_p, seed, options.candidates)


def get_controls(options: PlannerOptions, names: Sequence[str], key: "Key") -> "Controls":
    """The demands on notes that options make of tracks with these ids. Raises ScoretokError."""
    from planner.request import Controls
    from scoretok.harmony import parse_key

    scale = options.scale
    scale_key = (key if scale == "key" else parse_key(scale)) if scale else None
    return Controls(
        scale=frozenset(scale_key.scale) if scale_key else None,
        chord_style=options.chord_style,
        spans=by_track(options.ranges, names, "--range", read_range),
        polyphony=by_track(options.polyphony, names, "--polyphony", read_count),
        max_repeats=by_track(options.max_repeats, names, "--max-repeats", read_count),
        density=by_track(options.density, names, "--density", read_span),
        on_chord=by_track(options.harmony, names, "--harmony", read_switch),
    )


def key_of_bars(options: PlannerOptions, sheet: "LeadSheet", bars: Collection[int]) -> "Key":
    """The key that some bars are in. Raises ScoretokError where --scale asks for it and there are several."""
    found = {frozenset(sheet.key_at(bar).scale): sheet.key_at(bar) for bar in sorted(bars)}
    if options.scale == "key" and len(found) > 1:
        raise ScoretokError("these bars have several keys; write those of one key at a time, or name a --scale")
    return next(iter(found.values()), sheet.keys[0])


def check_variants(options: PlannerOptions, output: str) -> None:
    """Raise ScoretokError when several scores would have to go to standard output."""
    if options.variants > 1 and output == "-":
        raise ScoretokError(f"{options.variants} variants need files; name one with -o, the others are named after it")


def by_track(texts: Sequence[str], names: Sequence[str], option: str, read: Callable[[str], Any]) -> dict[str, Any]:
    """'bass=...' as values by track id; a role stands for all its tracks. Raises ScoretokError."""
    found: dict[str, Any] = {}
    for text in texts:
        track, equals, value = text.partition("=")
        mine = [name for name in names if track in (name, name.partition(".")[0])]
        if not equals:
            raise ScoretokError(f"{option} {text}: write a track, =, and the value")
        if not mine:
            raise ScoretokError(f"{option} {text}: there is no track {track}; there are: {', '.join(names)}")
        try:
            found |= dict.fromkeys(mine, read(value))
        except (ScoretokError, ValueError, KeyError) as error:
            reason = f": {error}" if isinstance(error, ScoretokError) else ""
            raise ScoretokError(f"{option} {text}: {value!r} is not understood{reason}") from None
    return found


def read_range(text: str) -> tuple[int, int]:
    """'E1-G3' as pitches."""
    low, _, high = text.partition("-")
    return parse_pitch(low), parse_pitch(high or low)


def read_count(text: str) -> int:
    """A number from 1 on."""
    if (count := whole(text)) < 1:
        raise ValueError
    return count


def read_switch(text: str) -> bool:
    """'on' or 'off'."""
    return {"on": True, "off": False}[text]


def read_span(text: str) -> tuple[int, int]:
    """'2-6' or '4' as least and most."""
    least, _, most = text.partition("-")
    return whole(least), whole(most or least)


def save_variants(made: "list[GeneratedScore]", output: str, as_json: bool, quiet: bool) -> None:
    """Write scores: the first where it was asked for, the others beside it with numbers."""
    paths = [output]
    for number in range(2, len(made) + 1):
        first = Path(output)
        paths.append(str(first.with_name(f"{first.stem}-{number}{first.suffix}")))
    for one, path in zip(made, paths, strict=True):
        save(one.sheet, path)
    if as_json:
        rows = [{"output": path, "likelihood": round(m.likelihood, 4)} for m, path in zip(made, paths, strict=True)]
        print_json({"made": rows})
    elif not quiet and output != "-":
        for one, path in zip(made, paths, strict=True):
            say(f"{path}: {one.sheet.bar_count} bars, {one.likelihood:.2f} nats a token")
