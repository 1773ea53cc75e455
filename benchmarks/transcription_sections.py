"""Sections that the transcription finds in whole songs that nobody trained on, beside those that people marked.

python -m benchmarks.transcription_sections --data POP909_MMA.jsonl.gz --data BILLBOARD_MMA.jsonl.gz --soundfont FONT
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import save, table
from benchmarks.transcription_songs import FEWEST_NOTES, played, sheets
from mir.training.mixes import SoundfontBand
from mir.transcription import TranscriptionOptions, transcribe
from scoretok import LeadSheet, ScoretokError
from scoretok.audio import SAMPLE_RATE

EVERY_BARS = 8
FEWEST_SECTIONS = 4


def annotated_songs(paths: list[Path], count: int, unread: bool) -> list[LeadSheet]:
    """Whole songs with four marked sections or more, up to so many of every file.

    `unread` chooses those that the transcription has not read, or those that it has.
    """
    found: list[LeadSheet] = []
    for path in paths:
        songs: dict[str, LeadSheet] = {}
        for name, sheet in sheets([path], "GPL-2.0", unread):
            if sheet.note_count >= FEWEST_NOTES and len(sheet.sections) >= FEWEST_SECTIONS:
                songs.setdefault(name.partition("__")[0], sheet)
            if len(songs) == count:
                break
        found += songs.values()
    return found


def spans(sheet: LeadSheet, duration_s: float) -> tuple[np.ndarray, list[str]]:
    """Sections in seconds (s, 2) from 0 to an end, and their labels."""
    starts = [sheet.seconds_at(sheet.bar_starts[section.bar]) for section in sheet.sections]
    labels = [section.label for section in sheet.sections]
    if not starts or starts[0] > 0:
        starts, labels = [0.0, *starts], ["none", *labels]
    kept = [at for at, start in enumerate(starts) if start < duration_s]
    edges = [*(starts[at] for at in kept), duration_s]
    return np.array(list(pairwise(edges))), [labels[at] for at in kept]


def evenly(sheet: LeadSheet, duration_s: float) -> tuple[np.ndarray, list[str]]:
    """A baseline: a section every eight true bars, all alike."""
    starts = [sheet.seconds_at(tick) for tick in sheet.bar_starts[:-1:EVERY_BARS]]
    edges = [*(start for start in starts if start < duration_s - 0.1), duration_s]
    return np.array(list(pairwise(edges))), ["verse"] * (len(edges) - 1)


def scores(truth: tuple[np.ndarray, list[str]], found: tuple[np.ndarray, list[str]]) -> list[float]:
    """F of boundaries within 0.5 s and 3 s without those at the ends, of pairs of frames; share of right names."""
    from mir_eval.segment import detection
    from mir_eval.segment import pairwise as alike

    moments = np.arange(0.5, truth[0][-1, 1], 0.5)
    names = [np.array(labels)[np.searchsorted(edges[:, 0], moments, "right") - 1] for edges, labels in (truth, found)]
    same = np.mean(names[0] == names[1])
    return [
        detection(truth[0], found[0], 0.5, trim=True)[2],
        detection(truth[0], found[0], 3.0, trim=True)[2],
        alike(*truth, *found)[2],
        float(same),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--soundfont", required=True)
    parser.add_argument("--count", type=int, default=24)
    given = parser.parse_args()
    band = SoundfontBand([given.soundfont])
    songs = annotated_songs(given.data, -(-given.count // len(given.data)), unread=True)[: given.count]
    rows: dict[str, list[list[float]]] = {"ours": [], "every eight bars": []}
    for number, sheet in enumerate(songs):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "song.flac")
            mix = played(sheet, band, np.random.default_rng(number))
            soundfile.write(path, mix.T, SAMPLE_RATE)
            try:
                found = transcribe(path, TranscriptionOptions(chords="off", voice="off"))
            except ScoretokError as error:
                print(sheet.title, error)
                continue
        truth = spans(sheet, sheet.duration_s)
        rows["ours"].append(scores(truth, spans(found, sheet.duration_s)))
        rows["every eight bars"].append(scores(truth, evenly(sheet, sheet.duration_s)))
    note = (
        f"{len(rows['ours'])} whole songs by the default beats, without chords and voice. Boundaries are F"
        " measures without those at the ends, pairs say which frames are in sections of one name, names whether it is"
        " the same."
    )
    heads = ["", "boundaries, 0.5 s", "boundaries, 3 s", "pairs", "names"]
    figures = [[name, *np.mean(values, 0)] for name, values in rows.items()]
    save("transcription_sections", [table(heads, figures, "{:.3f}")], [note])


if __name__ == "__main__":
    main()
