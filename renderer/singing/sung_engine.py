"""An engine whose vocal tracks are sung, and whose other tracks are played by another engine."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from renderer.codec.mel import SAMPLE_RATE
from renderer.control_curves import bend_curve, gain_curve
from renderer.engine import Engine
from renderer.singing.phoneme_singer import PhonemeSinger, SingerModels, load_singer
from renderer.singing.phrase_frames import DrawnPitch, PhraseFrames, frames_of_phrase
from renderer.singing.rule_singer import RuleSinger
from renderer.singing.synthesis import Singer, sing_phrase
from renderer.singing.vocal_phrases import AudioTime, vocal_phrases
from renderer.singing.vocal_track import VocalTrack
from renderer.singing.voices import fitting_voice, shipped_voice
from renderer.voice.envelope import FRAME_S
from renderer.voice.profile import VoiceProfile
from renderer.voice.voice_dit import STEPS
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.lyrics import with_phonemes_if_possible
from scoretok.parts import Track
from scoretok.sheet import LeadSheet

MODEL, RULE = "model", "rule"
SILENT_GAIN = 1e-3  # softer is not sung: 60 dB below the usual


@dataclass
class SungTracks:
    """Sings the vocal tracks of scores.

    `voices` are profiles by track id; those in `named` are of the files that the score names. A track without one is
    sung by the voice that ships that it names, or by the one that fits. `singer` is "model", or "rule", which stretches
    what a text-to-speech voice says.
    """

    models: SingerModels = field(default_factory=load_singer)
    voices: Mapping[str, VoiceProfile] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    singer: str = MODEL
    steps: int = STEPS
    language: str = "en"
    drawn: Mapping[str, DrawnPitch] = field(default_factory=dict)
    _singers: dict[str, Singer] = field(default_factory=dict)

    def phrases(self, sheet: LeadSheet, track: int, seed: int = 0, to_audio_s: AudioTime = float) -> list[PhraseFrames]:
        """The phrases of a vocal track as they will be sung; `seed` makes other takes, `to_audio_s` maps time."""
        track_id = sheet.track_ids[track]
        spoken = with_phonemes_if_possible(sheet.with_tracks([sheet.tracks[track]]), self.language).tracks[0]
        warn_of_chords(spoken, track_id)
        phrases = [
            frames_of_phrase(phrase, spoken.singing, self.drawn.get(track_id), _voice_number(track_id, seed))
            for phrase in vocal_phrases(sheet, spoken, to_audio_s)
        ]
        return list(_performed(phrases, sheet, spoken, to_audio_s)) if spoken.controls else phrases

    def track(self, sheet: LeadSheet, track: int, seed: int = 0) -> VocalTrack:
        """A vocal track, ready to be sung."""
        return self.sing(self.phrases(sheet, track, seed), sheet, track)

    def sing(self, phrases: Sequence[PhraseFrames], sheet: LeadSheet, track: int) -> VocalTrack:
        """Some phrases of a vocal track, ready to be sung."""
        singer = self._singer_of(sheet, track)
        return VocalTrack(phrases, lambda frames: sing_phrase(singer, self.models.decoder, frames))

    def voice_of(self, sheet: LeadSheet, track: int) -> VoiceProfile:
        """The voice that sings a track."""
        track_id, part = sheet.track_ids[track], sheet.tracks[track]
        return self.voices.get(track_id) or shipped_voice(part.singing.voice or fitting_voice(part), self.models.dit)

    def provenance(self, sheet: LeadSheet) -> dict[str, object]:
        """Who sings a score, so that the same is sung again: singer, weights, language, a digest of each voice."""
        vocals = [number for number, track in enumerate(sheet.tracks) if track.role == "vocal" and track.notes]
        voices = {} if self.singer == RULE else {sheet.track_ids[n]: _digest(self.voice_of(sheet, n)) for n in vocals}
        said = {"singer": self.singer, "weights": self.models.digest, "language": self.language, "steps": self.steps}
        return said | {"voices": voices}

    def _singer_of(self, sheet: LeadSheet, track: int) -> Singer:
        if self.singer == RULE:
            return self._singers.setdefault(RULE, RuleSinger())
        return PhonemeSinger(self.models.dit, self.voice_of(sheet, track), self.steps)


class SungEngine:
    """An engine that sings vocal tracks, and plays the others by `instruments`."""

    def __init__(self, instruments: Engine, sung: SungTracks) -> None:
        if instruments.sample_rate != SAMPLE_RATE:
            raise ScoretokError(f"vocal tracks are sung at {SAMPLE_RATE} Hz, the engine plays at another rate")
        self.instruments, self.sung = instruments, sung
        self.sample_rate, self.block_samples = instruments.sample_rate, instruments.block_samples

    def track_blocks(self, sheet: LeadSheet, track: int, seed: int, first_block: int) -> Iterator[np.ndarray]:
        """Blocks (c, block_samples) of one track; a block is the same whichever were made before it."""
        if sheet.tracks[track].role != "vocal":
            yield from self.instruments.track_blocks(sheet, track, seed, first_block)
            return
        size, vocal = self.block_samples, self.sung.track(sheet, track, seed)
        for number in range(first_block, -(-vocal.end_sample // size)):
            yield vocal.span(number * size, (number + 1) * size)[None]


def _performed(
    phrases: Sequence[PhraseFrames], sheet: LeadSheet, track: Track, to_audio_s: AudioTime
) -> Iterator[PhraseFrames]:
    """Phrases as the bends and the loudness curves of their track have them."""

    def heard_s(times_s: np.ndarray) -> np.ndarray:
        return np.array([float(to_audio_s(time_s)) for time_s in times_s])

    bend, gain = bend_curve(sheet, track), gain_curve(sheet, track)
    bend, gain = bend and bend.warped(heard_s), gain and gain.warped(heard_s)
    for frames in phrases:
        times_s = frames.start_s + np.arange(len(frames)) * FRAME_S
        pitch, dynamics = frames.pitch, frames.dynamics
        if bend is not None:
            pitch = replace(pitch, hz=pitch.hz * 2 ** (bend.at(times_s) / 1200))
        if gain is not None:
            dynamics = dynamics + 2 * np.log(np.maximum(gain.smooth_at(times_s), SILENT_GAIN))
        yield replace(frames, pitch=pitch, dynamics=dynamics)


def warn_of_chords(track: Track, track_id: str) -> None:
    """Warn where one singer is given several notes at once."""
    starts = [note.start_ticks for note in track.notes]
    chords = len(starts) - len(set(starts))
    if chords:
        warnings.warn(
            f"{track_id} has {chords} note{'s' * (chords > 1)} below others that begin with them; one singer sings the"
            " top notes: put the others on a vocal track of their own",
            ScoretokWarning,
            stacklevel=2,
        )


def _digest(voice: VoiceProfile) -> str:
    """A short digest of what a voice sounds like."""
    parts = (voice.conditioning, voice.norm_envelope, voice.timbre, voice.speaker_transform)
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()[:12]


def _voice_number(track_id: str, seed: int) -> int:
    """What tells singers of the same part, and takes of one, apart."""
    number = int(track_id.rpartition(".")[2])
    return number + 1000 * seed
