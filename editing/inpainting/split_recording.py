"""A recording told apart into the tracks of its score, and a rest; together they are the recording again.

The voice is taken out by a separator, what is left is told apart by the score as inpainting does it.

Axes: c channels, n samples, s tracks.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from editing.inpainting.align import align
from editing.inpainting.score_informed import CHUNK_SAMPLES, SeparatedStems
from editing.voice.in_mix import voice_in
from mir.separation import fading_blocks
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit_engine import DitEngine
from scoretok.audio import AudioFile, check_memory, resample
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

VOICE, REST = "vocal", "rest"
FADE_SAMPLES = SAMPLE_RATE // 2  # chunks fade into one another
STEP = 2.0**-23  # stems are multiples of it, so that floats add up without an error
BUFFERS = 4  # floats that are held at once for every sample of every track


@dataclass(frozen=True)
class SplitRecording:
    """The tracks of a recording, (c, n) each at its rate, by id; `vocal` is the voice, `rest` what no track plays.

    They add up to the recording: exactly where it is stored in 24 bits or fewer, elsewhere to the last of 24 bits.
    """

    stems: dict[str, np.ndarray]

    def without(self, track_ids: Collection[str]) -> np.ndarray:
        """The recording without some tracks, (c, n)."""
        return np.asarray(sum(stem for name, stem in self.stems.items() if name not in track_ids))


def split_recording(
    recording: AudioFile,
    sheet: LeadSheet,
    engine: DitEngine,
    separator: str = "spleeter",
    advance: Callable[[float], None] = lambda share: None,
) -> SplitRecording:
    """Tell a recording apart by its score. Raises ScoretokError when it is not its score, or plays nothing.

    All vocal tracks are one stem, by `separator`: spleeter, or the name or folder of a Demucs model.
    """
    sounding = [track for track in sheet.tracks if track.notes and not track.muted]
    if not sounding:
        raise ScoretokError("the score has no notes that could be told apart")
    total = round(recording.duration_s * SAMPLE_RATE)
    check_memory(total * recording.channels * 4 * (len(sounding) + BUFFERS), "the stems", "cut the recording first")
    mix = recording.read_at(SAMPLE_RATE, 0, total).astype(np.float32)
    found: dict[str, np.ndarray] = {}
    if any(track.role == "vocal" for track in sounding):
        found[VOICE] = voice_in(mix, separator)[:, :total].astype(np.float32)
        mix -= found[VOICE]
    if any(track.role != "vocal" for track in sounding):
        time_map = align(recording, sheet).time_map
        played = sheet.with_tracks([replace(t, muted=t.muted or t.role == "vocal") for t in sheet.tracks])
        band = replace(recording, sample_rate=SAMPLE_RATE, n_samples=total, format="WAV", subtype="FLOAT", decoded=mix)
        found |= _tracks_of(SeparatedStems(band, played, time_map, engine), total, advance)
    return _adding_up(recording, found)


def _tracks_of(stems: SeparatedStems, total: int, advance: Callable[[float], None]) -> dict[str, np.ndarray]:
    """The tracks of a whole recording, chunk by chunk, which fade into one another."""
    names = list(stems.players)
    made = np.zeros((len(names), stems.recording.channels, total), np.float32)
    for start, stop, gains in fading_blocks(total, CHUNK_SAMPLES - FADE_SAMPLES, FADE_SAMPLES):
        made[..., start:stop] += stems.read_tracks(names, start, stop) * gains
        advance(stop / total)
    return dict(zip(names, made, strict=True))


def _adding_up(recording: AudioFile, found: dict[str, np.ndarray]) -> SplitRecording:
    """Stems at the rate of the recording, with the rest that they leave of it."""
    rest = recording.read(0, recording.n_samples)
    stems = {}
    for name, stem in found.items():
        there = resample(stem, SAMPLE_RATE, recording.sample_rate)[:, : recording.n_samples]
        there = np.pad(there, ((0, 0), (0, recording.n_samples - there.shape[1])))
        stems[name] = STEP * np.round(there.astype(np.float64) / STEP)
        rest -= stems[name]
    return SplitRecording({**stems, REST: rest})
