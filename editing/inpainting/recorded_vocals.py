"""The voice of a recording that was not sung by us: taken out of the mix, and the singer enrolled from it.

Axes: c channels, n samples at 44.1 kHz.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from editing.inpainting.splice import FADE_S
from editing.inpainting.time_map import TimeMap
from editing.voice.conversion import LONGEST_REFERENCE_S, reference_features
from editing.voice.in_mix import voice_in
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.phrase_frames import PhraseFrames
from renderer.singing.sung_engine import RULE, SungTracks
from renderer.voice.profile import enrol_voice
from scoretok.audio import AudioFile, check_memory
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

TAIL_S = 0.15  # how long a phrase of a recording rings after its last note; set by hand
MEASURED_PHRASES = 3  # that are sung again to find how loud the singer is; set by hand
LEAST_RMS = 1e-4
BUFFERS = 12  # floats that are held at once for every sample of the recording


class RecordedVocals:
    """The voice of a recording, by a separator of voices; and singers who sing in that voice."""

    def __init__(self, recording: AudioFile, before: LeadSheet, singers: SungTracks, time_map: TimeMap) -> None:
        self.vocal_ids = [name for name, track in before.tracks_by_id.items() if track.role == "vocal" and track.notes]
        self.recording, self.before, self.time_map = recording, before, time_map
        self._own: list[str] = []
        self.singers = self._in_recorded_voice(singers)

    @property
    def own_voice_ids(self) -> list[str]:
        """The vocal track that the recorded singer sings, unless another voice is named for it."""
        return self._own

    @cached_property
    def vocals(self) -> np.ndarray:
        """The voice of the whole recording, (c, n)."""
        n_samples = round(self.recording.duration_s * SAMPLE_RATE)
        check_memory(n_samples * self.recording.channels * 4 * BUFFERS, "the recording", "cut it first")
        mix = self.recording.read_at(SAMPLE_RATE, 0, n_samples).astype(np.float32)
        return voice_in(mix, "spleeter")[:, :n_samples]

    def _in_recorded_voice(self, singers: SungTracks) -> SungTracks:
        """Singers with the recorded voice for every vocal track that is given none."""
        missing = [name for name in self.vocal_ids if name not in singers.voices]
        if not missing or singers.singer == RULE:
            return singers
        if len(self.vocal_ids) > 1:
            raise ScoretokError(
                f"the recording has {len(self.vocal_ids)} vocal tracks, whose voices cannot be told apart; name who"
                " sings with --voice"
            )
        phrases = self._phrases(singers, missing[0])
        start = round(max(0.0, phrases[0].timed.start_s) * SAMPLE_RATE) if phrases else 0
        heard = self.vocals[:, start : start + LONGEST_REFERENCE_S * SAMPLE_RATE].mean(0)
        features = reference_features([heard], f"the voice of {self.recording.path.name}", self.recording.sample_rate)
        voice = enrol_voice(singers.models.dit, features, f"the singer of {self.recording.path.name}")
        self._own = missing
        return replace(singers, voices={**singers.voices, missing[0]: voice})

    def _phrases(self, singers: SungTracks, track_id: str) -> list[PhraseFrames]:
        return singers.phrases(self.before, self.before.track_ids.index(track_id), -1, self.time_map.to_audio)

    @cached_property
    def gain(self) -> np.ndarray:
        """How much louder each channel of the recorded voice is than what the model sings, (c, 1)."""
        track_id = self.vocal_ids[0]
        phrases = self._phrases(self.singers, track_id)[:MEASURED_PHRASES]
        track = self.singers.sing(phrases, self.before, self.before.track_ids.index(track_id))
        spans = [(round(p.timed.start_s * SAMPLE_RATE), round(p.timed.end_s * SAMPLE_RATE)) for p in phrases]
        heard = np.concatenate([self.vocals[:, max(0, a) : b] for a, b in spans], 1)
        sung = np.concatenate([track.span(max(0, a), b) for a, b in spans])
        levels: np.ndarray = np.sqrt((heard**2).mean(1, keepdims=True))
        return levels / max(float(np.sqrt((sung**2).mean())), LEAST_RMS)

    def read(self, track_id: str, stale: Sequence[PhraseFrames], start: int, stop: int) -> np.ndarray:
        """The recorded voice where stale phrases are sung, (c, n)."""
        times_s = np.arange(start, stop) / SAMPLE_RATE
        gains = np.zeros(stop - start)
        for phrase in stale:
            rise = np.clip((times_s - phrase.timed.begin_s) / FADE_S + 1, 0, 1)
            gains = np.maximum(gains, np.minimum(rise, np.clip((phrase.timed.end_s + TAIL_S - times_s) / FADE_S, 0, 1)))
        out = np.zeros((self.vocals.shape[0], stop - start))
        inside = self.vocals[:, max(0, start) : max(0, stop)]
        out[:, max(0, -start) : max(0, -start) + inside.shape[1]] = inside
        return out * gains

    def placed(self, track_id: str, sung: np.ndarray, start: int) -> np.ndarray:
        """Where the voice sits in the recording, as loud as it is there."""
        return sung[None] * self.gain
