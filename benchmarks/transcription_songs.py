"""Songs to transcribe: scores that training left out, played by soundfonts that it left out, too, with what is played.

python -m benchmarks.transcription_songs scores --data POP909.jsonl.gz --data ... --out SCORES
  MIDI files to train on
python -m benchmarks.transcription_songs songs --data ... --soundfont A.sf2 --soundfont B.sf2 --out SONGS
python -m benchmarks.transcription_songs tuning --data ... --soundfont C.sf2 --out TUNING
  songs that training read, played by soundfonts that it heard, to set what is set on none of the former
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.unread import file_name, transcription_left_out
from mir.training import mix_augmentation
from mir.training.mixes import MEAN_DB, SYNTH_RATE, SoundfontBand, mix_parts, with_valid_basses
from planner.records import read_records, sheet_of_record
from scoretok import LeadSheet, ScoretokError, slice_bars, write
from scoretok.audio import SAMPLE_RATE, resample

SECONDS = 60.0
FEWEST_NOTES = 120
PAN = {"lead": 0.0, "piano": -0.3, "guitar": 0.4, "strings": -0.5, "bass": 0.0, "drums": 0.1}


def sheets(paths: list[Path], leave_out: str, unread: bool | None = None) -> Iterator[tuple[str, LeadSheet]]:
    """Names and scores of the records of some files, without those whose licence holds a word.

    `unread` chooses those that the shipped network has not read, or those that it has.
    """
    for path in paths:
        for record in read_records(path):
            if leave_out and leave_out in str(record.get("licence", "")):
                continue
            if unread not in (None, transcription_left_out(record["id"])):
                continue
            try:
                yield file_name(record["id"]), with_valid_basses(sheet_of_record(record))
            except ScoretokError:
                continue


def write_scores(paths: list[Path], leave_out: str, out: Path) -> int:
    """Write every score as a MIDI file; says how many."""
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, sheet in sheets(paths, leave_out):
        write(sheet, out / f"{name}.mid")
        count += 1
    return count


def chosen_songs(paths: list[Path], leave_out: str, count: int, unread: bool) -> list[tuple[str, LeadSheet]]:
    """A minute each of songs that the shipped network has not read, or has; about as many of every file."""
    found: list[list[tuple[str, LeadSheet]]] = []
    for path in paths:
        songs: dict[str, tuple[str, LeadSheet]] = {}
        for name, sheet in sheets([path], leave_out, unread):
            if len(songs) == count:
                break
            if sheet.note_count >= FEWEST_NOTES and name.partition("__")[0] not in songs:
                songs[name.partition("__")[0]] = name, first_minute(sheet)
        found.append(list(songs.values()))
    share = max(1, count // len(found))
    chosen = [song for songs in found for song in songs[:share]]
    rest = [song for songs in found for song in songs[share:]]
    return (chosen + rest)[:count]


def first_minute(sheet: LeadSheet) -> LeadSheet:
    """The bars that begin in the first minute."""
    last = max((bar for bar, tick in enumerate(sheet.bar_starts[:-1]) if sheet.seconds_at(tick) < SECONDS), default=0)
    return slice_bars(sheet, 0, last + 1)


def stereo_gains(pan: float, level_db: float) -> np.ndarray:
    """Gains (2, 1) of a place from -1, left, to 1, right."""
    return (np.array([[min(1, 1 - pan)], [min(1, 1 + pan)]]) * 10 ** (level_db / 20)).astype(np.float32)


def played(sheet: LeadSheet, band: SoundfontBand, rng: np.random.Generator) -> np.ndarray:
    """A score as a mix (2, n) at 44,100 Hz: each track by a random sound of its role, panned, in one room."""
    duration_s = sheet.duration_s + 1.5
    total = np.zeros((2, round(duration_s * SYNTH_RATE)), np.float32)
    for part in mix_parts(sheet):
        sound = band.play(part, duration_s, rng)
        pan = PAN[part.role] + rng.uniform(-0.2, 0.2)
        total += sound * stereo_gains(pan, MEAN_DB[part.role] + rng.normal(0, 2))
    if rng.random() < 0.5:
        total = mix_augmentation.random_reverb(total, SYNTH_RATE, rng)
    mix = resample(total, SYNTH_RATE, SAMPLE_RATE)
    return mix * np.float32(0.7 / max(1e-6, float(np.abs(mix).max())))


def make_songs(
    paths: list[Path], leave_out: str, soundfonts: list[str], count: int, out: Path, unread: bool, seed: int = 0
) -> None:
    """Write songs as `.flac` beside what is played as `.lead`; every second one is played by the second soundfont."""
    out.mkdir(parents=True, exist_ok=True)
    bands = [SoundfontBand([path]) for path in soundfonts]
    for number, (name, sheet) in enumerate(chosen_songs(paths, leave_out, count, unread)):
        rng = np.random.default_rng([seed, number])
        mix = played(sheet, bands[number % len(bands)], rng)
        soundfile.write(out / f"{name}.flac", mix.T, SAMPLE_RATE)
        write(replace(sheet, title=name), out / f"{name}.lead")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scores", "songs", "tuning"])
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--leave-out", default="GPL-2.0", help="a word in licences of songs to leave out")
    parser.add_argument("--soundfont", action="append", default=[])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.what == "scores":
        print(write_scores(given.data, given.leave_out, given.out), "scores")
    else:
        make_songs(given.data, given.leave_out, given.soundfont, given.count, given.out, given.what == "songs")


if __name__ == "__main__":
    main()
