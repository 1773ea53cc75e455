"""A voice amid a band: how well it is separated, and how well its words are recognised.

python -m benchmarks.transcription_voice --voices real_train.tar --manifest real_manifest.jsonl --songs SONGS

Clips of speech with known words (people who read; singing with words is not at hand) beside bands at equal loudness.
None of the models that are used here was trained by us.
"""

import argparse
import io
import json
import re
import tarfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import cell, save, table
from mir.separation import spleeter_stems
from mir.word_recognition import recognise_words
from scoretok.audio import SAMPLE_RATE, Recording, read_recording, resample

LEAST_S, CLIPS = 4.0, 24


def si_sdr(truth: np.ndarray, found: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in decibels of signals of one shape (Le Roux et al., 2019)."""
    part = np.vdot(found, truth) / np.vdot(truth, truth) * truth
    return float(10 * np.log10(np.sum(part**2) / np.sum((found - part) ** 2)))


def distance(a: list[str], b: list[str]) -> int:
    """How many insertions, deletions and replacements lead from one list to another (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def clips(voices: Path, manifest: Path) -> list[tuple[np.ndarray, str]]:
    """Mono clips at 44,100 Hz and their words."""
    rows = {row["file"]: row for row in map(json.loads, manifest.read_text().splitlines())}
    found = []
    with tarfile.open(voices) as archive:
        for member in archive.getmembers():
            row = rows.get(member.name.removeprefix("./"))
            file = archive.extractfile(member)
            if row and file and row.get("text") and row["duration"] >= LEAST_S:
                samples, rate = soundfile.read(io.BytesIO(file.read()), dtype="float32")
                found.append((resample(samples[None], rate, SAMPLE_RATE)[0], row["text"]))
    return found[:: max(1, len(found) // CLIPS)][:CLIPS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--songs", type=Path, required=True)
    given = parser.parse_args()
    bands = sorted(given.songs.glob("*.flac"))
    gains, errors = [], {"alone": [0, 0, 0, 0], "in the mix": [0, 0, 0, 0], "separated": [0, 0, 0, 0]}
    material = clips(given.voices, given.manifest)
    for number, (clip, text) in enumerate(material):
        band = read_recording(bands[number % len(bands)]).samples[:, 5 * SAMPLE_RATE :][:, : len(clip)]
        voice = clip[: band.shape[1]]
        band = band * np.sqrt(np.mean(voice**2) / np.mean(band**2))
        mix = Recording((band + voice).astype(np.float32))
        stem = spleeter_stems(mix)["vocals"]
        gains.append(si_sdr(voice, stem.mono) - si_sdr(voice, mix.mono))
        for name, recording in (("alone", mix.with_samples(voice)), ("in the mix", mix), ("separated", stem)):
            words = [word for one in recognise_words(recording, language="en").words for word in plain(one.text)]
            truth = plain(text)
            row = errors[name]
            row[0] += distance(truth, words)
            row[1] += len(truth)
            row[2] += distance(list("".join(truth)), list("".join(words)))
            row[3] += len("".join(truth))
    note = cell(
        "{} clips of people who read, each beside a band at equal loudness. The separated voice is {:.1f} dB better"
        " than the mix (SI-SDR).",
        len(material), np.mean(gains),
    )  # fmt: skip
    rows = [[name, row[0] / row[1], row[2] / row[3]] for name, row in errors.items()]
    save("transcription_voice", [table(["words of the voice", "WER", "CER"], rows, "{:.3f}")], [note])


if __name__ == "__main__":
    main()
