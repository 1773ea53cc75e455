"""What makes the sound of the studio: the model for instruments, the singer for vocal tracks, inpainting of recordings.

The server calls nothing else of the models' rooms to make sound, so that a stand-in with its methods is enough
to test it without weights.

Axes: n samples, mono, at 44.1 kHz.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from editing.inpainting.fill_spans import fill_span
from editing.inpainting.inpaint_file import with_consent
from editing.inpainting.job import prepare_job
from editing.inpainting.spans import InpaintSpan
from editing.inpainting.splice import Change
from editing.inpainting.sung_changes import changed_phrases, merge_ranges
from editing.inpainting.sung_tracks import WHOLE
from editing.studio.takes import TakeStore
from editing.voice.conversion import reference_voice
from editing.voice.convert_files import convert_voice
from editing.voice.singing_voice import named_voices
from renderer.dit_engine import DitEngine
from renderer.note_array import notes_of
from renderer.singing.phoneme_singer import SingerModels, load_singer
from renderer.singing.sung_engine import SungTracks
from renderer.singing.synthesis import samples_of
from renderer.voice.pretrained import load_models
from renderer.voice.profile import VoiceProfile, save_voice
from scoretok.audio import open_audio, write_changed
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from torch import Tensor

Advance = Callable[[float, str], None]


class TakeStems:
    """Takes laid over one another, as the track that an edit changes."""

    def __init__(self, store: TakeStore, take_ids: Sequence[str]) -> None:
        self.store, self.take_ids = store, take_ids

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The dry track from sample `start` to `stop`, (1, n)."""
        return self.store.read(self.take_ids, start, stop)[None]

    def to_model(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """Mono (n,): it is at the level of the model."""
        return stem[0]

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """The same, (1, n)."""
        return made[None]

    def reference(self, track_id: str, stem: np.ndarray) -> "tuple[Tensor, Tensor] | None":
        """The timbre of the instrument."""
        return None


class Engines:
    """The models that ship, loaded when they are first asked for."""

    def __init__(self, folder: str | Path, steps: int | None = None, language: str = "en") -> None:
        """`folder` is that of the project, in which files of voices lie that a score names."""
        self.folder, self.steps, self.language = Path(folder), steps, language
        self._voices: dict[str, VoiceProfile] = {}

    @property
    def block_samples(self) -> int:
        """How long the blocks of `render_blocks` are."""
        return self._dit.block_samples

    def render_blocks(self, sheet: LeadSheet, number: int, seed: int, first_block: int) -> Iterator[np.ndarray]:
        """A track that is played, block after block (n,) from one on, until its last sound has died away."""
        for block in self._dit.track_blocks(sheet, number, seed, first_block):
            yield block[0]

    def fill(self, sheet: LeadSheet, span: InpaintSpan, stems: TakeStems, seed: int) -> Change:
        """A span of a played track made anew in its context, as a change of it, (1, n)."""
        notes = notes_of(sheet, sheet.tracks_by_id[span.track_id])
        return fill_span(span, notes, stems, self._dit, seed)

    def sing(
        self, heard: LeadSheet, sheet: LeadSheet, number: int, seed: int, bars: Sequence[int]
    ) -> list[tuple[range, Callable[[], np.ndarray]]]:
        """The phrases of a vocal track that differ from those of `heard` or reach into some bars.

        Where each is heard, in samples, and what sings it, (n,).
        """
        sung = self._singers_of(sheet)
        old = sung.phrases(heard, number, seed) if heard.tracks[number].notes else []
        new = sung.phrases(sheet, number, seed)
        vocal = sung.sing(new, sheet, number)
        spans_s = [sheet.bar_span_s(range(bar, bar + 1)) for bar in bars]
        asked = [
            samples_of(phrase)
            for phrase in new
            if any(phrase.timed.start_s < stop_s and phrase.timed.end_s > start_s for start_s, stop_s in spans_s)
        ]
        spans = merge_ranges([*changed_phrases(old, new, WHOLE).spans, *asked])
        return [(span, partial(vocal.span, span.start, span.stop)) for span in spans]

    def inpaint(
        self, source: Path, before: LeadSheet, after: LeadSheet, output: Path, seed: int, consent: str, advance: Advance
    ) -> tuple[float, ...]:
        """Write a recording that plays `after` from one that plays `before`; when its bar lines are heard then.

        Raises ScoretokError where the recorded singer would sing other words or notes and nobody says that they agreed.
        """
        recording = open_audio(source)
        is_sung = any(track.role == "vocal" and track.notes for sheet in (before, after) for track in sheet.tracks)
        given: dict[str, Any] = {} if self.steps is None else {"steps": self.steps}
        job = prepare_job(recording, before, after, singers=self._singers_of(after) if is_sung else None, **given)
        if job.sings_in_recorded_voice and not consent.strip():
            raise ScoretokError(
                "the recorded singer's voice would sing other words or notes; say whose voice it is and that they"
                " agreed, or name another voice for the track"
            )
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            advance(min(1.0, done / max(1, len(job.spans))), "inpainting")

        made = job.run(seed, step)
        write_changed(with_consent(job, consent), output, made.samples)
        written_s = np.array([after.seconds_at(tick) for tick in after.bar_starts])
        return tuple(float(line_s) for line_s in job.time_map.to_audio(written_s))

    def convert(self, source: Path, voice: Path, output: Path, advance: Advance) -> None:
        """Write a recording whose voice is that of a file. Raises ScoretokError."""
        convert_voice(source, voice, output, separator="spleeter", progress=lambda stage, share: advance(share, stage))

    def enrol(self, source: Path, name: str, consent: str, output: Path) -> None:
        """Keep the voice of a recording in a small file. Raises ScoretokError."""
        models = load_models()
        save_voice(reference_voice(models, source, name, consent), output, models.digest)

    @cached_property
    def _dit(self) -> DitEngine:
        return DitEngine(steps=self.steps)

    @cached_property
    def _singer_models(self) -> SingerModels:
        return load_singer()

    def _singers_of(self, sheet: LeadSheet) -> SungTracks:
        voices = named_voices(sheet, self._singer_models, self.folder, self._voices)
        return SungTracks(self._singer_models, voices, frozenset(voices), language=self.language)
