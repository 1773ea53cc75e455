"""The draft engine: a soundfont, played at hundreds of times real time."""

from pathlib import Path

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.formats.midi import score_from_sheet
from scoretok.parts import Track
from scoretok.sheet import LeadSheet

VOICE_PROGRAMS = frozenset((52, 53, 54, 85, 91))
DEFAULT_VOICE = 53


def default_soundfont() -> Path:
    """The soundfont that pretty_midi ships (TimGM6mb, GPL-2). Raises ScoretokError when it is missing."""
    package = require("pretty_midi", "audio", "the draft sound")
    path = Path(str(package.__file__)).with_name("TimGM6mb.sf2")
    if not path.is_file():
        raise ScoretokError("the soundfont of pretty_midi is missing; name one with --soundfont FILE.sf2")
    return path


class DraftEngine:
    """Plays each track with its General MIDI program, vocal tracks with a voice-like one."""

    def __init__(self, soundfont: str | Path | None = None, sample_rate: int = 44100) -> None:
        """Load a soundfont (.sf2 or .sf3). Raises ScoretokError when it cannot be read."""
        import symusic

        self.sample_rate = sample_rate
        path = Path(soundfont) if soundfont else default_soundfont()
        if not path.is_file() or path.read_bytes()[:4] != b"RIFF":
            raise ScoretokError(f"{path} is not a soundfont; name a file that ends with .sf2 or .sf3")
        try:
            self._synthesizer = symusic.Synthesizer(sf_path=str(path), sample_rate=sample_rate)
        except (RuntimeError, ValueError, OSError) as error:
            raise ScoretokError(f"{path} is not a soundfont that can be played: {error}") from None

    def render_track(self, sheet: LeadSheet, track: int, seed: int = 0) -> np.ndarray:
        """Samples of one track, float32 of shape (2, n); `seed` changes nothing here."""
        played = sounding(sheet.tracks[track])
        score = score_from_sheet(sheet.with_tracks([played]))
        samples = np.asarray(self._synthesizer.render(score, stereo=True), np.float32)
        return samples.reshape(2, -1)


def sounding(track: Track) -> Track:
    """The track as the soundfont plays it: vocals by a voice-like program."""
    if track.role == "vocal" and track.program not in VOICE_PROGRAMS:
        return Track(track.role, track.notes, DEFAULT_VOICE, track.name, track.muted)
    return track
