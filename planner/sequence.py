"""A song as one sequence of tokens, with what is given before what is to be written; and back.

    sequence = BOS header [Given {bar cells}] Plan {bar plan} Notes {bar cells} EOS
    header   = Genre Tempo Meter Key Bars {Track Program}
    plan     = [Meter] [Key] [(Section | Phrase) Density ...] {Position Root [Quality [Bass]]}
    cells    = {Track {Syllable} (Repeat | Rest | notes)}; behind Notes the chords of the bar come first

So one model composes (nothing is given), infills (all but some cells are given), accompanies (one part is given) and
harmonises (a part is given, and only the plan is written): cells that are to be written are moved behind all that is
known, as spans are in VoiceCraft (Peng et al., 2024). What stands behind Notes is every cell, not given, of a part that
the plan says plays there, so where a token belongs is never in doubt.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from planner.language import (
    FIRST,
    ID,
    KIND_OF,
    MAX_WINDOW_BARS,
    METERS,
    TOKENS,
    TRACKS_PER_ROLE,
    Cell,
    SyllableKind,
    bpm_of_step,
    cell_tokens,
    read_cell,
    repeat_of,
    split_at,
    syllable_kind,
    tempo_step,
)
from planner.song import PHRASE, Part, PlanBar, Song
from scoretok.errors import ScoretokError
from scoretok.parts import ROLES, Chord
from scoretok.theory import PITCH_CLASS_NAMES, QUALITY_NAMES

BAR, TRACK = frozenset(("Bar",)), frozenset(("Track",))
Place = tuple[int, int]  # part, bar


def header_tokens(song: Song) -> list[int]:
    """Genre, tempo, meter, key, how many bars, and the parts. Raises ScoretokError for too many bars."""
    if not 1 <= len(song) <= MAX_WINDOW_BARS:
        raise ScoretokError(f"a window has 1 to {MAX_WINDOW_BARS} bars, not {len(song)}")
    ids = [ID["BOS"], ID[f"Genre_{song.genre}"], FIRST["Tempo"] + tempo_step(song.bpm)]
    ids += [FIRST["Meter"] + METERS.index(song.meter), ID[f"Key_{song.key}"], FIRST["Bars"] + len(song) - 1]
    for part in song.parts:
        ids += [track_token(part), FIRST["Program"] + part.program]
    return ids


def track_token(part: Part) -> int:
    """The token of a part."""
    role, _, number = part.name.partition(".")
    return FIRST["Track"] + ROLES.index(role) * TRACKS_PER_ROLE + int(number) - 1


def plan_tokens(plan: PlanBar) -> list[int]:
    """What is planned for a bar, without its Bar token."""
    ids = [FIRST["Meter"] + METERS.index(plan.meter)] if plan.meter else []
    ids += [ID[f"Key_{plan.key}"]] if plan.key else []
    if plan.label is not None:
        ids.append(ID["Phrase"] if plan.label == PHRASE else ID[f"Section_{plan.label}"])
        ids += [FIRST["Density"] + level for level in plan.densities or ()]
    for chord in plan.chords:
        ids += [FIRST["Position"] + chord.start_ticks, *chord_tokens(chord)]
    return ids


def chord_tokens(chord: Chord) -> list[int]:
    """A chord without its position."""
    if chord.root is None:
        return [ID["Root_N"]]
    ids = [FIRST["Root"] + chord.root, ID[f"Quality_{chord.quality}"]]
    return ids if chord.bass is None else [*ids, FIRST["Bass"] + chord.bass]


def places_to_write(song: Song, given: Collection[Place]) -> Iterator[Place]:
    """Cells that are not given and whose part plays there by the plan, bar by bar."""
    for bar in range(len(song)):
        densities = song.densities_at(bar)
        for part in range(len(song.parts)):
            if (part, bar) not in given and densities[part]:
                yield part, bar


def sequence(song: Song, given: Collection[Place] = frozenset()) -> list[int]:
    """The tokens of a song of which some cells are given. Raises ScoretokError when it has too many bars."""
    known = {place: cell for place, cell in song.cells.items() if place in given}
    ids = known_tokens(song, given)
    before: int | None = None
    for part, bar in places_to_write(song, given):
        ids += [*lead_in(song, part, bar, before), *cell_content_tokens(song, known, part, bar)]
        known[part, bar] = song.cells.get((part, bar), ())
        before = bar
    return [*ids, ID["EOS"]]


def lead_in(song: Song, part: int, bar: int, before: int | None) -> list[int]:
    """What stands before a cell that is to be written: its bar, unless that is the bar of the cell before; its part;
    the syllables that it is to sing, where they are known."""
    words = [kind.token for kind in song.words.get((part, bar), ())]
    return [*(bar_tokens(song, bar) if bar != before else []), track_token(song.parts[part]), *words]


def bar_tokens(song: Song, bar: int) -> list[int]:
    """What stands before the cells of a bar that are to be written: its number, and the chords that sound in it."""
    return [FIRST["Bar"] + bar, *plan_tokens(PlanBar(song.chords_in(bar)))]


def known_tokens(song: Song, given: Collection[Place]) -> list[int]:
    """What stands before the cells that are to be written: header, given cells, plan."""
    ids = [*header_tokens(song), *given_tokens(song, given), ID["Plan"]]
    for bar, plan in enumerate(song.plan):
        ids += [FIRST["Bar"] + bar, *plan_tokens(plan)]
    return [*ids, ID["Notes"]]


def given_tokens(song: Song, given: Collection[Place]) -> list[int]:
    """The cells that are given."""
    if not given:
        return []
    ids = [ID["Given"]]
    known: dict[Place, Cell] = {}
    for bar in range(len(song)):
        ids.append(FIRST["Bar"] + bar)
        for part in range(len(song.parts)):
            if (part, bar) in given and (part, bar) in song.cells:
                ids += [track_token(song.parts[part]), *cell_content_tokens(song, known, part, bar)]
                known[part, bar] = song.cells[part, bar]
    return ids


def cell_content_tokens(song: Song, known: dict[Place, Cell], part: int, bar: int) -> list[int]:
    """What follows the Track token: an earlier cell again, or notes, or a rest."""
    cell = song.cells.get((part, bar), ())
    back = repeat_of(known, part, bar, cell)
    return [ID[f"Repeat_{back}"]] if back else cell_tokens(cell, song.parts[part].is_drums)


def read_sequence(ids: Sequence[int]) -> tuple[Song, frozenset[Place]]:
    """The song that a whole sequence says, and which of its cells with notes were given. Raises ScoretokError."""
    try:
        return _read(list(ids))
    except (ValueError, IndexError, StopIteration):
        raise ScoretokError("these tokens do not make a song") from None


def _read(ids: list[int]) -> tuple[Song, frozenset[Place]]:
    plan_at, notes_at = ids.index(ID["Plan"]), ids.index(ID["Notes"])
    given_at = ids.index(ID["Given"]) if ID["Given"] in ids else plan_at
    song = read_header(ids[:given_at])
    plan = tuple(read_plan(group[1:], len(song.parts)) for group in split_at(ids[plan_at + 1 : notes_at], BAR))
    song = replace(song, plan=plan)
    cells: dict[Place, Cell] = {}
    words: dict[Place, tuple[SyllableKind, ...]] = {}
    _read_cells(song, ids[given_at + 1 : plan_at], cells, words)
    given = frozenset(cells)
    _read_cells(song, ids[notes_at + 1 : -1], cells, words)
    return replace(song, cells={place: cell for place, cell in cells.items() if cell}, words=words), given


def read_header(ids: Sequence[int]) -> Song:
    """The song that the tokens before Given or Plan begin, still without bars."""
    parts = tuple(
        Part(TOKENS[track].partition("_")[2], program - FIRST["Program"])
        for track, program in zip(ids[6::2], ids[7::2], strict=True)
    )
    return Song(
        parts, (), {}, METERS[ids[3] - FIRST["Meter"]], TOKENS[ids[4]].partition("_")[2],
        bpm_of_step(ids[2] - FIRST["Tempo"]), TOKENS[ids[1]].partition("_")[2],
    )  # fmt: skip


def _read_cells(
    song: Song, ids: list[int], cells: dict[Place, Cell], words: dict[Place, tuple[SyllableKind, ...]]
) -> None:
    """Add cells of bars, and their words, to those that are known."""
    numbers = {track_token(part): number for number, part in enumerate(song.parts)}
    for group in split_at(ids, BAR):
        bar = group[0] - FIRST["Bar"]
        cells_of_bar = [cell for cell in split_at(group[1:], TRACK) if KIND_OF[cell[0]] == "Track"]
        for track, *content in cells_of_bar:
            part = numbers[track]
            kinds = tuple(syllable_kind(token) for token in content if KIND_OF[token] == "Syllable")
            notes = content[len(kinds) :]
            if kinds:
                words[part, bar] = kinds
            if KIND_OF[notes[0]] == "Repeat":
                cells[part, bar] = cells[part, bar - int(TOKENS[notes[0]].partition("_")[2])]
            else:
                cells[part, bar] = read_cell(notes, song.parts[part].is_drums)


def read_plan(ids: Sequence[int], parts: int) -> PlanBar:
    """What tokens plan for a bar."""
    plan, densities, chords = PlanBar(), [], []
    for token in ids:
        kind, value = KIND_OF[token], token - FIRST[KIND_OF[token]]
        if kind == "Meter":
            plan = replace(plan, meter=METERS[value])
        elif kind == "Key":
            plan = replace(plan, key=TOKENS[token].partition("_")[2])
        elif kind in ("Section", "Phrase"):
            plan = replace(plan, label=PHRASE if kind == "Phrase" else TOKENS[token].partition("_")[2])
        elif kind == "Density":
            densities.append(value)
        elif kind == "Position":
            chords.append(Chord(value, None))
        elif kind == "Root":
            chords[-1] = replace(chords[-1], root=value if value < len(PITCH_CLASS_NAMES) else None)
        elif kind == "Quality":
            chords[-1] = replace(chords[-1], quality=QUALITY_NAMES[value])
        elif kind == "Bass":
            chords[-1] = replace(chords[-1], bass=value)
        else:
            raise ScoretokError(f"{TOKENS[token]} is no part of a plan")
    if plan.label is not None and len(densities) != parts:
        raise ScoretokError(f"a section states {len(densities)} densities for {parts} parts")
    return replace(plan, chords=tuple(chords), densities=tuple(densities) if plan.label is not None else None)
