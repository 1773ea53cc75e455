"""How two recordings of one score differ, and how well a transcriber finds the score in one.

Axes: n samples, f frames.
"""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import torch

from renderer.codec.mel import SAMPLE_RATE, LogMel, stft
from renderer.note_array import NoteArray
from renderer.training.losses import mel_distance, spectral_distance

DECIBELS = 20 / np.log(10)
DRUM_CLASSES = {"kick": ((35, 36), 20, 120), "snare": ((38, 40), 180, 4000), "hat": ((42, 44, 46), 7000, 20000)}


@cache
def transcriber():
    """basic-pitch with its ONNX weights."""
    import basic_pitch
    from basic_pitch.inference import Model

    return Model(Path(basic_pitch.__file__).parent / "saved_models/icassp_2022/nmp.onnx")


def transcribe(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intervals (notes, 2) in seconds and pitches in Hz that basic-pitch finds."""
    import contextlib
    import io

    from basic_pitch.inference import predict

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder, "x.wav")
        soundfile.write(path, audio, SAMPLE_RATE)
        events = predict(path, transcriber())[2]
    events = sorted(events)
    pitch_hz = np.array([440 * 2 ** ((event[2] - 69) / 12) for event in events])
    return np.array([[event[0], event[1]] for event in events]).reshape(-1, 2), pitch_hz


def note_f1(audio: np.ndarray, notes: NoteArray) -> tuple[float, float]:
    """F1 of notes by onset (50 ms) and pitch, and the median onset error in milliseconds of those found."""
    from mir_eval.transcription import match_notes, precision_recall_f1_overlap

    true = np.stack([notes.start_s, np.maximum(notes.end_s, notes.start_s + 0.02)], 1)
    true_hz = 440 * 2 ** ((notes.pitch - 69) / 12)
    estimated, estimated_hz = transcribe(audio)
    if not len(estimated):
        return 0.0, float("nan")
    f1 = precision_recall_f1_overlap(true, true_hz, estimated, estimated_hz, offset_ratio=None)[2]
    matched = match_notes(true, true_hz, estimated, estimated_hz, offset_ratio=None)
    errors = [abs(true[i, 0] - estimated[j, 0]) for i, j in matched]
    return float(f1), float(np.median(errors) * 1000) if errors else float("nan")


def drum_f1(audio: np.ndarray, notes: NoteArray) -> dict[str, float]:
    """F1 of onsets (50 ms) by class, from peaks of the spectral flux in each class's band."""
    import librosa
    from mir_eval.onset import f_measure

    found = {}
    for name, (pitches, low_hz, high_hz) in DRUM_CLASSES.items():
        true = np.unique(notes.start_s[np.isin(notes.pitch, pitches)])
        if not len(true):
            continue
        magnitude = stft(torch.from_numpy(audio[: len(audio) // 512 * 512])[None], 2048, 512).abs()[0].numpy()
        hz = np.linspace(0, SAMPLE_RATE / 2, len(magnitude))
        band = np.log(magnitude[(hz >= low_hz) & (hz <= high_hz)] + 1e-3)
        flux = np.maximum(np.diff(band, axis=1, prepend=band[:, :1]), 0).mean(0)
        estimated = librosa.onset.onset_detect(
            onset_envelope=flux, sr=SAMPLE_RATE, hop_length=512, units="time", delta=0.1
        )
        found[name] = float(f_measure(true, estimated)[0])
    return found


def distances(made: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Log-mel distance in dB, multi-resolution STFT distance, and energy above 8 kHz in dB over the reference's."""
    n = min(len(made), len(reference)) // 2048 * 2048
    a, b = torch.from_numpy(made[:n].copy())[None], torch.from_numpy(reference[:n].copy())[None]
    return {
        "mel_db": float(mel_distance(a, b, LogMel())) * DECIBELS,
        "stft": float(spectral_distance(a, b)),
        "highs_db": high_energy_db(a) - high_energy_db(b),
    }


def high_energy_db(audio: torch.Tensor) -> float:
    """Mean energy above 8 kHz of audio (1, n) in dB."""
    magnitude = stft(audio).abs()[0]
    return float(10 * torch.log10((magnitude[round(8000 / SAMPLE_RATE * 2048) :] ** 2).mean() + 1e-10))


def mean_spectrum(audio: np.ndarray) -> np.ndarray:
    """Mean log-mel frame (k,) in dB over the louder half of the frames."""
    frames = LogMel()(torch.from_numpy(audio[: len(audio) // 2048 * 2048].astype(np.float32))[None])[0].numpy()
    loud = frames.mean(1) >= np.median(frames.mean(1))
    return frames[loud].mean(0) * DECIBELS


def pitch_error_cents(audio: np.ndarray, notes: NoteArray) -> list[float]:
    """Distance in cents of the loudest of the first four partials from where the score puts it, by sustained note."""
    errors = []
    for start_s, end_s, pitch in zip(notes.start_s, notes.end_s, notes.pitch, strict=True):
        if end_s - start_s < 0.4:
            continue
        span = audio[round((start_s + 0.1) * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
        size = 1 << 18
        magnitude = np.abs(np.fft.rfft(span * np.hanning(len(span)), size))
        best = (0.0, 0.0)
        for partial in range(1, 5):
            centre_hz = partial * 440 * 2 ** ((pitch - 69) / 12)
            low, high = (round(centre_hz * 2 ** (cents / 1200) / SAMPLE_RATE * size) for cents in (-60, 60))
            if high >= len(magnitude) or high - low < 3:
                continue
            peak = low + int(magnitude[low:high].argmax())
            if magnitude[peak] > best[0]:
                best = (float(magnitude[peak]), 1200 * float(np.log2(peak / size * SAMPLE_RATE / centre_hz)))
        if best[0] > 0:
            errors.append(abs(best[1]))
    return errors


@cache
def embedder():
    """Resemblyzer's encoder (256 dimensions, its weights lie in its package)."""
    from resemblyzer import VoiceEncoder

    return VoiceEncoder("cpu", verbose=False)


def embeddings(audio: np.ndarray) -> np.ndarray:
    """Embeddings (windows, 256) of windows of 1.6 s."""
    from scoretok.audio import resample

    return embedder().embed_utterance(resample(audio, SAMPLE_RATE, 16000), return_partials=True, rate=2.5)[1]


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between two sets of embeddings (windows, dims) seen as Gaussians (Heusel et al., 2017)."""
    from scipy.linalg import sqrtm

    covariances = [np.cov(x, rowvar=False) + 1e-6 * np.eye(x.shape[1]) for x in (a, b)]
    root = np.real(sqrtm(covariances[0] @ covariances[1]))
    difference = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(difference + np.trace(covariances[0] + covariances[1] - 2 * root))
