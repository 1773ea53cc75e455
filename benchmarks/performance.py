"""MIDI -> score -> MIDI: is every note where it was, and is every pedal, bend and controller kept?

python -m benchmarks.performance --piano ASAP --drums GROOVE --bands FREEDOOM --arranged POP909

Folders of MIDI files: performances of ASAP (github.com/fosfrancesco/asap-dataset), of the Groove MIDI Dataset (a copy:
github.com/zharry29/drums-with-llm, folder groove), the music of Freedoom (github.com/freedoom/freedoom, musics), POP909
(github.com/music-x-lab/POP909-Dataset). Files are drawn by one seed. Times are compared in ticks of 480 to a quarter.
"""

import argparse
import warnings
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.common import cell, save, table
from editing import edit
from scoretok.encode import encode, encode_score
from scoretok.errors import ScoretokError
from scoretok.formats import midi
from scoretok.formats.holds import without_performance
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse
from scoretok.formats.midi_controls import part_places
from scoretok.formats.midi_repair import MidiFile, read_file, repair
from scoretok.performance import WITHOUT_CURVE
from scoretok.sheet import LeadSheet

COUNTS = {"piano": 20, "drums": 20, "bands": 20, "arranged": 100}
TICKS = 480
EDIT = "transpose +1 in bar 2"


def chosen(folder: str, count: int) -> list[Path]:
    """Some MIDI files of a folder: performances of ASAP, else any."""
    paths = [path for path in sorted(Path(folder).rglob("*.mid")) if path.name != "midi_score.mid"]
    order = np.random.default_rng(17).permutation(len(paths))
    return [paths[number] for number in sorted(order[:count].tolist())]


def repaired(path: Path) -> MidiFile:
    """The events of a file, with what cannot be a score put right."""
    file = read_file(midi.check_chunks(path.read_bytes(), str(path)))
    repair(file)
    return file


def notes_of(file: MidiFile) -> list[tuple[float, int, float]]:
    """Onset, pitch and end of the whole notes of a file; of those that begin together on a pitch the longest."""
    found: dict[tuple[int, int, float, int], float] = {}
    scale = TICKS / file.division
    for number, track in enumerate(file.tracks):
        begun: dict[tuple[int, int], list[int]] = {}
        for tick, status, _, data in track:
            key = (status & 0x0F, data[0]) if status < 0xF0 else (0, 0)
            if status & 0xF0 == 0x90 and data[1]:
                begun.setdefault(key, []).append(tick)
            elif status & 0xF0 in (0x80, 0x90) and begun.get(key):
                start = begun[key].pop(0)
                place = (number, key[0], start * scale, key[1])
                found[place] = max(found.get(place, 0.0), tick * scale)
    return [(start, pitch, end) for (_, _, start, pitch), end in found.items()]


def controls_of(file: MidiFile) -> Counter[tuple[int, int, int, int]]:
    """Pedals, bends and controllers on channels that play: status, number, value, and the tick."""
    playing = {place.channel for place in part_places(file.tracks)}
    scale = TICKS / file.division
    found: Counter[tuple[int, int, int, int]] = Counter()
    for event in (event for track in file.tracks for event in track if event.status < 0xF0):
        is_curve = event.command == 0xB0 and event.data[0] not in WITHOUT_CURVE
        if event.channel in playing and (is_curve or event.command in (0xD0, 0xE0)):
            number = event.data[0] if event.command == 0xB0 else 0
            value = event.data[-1] * 128 + event.data[0] if event.command == 0xE0 else event.data[-1]
            found[event.command, number, value, round(event.tick * scale)] += 1
    return found


def measured(path: Path) -> dict[str, Any]:
    """What comes back of a file."""
    before = repaired(path)
    began = perf_counter()
    sheet = midi.read(path)
    read_s = perf_counter() - began
    after = read_file(midi.to_bytes(sheet))
    old, new = notes_of(before), notes_of(after)
    onsets: dict[int, np.ndarray] = {}
    for pitch in {pitch for _, pitch, _ in new}:
        onsets[pitch] = np.array([(start, end) for start, other, end in new if other == pitch])
    near = [
        np.abs(onsets[pitch] - (start, end)).max(1).min() if pitch in onsets else np.inf for start, pitch, end in old
    ]
    wanted = set(controls_of(before))
    got = {
        (status, number, value, tick + off) for status, number, value, tick in controls_of(after) for off in (-1, 0, 1)
    }
    return {
        "notes": len(old),
        "moved": sum(distance > 1.0 for distance in near),
        "controls": len(wanted),
        "lost": len(wanted - got),
        "lead": parse(print_lead(sheet)) == sheet,
        "edit": _is_local(sheet),
        "tokens": len(encode_score(sheet)),
        "performance": len(encode(sheet)) - len(encode_score(sheet)),
        "lead_bytes": len(print_lead(sheet)),
        "plain_bytes": len(print_lead(without_performance(sheet))),
        "read_s": read_s,
    }


def _is_local(sheet: LeadSheet) -> bool:
    """Whether an edit of one bar leaves all of the performance outside it as it was."""
    if sheet.bar_count < 3:
        return True
    after = edit(sheet, [EDIT])
    start, stop = sheet.bar_starts[1], sheet.bar_starts[2]
    return all(
        one.controls == two.controls
        and [note for note in one.notes if not start <= note.start_ticks < stop]
        == [note for note in two.notes if not start <= note.start_ticks < stop]
        for one, two in zip(sheet.tracks, after.tracks, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for kind in COUNTS:
        parser.add_argument(f"--{kind}", required=True)
    arguments = vars(parser.parse_args())
    rows, notes = [], []
    for kind, count in COUNTS.items():
        found = []
        for path in chosen(arguments[kind], count):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found.append(measured(path))
                except ScoretokError as error:
                    notes.append(f"{path.name}: {error}")
        total = {name: sum(row[name] for row in found) for name in found[0]}
        rows.append(
            [
                f"{kind}, {len(found)} files",
                cell("{:,.0f}", total["notes"]),
                cell("{:,.0f}", total["moved"]),
                cell("{:,.0f}", total["controls"]),
                cell("{:,.0f}", total["lost"]),
                cell("{:.0f} of {:.0f}", total["lead"], len(found)),
                cell("{:.0f} of {:.0f}", total["edit"], len(found)),
                cell("{:.2f}", total["performance"] / total["tokens"]),
                cell("{:.2f}", total["lead_bytes"] / total["plain_bytes"]),
                cell("{:.0f}", 1e6 * total["read_s"] / total["notes"]),
            ]
        )
    heads = [
        "", "notes", "more than a tick off (goal: 0)", "pedals, bends, controllers", "lost (goal: 0)",
        "equal through .lead", "an edit of a bar leaves the rest", "tokens of the second stream a token of the first",
        ".lead beside --plain, times as long", "reading, microseconds a note",
    ]  # fmt: skip
    save("performance", [table(heads, rows)], notes)


if __name__ == "__main__":
    main()
