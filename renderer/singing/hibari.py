"""English speech with known phone times, by hibari (Williams, 2026): a small network whose weights lie in its package.

Its graph has the durations of phones and the pitch as plain tensors: the pitch is taken from outside, so that the
speech has the vowels of the pitch that will be sung.

Axes: n samples, f frames of 12.5 ms.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from renderer.singing.phone_set import VOICED, StressedPhone
from scoretok.extras import require

RATE = 24000
FRAME_S = 0.0125  # half of what its durations count
DURATIONS, PITCH = "/Clip_output_0", "f0"  # tensors of its graph, version 0.2.1
SPEED = 0.65  # by trial on two songs: slower speech is clearer when it is stretched
# The alphabet of misaki, which hibari reads, where it differs from IPA.
SYMBOLS = {
    "eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "dʒ": "ʤ", "tʃ": "ʧ", "ɚ": "əɹ",
}  # fmt: skip
PitchAt = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of numbers of phones and places in them: Hz
STRESS_MARKS = {2: "ˈ", 1: "ˌ", 0: ""}


@dataclass(frozen=True)
class SpokenPhones:
    """Speech: samples (n,) at `rate`, when each phone begins and ends in seconds, and the pitch that it was spoken at:
    `hz` (f,) every `frame_s`, 0 where it has none."""

    samples: np.ndarray
    rate: int
    start_s: np.ndarray
    end_s: np.ndarray
    hz: np.ndarray
    frame_s: float = FRAME_S


@dataclass(frozen=True)
class SpokenSpectra:
    """Speech as hibari's synthesis takes it: five parts (601, f), when each phone begins and ends, pitch (f,)."""

    spectra: Sequence[np.ndarray]
    start_s: np.ndarray
    end_s: np.ndarray
    hz: np.ndarray


class HibariSpeech:
    """Speaks phones at a pitch. Raises ScoretokError when a package is missing."""

    def __init__(self, threads: int = 1) -> None:
        hibari = require("hibari", "singer", "singing by rule")
        folder = Path(str(hibari.__file__)).parent / "assets"
        self.symbols: dict[str, int] = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._free, self._steered = _sessions(folder / "hibari.onnx", threads)

    def speak(
        self, phones: Sequence[StressedPhone], word_starts: Sequence[bool],
        hz_at: PitchAt, speed: float = SPEED, seed: int = 0,
    ) -> SpokenPhones:  # fmt: skip
        """Speak phones; `hz_at` is called with a phone's number and the place in it, 0 to 1, of each frame (f,)."""
        from hibari import dsp  # type: ignore[import-untyped] # it has no types

        said = self.spectra(phones, word_starts, hz_at, speed)
        samples = dsp.synth(*said.spectra, said.hz, np.random.default_rng(seed))
        return SpokenPhones(samples, RATE, said.start_s, said.end_s, said.hz)

    def spectra(
        self, phones: Sequence[StressedPhone], word_starts: Sequence[bool],
        hz_at: PitchAt, speed: float = SPEED,
    ) -> SpokenSpectra:  # fmt: skip
        """What `speak` makes sound of."""
        tokens, owners = tokens_of_phones(phones, word_starts, self.symbols)
        feeds = {"ids": np.array([[0, *tokens, 0]], np.int64), "speed": np.array([speed], np.float32)}
        durations = np.round(self._free.run([DURATIONS], feeds)[0].ravel()).astype(int)
        first, last, hz = laid_pitch(phones, owners, durations, hz_at)
        parts = [part[0] for part in self._steered.run(None, {**feeds, "steered_f0": hz[None]})]
        return SpokenSpectra(parts, first * FRAME_S, last * FRAME_S, hz)


def tokens_of_phones(
    phones: Sequence[StressedPhone], word_starts: Sequence[bool], symbols: Mapping[str, int]
) -> tuple[list[int], np.ndarray]:
    """Symbols of phones in the alphabet of misaki, and the number of the phone that each belongs to, -1 between words;
    with one before and one behind that belong to none."""
    tokens, owners = [], [-1]
    for number, (phone, starts) in enumerate(zip(phones, word_starts, strict=True)):
        for symbol in " " * (starts and number > 0) + misaki_spelling(phone):
            tokens.append(symbols[symbol])
            owners.append(-1 if symbol == " " else number)
    return tokens, np.array([*owners, -1])


def laid_pitch(
    phones: Sequence[StressedPhone], owners: np.ndarray, durations: np.ndarray, hz_at: PitchAt
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First and last frame of each phone, and the pitch (f,) of all frames, for symbols that last so many durations."""
    ends = np.cumsum(2 * durations)
    first = np.array([ends[np.flatnonzero(owners == n)[0] - 1] for n in range(len(phones))])
    last = np.array([ends[np.flatnonzero(owners == n)[-1]] for n in range(len(phones))])
    number = np.clip(np.searchsorted(first, np.arange(ends[-1]), side="right") - 1, 0, None)
    place = np.clip((np.arange(ends[-1]) + 0.5 - first[number]) / np.maximum(1, last - first)[number], 0, 1)
    voiced = np.array([phone.symbol in VOICED for phone in phones])[number]
    voiced[: first[0]] = voiced[last[-1] :] = False
    return first, last, np.where(voiced, hz_at(number, place), 0.0).astype(np.float32)


def misaki_spelling(phone: StressedPhone) -> str:
    """A phone in the alphabet of misaki, its stress before it."""
    if phone.symbol == "ɚ" and phone.stress:
        return STRESS_MARKS[phone.stress] + "ɜɹ"
    return STRESS_MARKS[phone.stress] * phone.is_vowel + SYMBOLS.get(phone.symbol, phone.symbol)


@lru_cache(maxsize=1)
def _sessions(path: Path, threads: int) -> tuple[Any, Any]:
    """The graph with the durations it would take as an output, and the graph whose pitch is an input."""
    onnx = require("onnx", "singer", "singing by rule")
    onnxruntime = require("onnxruntime", "singer", "singing by rule")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3

    def session(model: Any) -> Any:  # noqa: ANN401 - onnx has no types
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    free = onnx.load(str(path))
    free.graph.output.append(onnx.helper.make_empty_tensor_value_info(DURATIONS))
    steered = onnx.load(str(path))
    for node in steered.graph.node:
        for place, name in enumerate(node.input):
            if name == PITCH:
                node.input[place] = "steered_f0"
    steered.graph.input.append(onnx.helper.make_tensor_value_info("steered_f0", onnx.TensorProto.FLOAT, [1, "frames"]))
    kept = [output for output in steered.graph.output if output.name != PITCH]
    del steered.graph.output[:]
    steered.graph.output.extend(kept)
    return session(free), session(steered)
