"""Analysers that know nothing of the model: is an edit heard, and do its seams stand out?

Axes: n samples, f frames.
"""

from pathlib import Path

import numpy as np
import soundfile
import torch

from editing.inpaint.clock import Clock
from renderer.audio_files import resample
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE, LogMel
from scoretok import LeadSheet
from scoretok.theory import QUALITY_BY_NAME

ANALYSIS_RATE = 22050
AROUND_S = 4.0


def notes_between(sheet: LeadSheet, track_id: str | None, clock: Clock, start_s: float, stop_s: float) -> list:
    """(start_s, end_s, pitch) of what is heard between two moments."""
    tracks = [t for i, t in zip(sheet.track_ids, sheet.tracks, strict=True) if track_id in (None, i)]
    found = []
    for track in tracks:
        for note in track.notes:
            begin, end = (float(clock.heard_at(sheet.seconds_at(t))) for t in (note.start_ticks, note.end_ticks))
            if start_s <= begin < stop_s:
                found.append((begin, end, note.pitch if not track.is_drums else None))
    return found


def pitch_energy(audio: np.ndarray, rate: int, start_s: float, end_s: float, pitch: int) -> float:
    """Energy about a pitch and its next two partials while a note sounds, of audio (n,)."""
    span = audio[round((start_s + 0.02) * rate) : round(max(end_s, start_s + 0.12) * rate)]
    if len(span) < 64:
        return 0.0
    spectrum = np.abs(np.fft.rfft(span * np.hanning(len(span)), 1 << 16)) ** 2
    semitones = 69 + 12 * np.log2(np.fft.rfftfreq(1 << 16, 1 / rate).clip(1) / 440)
    return float(sum(spectrum[np.abs(semitones - pitch - up) < 0.4].sum() for up in (0, 12, 19)))


def melody_agreement(
    audio: np.ndarray, rate: int, before: LeadSheet, after: LeadSheet, track_id: str, clock: Clock
) -> float:
    """Share of the changed notes of a track whose new pitch is louder than their old one."""
    old, new = (s.tracks[s.track_ids.index(track_id)].notes for s in (before, after))
    won = []
    for a, b in zip(old, new, strict=False):
        if a.pitch != b.pitch and a.start_ticks == b.start_ticks:
            begin, end = (float(clock.heard_at(after.seconds_at(t))) for t in (b.start_ticks, b.end_ticks))
            won.append(pitch_energy(audio, rate, begin, end, b.pitch) > pitch_energy(audio, rate, begin, end, a.pitch))
    return float(np.mean(won)) if won else float("nan")


def chroma_of(audio: np.ndarray, rate: int) -> np.ndarray:
    """Constant-Q chroma (12,) of audio (n,)."""
    import librosa

    y = resample(audio.astype(np.float32), rate, ANALYSIS_RATE)
    return librosa.feature.chroma_cqt(y=y, sr=ANALYSIS_RATE).mean(1)


def chord_agreement(
    audio: np.ndarray, rate: int, before: LeadSheet, after: LeadSheet, clock: Clock, first: int, stop: int
) -> float:
    """Share of bars whose chroma is nearer to the new chord than to the old one, where they differ."""
    won = []
    for bar in range(first, stop):
        old, new = (sheet.chord_at(sheet.bar_starts[bar]) for sheet in (before, after))
        if (
            old is None
            or new is None
            or None in (old.root, new.root)
            or (old.root, old.quality) == (new.root, new.quality)
        ):
            continue
        start_s, stop_s = (float(clock.heard_at(after.seconds_at(after.bar_starts[bar + i]))) for i in (0, 1))
        chroma = chroma_of(audio[round(start_s * rate) : round(stop_s * rate)], rate)
        fits = [np.mean([chroma[(c.root + i) % 12] for i in QUALITY_BY_NAME[c.quality].intervals]) for c in (old, new)]
        won.append(fits[1] > fits[0])
    return float(np.mean(won)) if won else float("nan")


def onset_f1(audio: np.ndarray, rate: int, sheet: LeadSheet, clock: Clock, start_s: float, stop_s: float) -> float:
    """F-measure of onsets (50 ms) that librosa hears in a span against those of the score."""
    import librosa
    from mir_eval.onset import f_measure

    y = resample(audio.astype(np.float32), rate, ANALYSIS_RATE)
    heard = librosa.onset.onset_detect(y=y, sr=ANALYSIS_RATE, hop_length=256, units="time")
    true = np.unique([note[0] for note in notes_between(sheet, None, clock, start_s, stop_s)])
    return float(f_measure(true, heard[(heard >= start_s - 0.05) & (heard < stop_s)])[0])


def key_of(audio: np.ndarray, rate: int) -> tuple[int, str]:
    """Tonic and mode by correlation of the chroma with the profiles of Krumhansl and Kessler (1982)."""
    major = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
    minor = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
    chroma = chroma_of(audio, rate)
    fits = {
        (tonic, mode): np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]
        for mode, profile in (("major", major), ("minor", minor))
        for tonic in range(12)
    }
    return max(fits, key=lambda key: fits[key])


def tempo_ratio(audio: np.ndarray, rate: int, sheet: LeadSheet, clock: Clock, start_s: float, stop_s: float) -> float:
    """1 where the tempo that librosa hears in a span is the score's to 4 %, or a multiple by 2 or 3 of it (Acc2)."""
    import librosa

    y = resample(audio[round(start_s * rate) : round(stop_s * rate)].astype(np.float32), rate, ANALYSIS_RATE)
    heard = float(librosa.feature.tempo(y=y, sr=ANALYSIS_RATE, hop_length=256)[0])
    bar = sheet.bar_at(round(sheet.ticks_at(0))) + 4
    quarter_s = float(
        np.diff(clock.heard_at(np.array([sheet.seconds_at(sheet.bar_starts[bar] + k * 24) for k in (0, 4)])))[0] / 4
    )
    true = 60 / quarter_s
    return float(any(abs(heard / (true * factor) - 1) < 0.04 for factor in (1, 2, 3, 0.5, 1 / 3)))


def seam_ranks(old: Path, new: Path, spans: list) -> list[float]:
    """Percentile, among the natural jumps around it, of the log-mel jump at each edge of each span."""
    rate = soundfile.info(old).samplerate
    ranks = []
    for span in spans:
        for edge_s in (span.start_s, span.stop_s):
            begin, end = (round(max(0.0, edge_s + side) * rate) for side in (-AROUND_S, AROUND_S))
            jumps = []
            for path in (old, new):
                audio = soundfile.read(path, start=begin, stop=end, always_2d=True)[0].mean(1).astype(np.float32)
                audio = audio if rate == SAMPLE_RATE else resample(audio, rate, SAMPLE_RATE)
                frames = LogMel()(torch.from_numpy(audio[: len(audio) // 2048 * 2048])[None])[0].numpy()
                jumps.append(np.abs(np.diff(frames, axis=0)).mean(1))
            at = round((edge_s - begin / rate) * SAMPLE_RATE / HOP_SAMPLES)
            near = jumps[1][max(0, at - 2) : at + 2]
            if len(near) and len(jumps[0]):
                # Four frames lie about the seam, so it is compared with the largest of four natural ones.
                natural = np.lib.stride_tricks.sliding_window_view(jumps[0], 4).max(1)
                ranks.append(float(100 * (natural < near.max()).mean()))
    return ranks
