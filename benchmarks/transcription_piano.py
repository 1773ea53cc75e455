"""Which network transcribes a piano best: F measures and how long each takes.

python -m benchmarks.transcription_piano --songs SONGS --soundfont FONT

Piano parts of songs that training left out, alone, by a soundfont that it was not trained on.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import soundfile

from benchmarks.common import save, table
from benchmarks.transcription_songs import played
from mir.compare import notes_s, spans_and_hz
from mir.estimates import NoteEstimate
from mir.madmom_package import madmom
from mir.notes.activations import predict_activations
from mir.notes.basic_notes import basic_pitch_notes
from mir.notes.piano_notes import piano_notes
from mir.training.mixes import SoundfontBand
from scoretok import LeadSheet, read, slice_bars
from scoretok.audio import SAMPLE_RATE, Recording

CLIPS, LONGEST_S, FEWEST = 6, 20.0, 30
PIANO = (0, 1)
Notes = dict[str, list[NoteEstimate]]


def clips(folder: Path) -> list[LeadSheet]:
    """Openings of piano parts."""
    found = []
    for path in sorted(folder.glob("*.lead")):
        sheet = read(path)
        tracks = [track for track in sheet.tracks if track.role == "piano"]
        bars = max(bar for bar, tick in enumerate(sheet.bar_starts) if sheet.seconds_at(tick) < LONGEST_S)
        clip = slice_bars(replace(sheet, tracks=tuple(tracks[:1])), 0, max(1, bars))
        if clip.note_count >= FEWEST:
            found.append(clip)
    return found[:: max(1, len(found) // CLIPS)][:CLIPS]


def madmom_notes(recording: Recording) -> Notes:
    """The notes of madmom's convolutional network for pianos (may not be used commercially)."""
    notes, signal = madmom("features.notes"), madmom("audio.signal")
    madmom_signal = signal.Signal(recording.mono, sample_rate=SAMPLE_RATE, num_channels=1)
    network = notes.CNNPianoNoteProcessor()
    pick = notes.ADSRNoteTrackingProcessor()
    return {
        "piano": [
            NoteEstimate(float(row[0]), float(row[0] + row[2]), int(row[1])) for row in pick(network(madmom_signal))
        ]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--soundfont", required=True)
    given = parser.parse_args()
    from mir_eval.transcription import precision_recall_f1_overlap

    band = SoundfontBand([given.soundfont], {"piano": PIANO})
    engines: dict[str, Callable[[Recording], Notes]] = {
        "ours": lambda recording: predict_activations(recording).notes,
        "basic-pitch": lambda recording: basic_pitch_notes(recording.path),
        "madmom": madmom_notes,
        "transkun": piano_notes,
    }
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    seconds, total_s = dict.fromkeys(engines, 0.0), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number, sheet in enumerate(clips(given.songs)):
            sound = played(sheet, band, np.random.default_rng(number))
            path = Path(folder, f"{number}.wav")
            soundfile.write(path, sound.T, SAMPLE_RATE)
            total_s += sound.shape[1] / SAMPLE_RATE
            truth = notes_s(sheet, ("piano",))
            for name, engine in engines.items():
                began = perf_counter()
                notes = [note for row in engine(Recording(sound, SAMPLE_RATE, str(path))).values() for note in row]
                seconds[name] += perf_counter() - began
                found = spans_and_hz((note.start_s, note.end_s, note.pitch) for note in notes)
                scores[name].append(
                    tuple(precision_recall_f1_overlap(*truth, *found, offset_ratio=ratio)[2] for ratio in (None, 0.2))
                )
            print(number, {name: round(row[-1][0], 3) for name, row in scores.items()}, flush=True)
    rows = [[name, *np.mean(row, 0), seconds[name] / total_s] for name, row in scores.items()]
    heads = ["pianos alone", "notes F", "with ends F", "seconds a second"]
    tables = [table(heads, rows, ["", "{:.3f}", "{:.3f}", "{:.2f}"])]
    save("transcription_piano", tables, songs={"songs": len(scores["ours"])})


if __name__ == "__main__":
    main()
