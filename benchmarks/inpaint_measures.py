"""Analysers that know nothing of the model: is an edit found in the sound, and do its seams stand out?

Axes: n samples, f frames, k mel bands.
"""

from collections.abc import Sequence

import numpy as np
import torch

from editing.inpainting.spans import InpaintSpan
from editing.inpainting.time_map import TimeMap
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE, LogMel
from scoretok import LeadSheet
from scoretok.audio import resample

ANALYSIS_RATE = 22050
AROUND_S = 4.0
DECIBELS = 20 / np.log(10)
CHROMA_PARTIALS = ((0, 1.0), (7, 0.35), (4, 0.15))  # the octave, the twelfth, the seventeenth
ANOTHER = 0.9  # harmonies whose notes are less alike than this are taken to differ
RELEASE_S, SHORTEST_S = 0.06, 0.06
PARTIALS = (0, 12, 19)  # semitones of the first three partials


def pitch_energy(audio: np.ndarray, start_s: float, end_s: float, pitch: int) -> float:
    """Energy about a pitch and its next two partials in a stretch of audio (n,)."""
    span = audio[max(0, round(start_s * SAMPLE_RATE)) : max(0, round(end_s * SAMPLE_RATE))]
    if len(span) < 64:
        return 0.0
    size = 1 << 16
    spectrum = np.abs(np.fft.rfft(span * np.hanning(len(span)), size)) ** 2
    semitones = 69 + 12 * np.log2(np.fft.rfftfreq(size, 1 / SAMPLE_RATE).clip(1) / 440)
    return float(sum(spectrum[np.abs(semitones - pitch - up) < 0.4].sum() for up in PARTIALS))


def notes_of_others(sheet: LeadSheet, track_id: str, clock: TimeMap) -> list[tuple[float, float, int]]:
    """(start_s, end_s, pitch) of the pitched notes of all other tracks."""
    return [
        (*(float(clock.to_audio(sheet.seconds_at(t))) for t in (note.start_ticks, note.end_ticks)), note.pitch)
        for name, track in sheet.tracks_by_id.items()
        for note in track.notes
        if name != track_id and not track.is_drums
    ]


def shares_partials(one: int, other: int) -> bool:
    """Whether the first partials of two pitches, or their octaves, meet."""
    return (one - other) % 12 in (0, 5, 7)


def changed_notes(before: LeadSheet, after: LeadSheet, track_id: str, clock: TimeMap) -> list[tuple]:
    """(start_s, end_s, new pitch, old pitch) of notes that changed their pitch only, where no other track hides it."""
    old, new = (sheet.tracks_by_id[track_id].notes for sheet in (before, after))
    others = notes_of_others(after, track_id, clock)
    found = []
    for a, b in zip(old, new, strict=True):
        start_s, end_s = (float(clock.to_audio(after.seconds_at(t))) for t in (b.start_ticks, b.end_ticks))
        during = [pitch for begin_s, stop_s, pitch in others if begin_s < end_s and stop_s > start_s]
        if a.pitch != b.pitch and not any(shares_partials(p, q) for p in (a.pitch, b.pitch) for q in during):
            found.append((start_s + 0.02, max(end_s, start_s + 0.12), b.pitch, a.pitch))
    return found


def melody_agreement(audio: np.ndarray, changed: Sequence[tuple]) -> list[bool]:
    """Of every changed note whether its new pitch is louder in audio (n,) than its old one."""
    return [
        pitch_energy(audio, start_s, end_s, new) > pitch_energy(audio, start_s, end_s, old)
        for start_s, end_s, new, old in changed
    ]


def level_error_db(audio: np.ndarray, true: np.ndarray, changed: Sequence[tuple]) -> float:
    """How much louder changed notes are in audio (n,) than they would have been, in the median."""
    ratios = [
        pitch_energy(audio, start_s, end_s, new) / max(pitch_energy(true, start_s, end_s, new), 1e-9)
        for start_s, end_s, new, _ in changed
    ]
    return float(10 * np.log10(max(np.median(ratios), 1e-9))) if ratios else float("nan")


def moved_notes(before: LeadSheet, after: LeadSheet, track_id: str, clock: TimeMap) -> list[tuple]:
    """(pitch, new span, old span) in seconds of notes that moved: when only the new or only the old one sounds.

    Notes whose pitch class sounds in another track at that time are left out.
    """

    def spans(sheet: LeadSheet) -> set[tuple[int, float, float]]:
        return {
            (n.pitch, *(float(clock.to_audio(sheet.seconds_at(t))) for t in (n.start_ticks, n.end_ticks)))
            for n in sheet.tracks_by_id[track_id].notes
        }

    old, new = spans(before), spans(after)
    others = notes_of_others(after, track_id, clock)
    found = []
    for pitch, start_s, end_s in sorted(new - old):
        gone = [(a, b) for p, a, b in old - new if p == pitch and abs(a - start_s) < 2]
        if not gone:
            continue
        old_s = min(gone, key=lambda span: abs(span[0] - start_s))
        is_earlier = start_s < old_s[0]
        only_new = (start_s, min(old_s[0], end_s)) if is_earlier else (max(old_s[1], start_s), end_s)
        only_old = (max(end_s + RELEASE_S, old_s[0]), old_s[1]) if is_earlier else (old_s[0], min(start_s, old_s[1]))
        sounding = [(a, b) for a, b, p in others if (p - pitch) % 12 == 0]
        sounding += [(a, b) for p, a, b in new if (p - pitch) % 12 == 0 and (a, b) != (start_s, end_s)]
        hidden = any(a < stop and b + RELEASE_S > begin for a, b in sounding for begin, stop in (only_new, only_old))
        if not hidden and min(only_new[1] - only_new[0], only_old[1] - only_old[0]) > SHORTEST_S:
            found.append((pitch, only_new, only_old))
    return found


def rhythm_agreement(audio: np.ndarray, moved: Sequence[tuple]) -> list[bool]:
    """Of every moved note whether audio (n,) has more power at its pitch when only the new note sounds."""

    def power(pitch: int, start_s: float, stop_s: float) -> float:
        return pitch_energy(audio, start_s, stop_s, pitch) / (stop_s - start_s)

    return [power(pitch, *new) > power(pitch, *old) for pitch, new, old in moved]


def chroma_of(audio: np.ndarray) -> np.ndarray:
    """Constant-Q chroma (12,) of audio (n,)."""
    import librosa

    y = resample(audio.astype(np.float32), SAMPLE_RATE, ANALYSIS_RATE)
    return librosa.feature.chroma_cqt(y=y, sr=ANALYSIS_RATE, tuning=0.0).mean(1)


def written_chroma(sheet: LeadSheet, clock: TimeMap, start_s: float, stop_s: float) -> np.ndarray:
    """Seconds that each pitch class and its partials sound for on every track in a stretch, (12, tracks)."""
    chroma = np.zeros((12, len(sheet.tracks)))
    for number, track in enumerate(sheet.tracks):
        for note in () if track.is_drums else track.notes:
            begin_s, end_s = (float(clock.to_audio(sheet.seconds_at(t))) for t in (note.start_ticks, note.end_ticks))
            lasts_s = max(0.0, min(end_s, stop_s) - max(begin_s, start_s))
            for up, weight in CHROMA_PARTIALS:
                chroma[(note.pitch + up) % 12, number] += weight * lasts_s
    return chroma


def changed_harmony(before: LeadSheet, after: LeadSheet, clock: TimeMap, bars: range) -> list[tuple]:
    """(start_s, stop_s, new chroma, old chroma) of bars whose notes make another harmony."""
    found = []
    for bar in bars:
        edges_s = [float(clock.to_audio(after.seconds_at(after.bar_starts[bar + i]))) for i in (0, 1)]
        new, old = (written_chroma(sheet, clock, *edges_s) for sheet in (after, before))
        if new.any() and old.any() and np.corrcoef(new.sum(1), old.sum(1))[0, 1] < ANOTHER:
            found.append((*edges_s, new, old))
    return found


def harmony_agreement(audio: np.ndarray, changed: Sequence[tuple]) -> list[bool]:
    """Of every bar whether the new notes, each track as loud as fits, explain its chroma in audio (n,) better."""
    from scipy.optimize import nnls

    won = []
    for start_s, stop_s, new, old in changed:
        chroma_found = chroma_of(audio[round(start_s * SAMPLE_RATE) : round(stop_s * SAMPLE_RATE)])
        rests = [nnls(np.column_stack([chroma, np.ones(12)]), chroma_found)[1] for chroma in (new, old)]
        won.append(bool(rests[0] < rests[1]))
    return won


def transposition_of(old: np.ndarray, new: np.ndarray) -> int:
    """By how many semitones up, 0 to 11, the chroma of new (n,) is that of old (n,)."""
    chroma = chroma_of(old), chroma_of(new)
    return int(np.argmax([np.corrcoef(np.roll(chroma[0], k), chroma[1])[0, 1] for k in range(12)]))


def onset_envelope(audio: np.ndarray) -> np.ndarray:
    """Onset strength (f,) of audio (n,) without its mean."""
    import librosa

    y = resample(audio.astype(np.float32), SAMPLE_RATE, ANALYSIS_RATE)
    envelope = librosa.onset.onset_strength(y=y, sr=ANALYSIS_RATE, hop_length=256)
    return envelope - envelope.mean()


def stretch_of(old: np.ndarray, new: np.ndarray) -> float:
    """The factor by which the onsets of old (n,) lie further apart in new (n,), by their correlation."""
    before, after = onset_envelope(old), onset_envelope(new)
    frames_after = np.arange(len(after))
    factors = np.geomspace(0.6, 1.6, 141)

    def fit(factor: float) -> float:
        stretched = np.interp(frames_after / factor, np.arange(len(before)), before, right=0.0)
        stretched -= stretched.mean()
        return float(stretched @ after / max(np.linalg.norm(stretched), 1e-9))

    return float(max(factors, key=fit))


def tempo_agreement(audio: np.ndarray, quarter_s: float) -> bool:
    """Whether the tempo that librosa estimates of audio (n,) is right to 4 %, up to a factor of 2 or 3 (Acc2)."""
    import librosa

    y = resample(audio.astype(np.float32), SAMPLE_RATE, ANALYSIS_RATE)
    estimated_bpm = float(librosa.feature.tempo(y=y, sr=ANALYSIS_RATE, hop_length=128)[0])
    return bool(any(abs(estimated_bpm * quarter_s / 60 / factor - 1) < 0.04 for factor in (1, 2, 3, 1 / 2, 1 / 3)))


def log_mel(audio: np.ndarray) -> np.ndarray:
    """Log-mel spectrogram (f, k) of audio (n,) in decibels."""
    whole = audio[: len(audio) // 2048 * 2048].astype(np.float32)
    return LogMel()(torch.from_numpy(whole)[None])[0].numpy() * DECIBELS


def frames(start_s: float, stop_s: float) -> slice:
    """Frames of `log_mel` in a stretch."""
    return slice(*(max(0, round(s * SAMPLE_RATE / HOP_SAMPLES)) for s in (start_s, stop_s)))


def seam_ranks(old: np.ndarray, new: np.ndarray, spans: Sequence[InpaintSpan]) -> list[float]:
    """Percentile, among the natural jumps of old (f, k) around it, of the jump of new at each edge of each span."""
    ranks = []
    for edge_s in (edge_s for span in spans for edge_s in (span.start_s, span.stop_s)):
        jumps = np.abs(np.diff(old[frames(edge_s - AROUND_S, edge_s + AROUND_S)], axis=0)).mean(1)
        at = round(edge_s * SAMPLE_RATE / HOP_SAMPLES)
        near = np.abs(np.diff(new[max(0, at - 2) : at + 3], axis=0)).mean(1)
        if len(near) and len(jumps) > 8:
            # Four jumps lie about the seam, so it is compared with the largest of four natural ones.
            natural = np.lib.stride_tricks.sliding_window_view(jumps, 4).max(1)
            ranks.append(float(100 * (natural < near.max()).mean()))
    return ranks


def colour_distance_db(region: np.ndarray, old: np.ndarray, span: InpaintSpan) -> float:
    """How far the mean spectrum of a span (f, k) lies from that of the seconds around it in the old recording."""
    around = [old[frames(span.start_s - AROUND_S, span.start_s)], old[frames(span.stop_s, span.stop_s + AROUND_S)]]
    return float(np.abs(region[frames(span.start_s, span.stop_s)].mean(0) - np.concatenate(around).mean(0)).mean())
