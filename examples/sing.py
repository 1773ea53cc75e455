"""A singer made by rule, to try voice conversion with when no recording is at hand.

    python examples/sing.py examples/amazing-grace.lead take.wav --size 1.15
    python examples/sing.py examples/amazing-grace.lead singer.wav --size 0.85 --octave -1 --bars 9-16

Formants of the vocal track's phonemes (Peterson and Barney, 1952; Klatt, 1980) colour pulses and noise.
"""

import argparse

import numpy as np
import torch

import scoretok
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.envelope import FRAME_S, band_centres_hz
from renderer.voice.excitation import noise, phase_of, pulses
from renderer.voice.pretrained import load_models
from renderer.voice.stream import upsample_frames
from scoretok.audio import write_audio
from scoretok.parts import Note

# phoneme -> first three formants (Hz); those of a diphthong are where it goes.
VOWELS = {
    "i": (300, 2250, 3000), "ɪ": (400, 1950, 2550), "e": (450, 2100, 2600), "ɛ": (550, 1800, 2500),
    "æ": (680, 1700, 2450), "a": (750, 1350, 2500), "ɑ": (720, 1100, 2500), "ʌ": (620, 1200, 2500),
    "ə": (500, 1450, 2500), "ɔ": (560, 860, 2450), "o": (480, 900, 2400), "ʊ": (440, 1050, 2300),
    "u": (320, 900, 2250), "ɚ": (480, 1300, 1700), "ɝ": (480, 1300, 1700),
}  # fmt: skip
# phoneme -> formants, whether it is voiced, level (nepers of power), centre of its hiss (Hz, 0 without).
CONSONANTS = {
    "m": ((270, 1000, 2200), 1, -2.0, 0), "n": ((270, 1500, 2500), 1, -2.0, 0), "ŋ": ((270, 1900, 2600), 1, -2.0, 0),
    "l": ((350, 1000, 2700), 1, -1.0, 0), "ɹ": ((350, 1100, 1600), 1, -1.0, 0), "w": ((300, 700, 2200), 1, -1.0, 0),
    "j": ((280, 2200, 3000), 1, -1.0, 0), "h": ((500, 1500, 2500), 0, -3.0, 1800),
    "ð": ((300, 1400, 2600), 1, -3.0, 0), "v": ((280, 1100, 2200), 1, -3.0, 0),
    "z": ((300, 1600, 2500), 1, -2.0, 6500), "ʒ": ((300, 1700, 2500), 1, -2.0, 3500),
    "s": ((300, 1600, 2500), 0, -1.0, 6500), "ʃ": ((300, 1700, 2500), 0, -1.0, 3300),
    "f": ((300, 1200, 2300), 0, -3.5, 5000), "θ": ((300, 1400, 2500), 0, -3.5, 5500),
    "tʃ": ((300, 1700, 2500), 0, -1.0, 3500), "dʒ": ((300, 1700, 2500), 1, -2.0, 3500),
    "t": ((300, 1700, 2600), 0, -2.0, 5000), "k": ((300, 1800, 2400), 0, -2.5, 2200),
    "p": ((300, 900, 2300), 0, -3.0, 1000), "d": ((280, 1700, 2600), 1, -3.0, 0),
    "ɡ": ((280, 1900, 2400), 1, -3.0, 0), "b": ((280, 900, 2300), 1, -3.0, 0),
}  # fmt: skip
CONSONANT_S = 0.075
BANDWIDTHS_HZ = (80, 110, 160)
GLIDE = 5  # frames
TILT_HZ = 5000.0


def sung_phonemes(notes: list[Note]) -> list[tuple[list[Note], list[str]]]:
    """Syllables with their notes and plain phonemes."""
    found: list[tuple[list[Note], list[str]]] = []
    for note in notes:
        if note.syllable:
            found.append(([note], [phoneme.strip("ˈˌː") for phoneme in note.syllable.phonemes]))
        elif found:
            found[-1][0].append(note)
    return found


def vowel_path(phoneme: str) -> list[tuple[int, int, int]]:
    """The formants that a vowel goes through."""
    return [VOWELS[symbol] for symbol in phoneme if symbol in VOWELS] or [VOWELS["ə"]]


def envelope(formants: np.ndarray, hiss_hz: float, size: float) -> np.ndarray:
    """Log power (k,) of a vocal tract with three formants (Hz), `size` times as short, and of its hiss."""
    hz = band_centres_hz().numpy()
    places = [*formants * size, 3500 * size, 4500 * size]
    widths = [*BANDWIDTHS_HZ, 250, 300]
    strengths = [1.0, 0.35, 0.15, 0.08, 0.04]
    power = sum(s / (1 + ((hz - f) / (w / 2)) ** 2) for s, f, w in zip(strengths, places, widths, strict=True))
    power = power / (1 + (hz / TILT_HZ) ** 4)
    if hiss_hz:
        power = 0.02 * power + 0.3 * np.exp(-(((np.log(hz) - np.log(hiss_hz)) / 0.45) ** 2))
    return np.log(power + 1e-7)


def performance(sheet: scoretok.LeadSheet, notes: list[Note], size: float, octave: int) -> tuple[np.ndarray, ...]:
    """Log power envelope (f, k), pitch in Hz (f,) and voicing (f,) of a vocal track."""
    frames = round((sheet.duration_s + 0.5) / FRAME_S)
    quiet = envelope(np.array(VOWELS["ə"], float), 0, size) - 12
    log_power, voicing, tone = np.tile(quiet, (frames, 1)), np.zeros(frames), np.full(frames, float(notes[0].pitch))
    for note in notes:
        tone[round(sheet.seconds_at(note.start_ticks) / FRAME_S) :] = note.pitch
    for held, phonemes in sung_phonemes(notes):
        first = next((n for n, phoneme in enumerate(phonemes) if phoneme not in CONSONANTS), len(phonemes))
        start, stop = (sheet.seconds_at(ticks) for ticks in (held[0].start_ticks, held[-1].end_ticks))
        before, after = phonemes[:first], phonemes[first + 1 :]
        vowel_stop = stop - CONSONANT_S * (len(after) + 0.3)
        at = start - CONSONANT_S * len(before)
        spans = [(at + n * CONSONANT_S, at + (n + 1) * CONSONANT_S, phoneme) for n, phoneme in enumerate(before)]
        spans.append((start, vowel_stop, phonemes[first] if first < len(phonemes) else "ə"))
        spans += [(vowel_stop + n * CONSONANT_S, vowel_stop + (n + 1) * CONSONANT_S, p) for n, p in enumerate(after)]
        for begin_s, end_s, phoneme in spans:
            inside = range(max(0, round(begin_s / FRAME_S)), min(frames, round(end_s / FRAME_S)))
            formants, is_voiced, level, hiss_hz = CONSONANTS.get(phoneme, (None, 1, 0.0, 0))
            path = np.array(vowel_path(phoneme) if formants is None else [formants], float)
            for number, frame in enumerate(inside):
                share = np.clip((number / max(1, len(inside)) - 0.5) * 3, 0, 1)
                log_power[frame] = envelope(path[0] + (path[-1] - path[0]) * share, hiss_hz, size) + level
                voicing[frame] = is_voiced
    window = np.hanning(GLIDE + 2)[1:-1] / np.hanning(GLIDE + 2)[1:-1].sum()
    pad = GLIDE // 2
    log_power = np.stack([np.convolve(np.pad(c, pad, mode="edge"), window, "valid") for c in log_power.T], 1)
    times_s = np.arange(frames) * FRAME_S
    glide = np.convolve(np.pad(tone, 2 * pad, mode="edge"), np.ones(4 * pad + 1) / (4 * pad + 1), "valid")
    vibrato = 0.25 * np.sin(2 * np.pi * 5.4 * times_s) + 0.1 * np.sin(2 * np.pi * 0.7 * times_s)
    return log_power - 6, 440 * 2 ** ((glide + vibrato + 12 * octave - 69) / 12), voicing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("score")
    parser.add_argument("output")
    parser.add_argument("--size", type=float, default=1.0, help="formants times this: above 1 a smaller singer")
    parser.add_argument("--octave", type=int, default=0)
    parser.add_argument("--bars", help="A-B")
    arguments = parser.parse_args()
    sheet = scoretok.read(arguments.score)
    if arguments.bars:
        first, last = map(int, arguments.bars.split("-"))
        sheet = scoretok.slice_bars(sheet, first - 1, last)
    notes = [note for track in sheet.tracks if track.role == "vocal" for note in track.notes]
    log_power, hz, voicing = performance(sheet, notes, arguments.size, arguments.octave)
    pitch = upsample_frames(hz)
    sources = np.stack([pulses(pitch, phase_of(pitch)[0]), noise(0, len(pitch), 0)])
    tensors = [torch.from_numpy(array.astype(np.float32))[None] for array in (log_power, hz, voicing, sources)]
    with torch.no_grad():
        audio = load_models().decoder(*tensors)[0].numpy()
    write_audio((audio / np.abs(audio).max() * 0.5)[None], SAMPLE_RATE, arguments.output)


if __name__ == "__main__":
    main()
