"""Words that are known of a source, as what the model is told beside what it hears: given, recognised, or of a score.

Axes: n samples, f frames (86.13 Hz), p phones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mir.word_recognition import align_lyrics, recognise_words
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.singing.forced_alignment import PhoneDensities, PhoneTrack, align_phones
from renderer.singing.phone_features import phone_features
from renderer.singing.phone_set import StressedPhone, phones_of
from renderer.singing.singing_dit import SingingDiT
from renderer.voice.content import RATE, extract_content, frame_times_s
from renderer.voice.envelope import FRAME_S, loudness_of
from renderer.voice.f0 import Pitch, estimate_pitch
from renderer.voice.features import log_envelope, nominal_loudness
from renderer.voice.stream import WordTokens
from scoretok.audio import Recording, resample
from scoretok.errors import ScoretokError
from scoretok.lyrics import pronounce, with_phonemes
from scoretok.sheet import LeadSheet

# Set by hand; benchmarks.voice_words measures what comes out.
PAUSE_S, LONGEST_CHUNK_S, MARGIN_S = 0.4, 15.0, 0.3  # where words are parted for alignment, and what is seen around


class TimedWord(NamedTuple):
    """A word, about when it is sung, and its phonemes."""

    start_s: float
    end_s: float
    phonemes: tuple[str, ...]


@dataclass(frozen=True)
class KnownWords:
    """What gives words their times: `text` to be aligned, or the vocal track of a `score`, or neither: recognised."""

    text: str = ""
    score: LeadSheet | None = None
    language: str = ""

    def tokens(self, model: SingingDiT, samples: np.ndarray, start_s: float = 0.0) -> WordTokens:
        """What the model is told of the words of mono samples (n,) at 44.1 kHz, which begin at `start_s` of the song.
        Raises ScoretokError where none are found."""
        words = self.words(samples, start_s)
        if not words:
            raise ScoretokError("no words were found in the source; leave --lyrics out")
        return word_tokens(model, aligned(model, samples, words))

    def words(self, samples: np.ndarray, start_s: float = 0.0) -> list[TimedWord]:
        """The words of mono samples (n,) at 44.1 kHz, which begin at `start_s` of the song."""
        if self.score is not None:
            return words_of_score(self.score, start_s, start_s + len(samples) / SAMPLE_RATE)
        recording = Recording(samples[None].astype(np.float32), SAMPLE_RATE)
        heard = recognise_words(recording, language=self.language)
        found = align_lyrics(self.text, heard.words, recording.duration_s) if self.text else heard.words
        spoken = pronounce([word.text for word in found], self.language or heard.language or "en")
        return [TimedWord(w.start_s, w.end_s, p) for w, p in zip(found, spoken, strict=True) if p]


def words_of_score(sheet: LeadSheet, start_s: float, stop_s: float) -> list[TimedWord]:
    """The words of the first vocal track that has some, between two moments, in seconds from the first."""
    for track in with_phonemes(sheet).tracks:
        words: list[TimedWord] = []
        goes_on = False
        for note in track.notes if track.role == "vocal" else ():
            begin_s, end_s = sheet.seconds_at(note.start_ticks) - start_s, sheet.seconds_at(note.end_ticks) - start_s
            if note.syllable is None:
                words[-1:] = [word._replace(end_s=end_s) for word in words[-1:]]
                continue
            last = words.pop() if goes_on and words else TimedWord(begin_s, end_s, ())
            words.append(TimedWord(last.start_s, end_s, (*last.phonemes, *note.syllable.phonemes)))
            goes_on = not note.syllable.word_end
        inside = [word for word in words if word.phonemes and word.end_s > 0 and word.start_s < stop_s - start_s]
        if inside:
            return inside
    return []


def aligned(model: SingingDiT, samples: np.ndarray, words: Sequence[TimedWord]) -> PhoneTrack:
    """The phones of words with their times in mono samples (n,) at 44.1 kHz."""
    frames = len(samples) // HOP_SAMPLES
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    with torch.no_grad():
        content = model.content(torch.from_numpy(extract_content(at_16k, frame_times_s(frames)))).numpy()
    power = loudness_of(log_envelope(samples, estimate_pitch(at_16k, frames))[None])[0].numpy()
    densities = PhoneDensities(model.phone_means.numpy(), model.content_variance.numpy())
    tracks = []
    for chunk in chunks_of(words):
        first = max(0, round((chunk[0].start_s - MARGIN_S) / FRAME_S))
        stop = min(frames, round((chunk[-1].end_s + MARGIN_S) / FRAME_S))
        phones: list[StressedPhone] = []
        starts: list[bool] = []
        for word in chunk:
            found = phones_of(word.phonemes)
            phones += found
            starts += [number == 0 for number in range(len(found))]
        if phones and stop > first:
            loudness = power[first:stop] - nominal_loudness(power)
            track = align_phones(content[first:stop], loudness, phones, starts, densities)
            tracks.append(PhoneTrack(track.ids, track.stress, track.is_nucleus, track.spans_s + first * FRAME_S))
    if not tracks:
        raise ScoretokError("no words lie within the source; leave --lyrics out")
    names = ("ids", "stress", "is_nucleus", "spans_s")
    joined = PhoneTrack(*(np.concatenate([getattr(track, name) for track in tracks]) for name in names))
    return PhoneTrack(joined.ids, joined.stress, joined.is_nucleus, np.maximum.accumulate(joined.spans_s, 0))


def chunks_of(words: Sequence[TimedWord]) -> list[list[TimedWord]]:
    """Words in runs without long pauses, of some seconds at most."""
    chunks: list[list[TimedWord]] = [[]]
    for word in words:
        run = chunks[-1]
        if run and (word.start_s - run[-1].end_s > PAUSE_S or word.end_s - run[0].start_s > LONGEST_CHUNK_S):
            chunks.append([])
        chunks[-1].append(word)
    return [chunk for chunk in chunks if chunk]


def word_tokens(model: SingingDiT, track: PhoneTrack) -> WordTokens:
    """What the model's encoder adds to tokens from any frame on, for the pitch there."""

    @torch.no_grad()
    def tokens(first_frame: int, pitch: Pitch) -> Tensor:
        moved = track.spans_s - first_frame * FRAME_S
        features = phone_features(track.ids, moved, track.stress, track.is_nucleus, pitch.hz)
        added: Tensor = model.encoder(
            torch.from_numpy(features.ids)[None, : len(pitch) // 2 * 2],
            torch.from_numpy(features.numbers)[None, : len(pitch) // 2 * 2],
        ).added
        return added

    return tokens
