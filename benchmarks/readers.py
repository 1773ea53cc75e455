"""MIDI and MusicXML against independent readers: the notes of test files as we, mido, partitura and verovio read them.

python -m benchmarks.readers --midi MIDI --musicxml MUSICXML

Files are equal when the same pitches begin at the same times, to one tick of 24 a quarter, as in one of the other
readers; or when both refuse them. Differences that were looked into are explained in EXPLAINED, by file.
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import cell, save, table
from scoretok import ScoretokError, read

Onsets = set[tuple[int, int]]  # tick of 24 a quarter, pitch
EXPLAINED = {
    "test-non-midi-track.mid": "a chunk that is no track is passed over, as the standard asks; mido stops",
    "test-running-status-sysex.mid": "running status goes on behind a system exclusive message; mido loses its place",
    "01d-Pitches-Microtones.xml": "a note three quarters flat is read as flat; the others leave three quarters out",
    "01f-Pitches-ParenthesizedMicrotoneAccidentals.xml": "partitura knows no quarter-tone accidentals and stops",
    "03a-Rhythm-Durations.xml": "notes shorter than a tick of 24 a quarter move onto it, equal ones become one",
    "34b-Colors.xml": "partitura stops at notes without a staff position",
    "34c-Font-Size.xml": "partitura stops at notes without a staff position",
    "41b-MultiParts-MoreThan10.xml": "twenty piano parts: a score has at most sixteen tracks of a role",
    "41c-StaffGroups.xml": "parts an octave off: as verovio, which adds a note of key 0; partitura leaves octaves out",
    "45h-Repeats-Partial.xml": "a repeat that is never closed is not taken; partitura takes it, verovio takes none",
    "45i-Repeats-Nested.xml": "repeats inside both endings are taken; verovio takes one, partitura finds no way",
    "73a-Percussion.xml": "unpitched drums become keys of General MIDI; partitura leaves them out",
}


def ours(path: Path) -> Onsets | str:
    """Our notes, or why we refuse the file."""
    try:
        return {(note.start_ticks, note.pitch) for track in read(path).tracks for note in track.notes}
    except ScoretokError as error:
        return str(error)


def by_mido(path: Path) -> Onsets | str:
    """mido's complete notes, or why it stops; patterns of format 2 one after the other."""
    import mido

    try:
        file = mido.MidiFile(path, clip=True, charset="latin1")
    except Exception as error:  # whatever it stops with
        return type(error).__name__
    onsets: Onsets = set()
    begin = 0
    for track in file.tracks:
        tick, sounding = begin, {}
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                sounding.setdefault((message.channel, message.note), []).append(tick)
            elif message.type in ("note_on", "note_off") and sounding.get((message.channel, message.note)):
                start = sounding[message.channel, message.note].pop(0)
                onsets.add((round(start * 24 / file.ticks_per_beat), message.note))
        begin = tick if file.type == 2 else 0
    return onsets


def by_partitura(path: Path) -> Onsets | str:
    """partitura's notes, repeats unfolded, or why it stops."""
    import partitura

    try:
        parts = partitura.load_musicxml(str(path)).parts
    except Exception as error:  # whatever it stops with
        return type(error).__name__
    rows: list[tuple[float, int]] = []
    for part in parts:
        try:
            played: Any = partitura.score.unfold_part_maximal(part, update_ids=False)
            found = played.note_array()
        except Exception:  # a part without notes, or without a way through its repeats
            continue
        rows += [(float(n["onset_quarter"]), _sounding(n, part)) for n in found if n["duration_quarter"] > 0]
    first = min([0.0, *(onset for onset, _ in rows)])  # a pickup begins before 0 there
    return {(round((onset - first) * 24), pitch) for onset, pitch in rows}


def by_verovio(path: Path) -> Onsets | str:
    """The notes of verovio's MIDI."""
    import base64
    import tempfile

    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    if not toolkit.loadFile(str(path)):
        return "not loaded"
    with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        file.write(base64.b64decode(toolkit.renderToMIDI()))
        file.flush()
        return by_mido(Path(file.name))


def _sounding(note: Any, part: Any) -> int:
    """The pitch that is heard: partitura gives the written one, and how it is transposed."""
    import partitura

    changes = [t for t in part.iter_all(partitura.score.Transposition) if t.start.t <= note["onset_div"]]
    return int(note["pitch"]) + (changes[-1].chromatic if changes else 0)


Reader = Callable[[Path], Onsets | str]


def compare(paths: list[Path], others: list[Reader]) -> tuple[int, list[list[str]]]:
    """How many files are equal, and a row for each that is not."""
    equal, rows = 0, []
    for path in paths:
        mine, theirs = ours(path), [other(path) for other in others]
        if any(_agree(mine, one) for one in theirs):
            equal += 1
            continue
        said = [one if isinstance(one, str) else f"{len(one)} onsets" for one in (mine, *theirs)]
        why = EXPLAINED.get(path.name, "not explained")
        rows.append([path.name, said[0].rpartition(": ")[2], ", ".join(said[1:]), why])
    return equal, rows


def _agree(mine: Onsets | str, theirs: Onsets | str) -> bool:
    nothing = not theirs or isinstance(theirs, str)
    return mine == theirs or (nothing and (not mine or isinstance(mine, str)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--midi", help="a folder of MIDI files (jazz-soft's test-midi-files)")
    parser.add_argument("--musicxml", help="a folder of MusicXML files (the unofficial test suite)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = []
    for folder, suffixes, readers, name in (
        (arguments.midi, (".mid", ".kar", ".rmi"), [by_mido], "mido"),
        (arguments.musicxml, (".xml", ".musicxml", ".mxl"), [by_partitura, by_verovio], "partitura or verovio"),
    ):
        if folder:
            paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in suffixes)
            equal, rows = compare(paths, readers)
            tables.append(table([f"files read as by {name}"], [[cell("{} of {}", equal, len(paths))]]))
            tables.append(table([f"unlike {name}", "ours", "theirs", "why"], rows))
    save("readers", tables)


if __name__ == "__main__":
    main()
