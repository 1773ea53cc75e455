"""How often chords stand on every degree of a key, the tables of mir/key.py, and how well keys are found with them.

python -m benchmarks.transcription_keys --data BILLBOARD.jsonl.gz --data OPENEWLD.jsonl.gz --data POP909.jsonl.gz
  --songs SONGS

SONGS as benchmarks.transcription_songs makes them; only scores are read.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common import save, table
from benchmarks.transcription import ESTIMATED
from mir.compare import key_score, main_key, mir_eval_key
from mir.estimates import ChordEstimate
from mir.key import decode_keys, triad_class
from planner.records import read_records, sheet_of_record
from scoretok import LeadSheet, ScoretokError, read
from scoretok.harmony import chord_to_harte

SMOOTHING = 0.02  # of all time, spread evenly over the table


def songs(path: Path) -> Iterator[LeadSheet]:
    """The scores of a file that are in one major or minor key and have chords."""
    for record in read_records(path):
        try:
            sheet = sheet_of_record(record)
        except ScoretokError:
            continue
        is_in_one_key = len(record.get("key") or ()) == 1 and len(sheet.keys) == 1
        if is_in_one_key and sheet.keys[0].mode in ("maj", "min") and sheet.chords:
            yield sheet


def chord_spans(sheet: LeadSheet) -> list[ChordEstimate]:
    """Chords with their ticks for seconds."""
    stops = [chord.start_ticks for chord in sheet.chords[1:]] + [sheet.end_ticks]
    return [
        ChordEstimate(chord.start_ticks, stop, chord_to_harte(chord))
        for chord, stop in zip(sheet.chords, stops, strict=True)
    ]


def pitches(sheet: LeadSheet) -> np.ndarray:
    """How long pitch classes sound in every bar, (b, 12)."""
    edges = np.array(sheet.bar_starts)
    rows = np.zeros((len(edges) - 1, 12))
    for track in sheet.tracks:
        for note in () if track.is_drums else track.notes:
            inside = np.minimum(note.end_ticks, edges[1:]) - np.maximum(note.start_ticks, edges[:-1])
            rows[:, note.pitch % 12] += np.maximum(0, inside)
    return rows


def counted(sheets: list[LeadSheet]) -> tuple[Counter[str], np.ndarray]:
    """How many songs are major and minor, and shares of the time (2, 12, 3) of chords on degrees."""
    tables, count = np.zeros((2, 12, 3)), Counter[str]()
    for sheet in sheets:
        key, time = sheet.keys[0], np.zeros((12, 3))
        for chord, span in zip(sheet.chords, chord_spans(sheet), strict=True):
            if chord.root is not None:
                time[(chord.root - key.tonic) % 12, triad_class(chord)] += span.end_s - span.start_s
        if time.sum():
            tables[int(key.is_minor)] += time / time.sum()
            count[key.mode] += 1
    return count, tables


def found_again(sheet: LeadSheet) -> tuple[float, float]:
    """Whether the key of a song is found from its own chords and notes, and the weighted score."""
    keys = decode_keys(np.array(sheet.bar_starts, float), chord_spans(sheet), pitches(sheet))
    found = replace(sheet, keys=tuple(key.key for key in keys))
    return mir_eval_key(main_key(found)) == mir_eval_key(sheet.keys[0]), key_score(sheet, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--songs", type=Path)
    given = parser.parse_args()
    by_file = {path.name.partition(".")[0]: list(songs(path)) for path in given.data}
    count, tables = counted([sheet for sheets in by_file.values() for sheet in sheets])
    print(dict(count))
    for mode, shares in zip(("maj", "min"), tables, strict=True):
        share = (shares / shares.sum() + SMOOTHING / 36) / (1 + SMOOTHING)
        print(mode, np.round(100 * share, 1).tolist())
    if given.songs:
        paths = [path for path in sorted(given.songs.glob("*.lead")) if ESTIMATED not in path.name]
        by_file["the bands above, a minute of each"] = [read(path) for path in paths]
    rows = []
    for name, sheets in by_file.items():
        right, weighted = np.mean([found_again(sheet) for sheet in sheets], 0)
        rows.append([name, len(sheets), right, weighted])
    note = (
        "The key that people wrote down, found from the chords and notes that they wrote down: what a perfect"
        " transcription would reach. Whole songs in one key, but for the last row; the tables of chords on degrees were"
        " counted in them."
    )
    save(
        "transcription_keys",
        [table(["", "songs", "right", "weighted score"], rows, ["", "", "{:.3f}", "{:.3f}"])],
        [note],
    )


if __name__ == "__main__":
    main()
