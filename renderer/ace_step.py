"""ACE-Step 1.5 as an engine, for people with a GPU: the lead sheet becomes caption, lyrics and a cover source.

The draft sound of the score is what the model covers, so notes, chords and tempo come from the score as far as the
model follows them; unlike the dit engine it promises nothing note by note, and makes the mix at once.

Axes: c channels (2), n samples.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from renderer.engine import render, split_blocks
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.parts import Key
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from diffusers.pipelines.ace_step.pipeline_ace_step import AceStepPipeline
    from diffusers.pipelines.pipeline_utils import AudioPipelineOutput

SECTION_TAGS = {"pre-chorus": "pre-chorus", "interlude": "instrumental", "solo": "instrumental"}
MAX_DURATION_S = 600  # what the model was trained on


class AceStepEngine:
    """Renders a whole song at 48 kHz through `diffusers.AceStepPipeline`."""

    def __init__(
        self,
        model: "str | AceStepPipeline | None" = None,
        steps: int | None = None,
        strength: float = 0.7,
        device: str | None = None,
        caption: str = "",
    ) -> None:
        """Load a pipeline by hub id or folder, or take one that is loaded.

        `strength` (0 to 1) is how closely the draft is covered. Raises ScoretokError.
        """
        require("diffusers", "ace-step", "the ace-step engine")
        require("transformers", "ace-step", "the ace-step engine")
        if model is None:
            raise ScoretokError("the ace-step engine needs --model: a folder or a hub id of ACE-Step 1.5 weights")
        self.pipeline = self._load(model, device) if isinstance(model, str) else model
        self.pipeline.set_progress_bar_config(disable=True)
        self.sample_rate = self.pipeline.sample_rate
        self.block_samples = self.sample_rate * 10
        self.steps, self.strength, self.caption = steps or 8, strength, caption

    @staticmethod
    def _load(model: str, device: str | None) -> "AceStepPipeline":
        import torch
        from diffusers.pipelines.ace_step.pipeline_ace_step import AceStepPipeline

        from scoretok.nn.device import device_of
        from scoretok.nn.weights import first_line

        where = device_of(device)
        dtype = torch.float32 if where == "cpu" else torch.bfloat16
        try:
            pipeline = AceStepPipeline.from_pretrained(model, dtype=dtype, use_safetensors=True)
        except Exception as error:
            raise ScoretokError(f"{model} cannot be loaded as ACE-Step: {first_line(error)}") from None
        return pipeline.to(where)

    def mix_blocks(self, sheet: LeadSheet, seed: int = 0, first_block: int = 0) -> Iterator[np.ndarray]:
        """Blocks (c, block_samples) of the whole song."""
        yield from split_blocks(self.cover(sheet, seed), self.block_samples, first_block)

    def cover(self, sheet: LeadSheet, seed: int = 0) -> np.ndarray:
        """The song as the model covers its draft, float32 of shape (c, n). Raises ScoretokError."""
        if sheet.duration_s > MAX_DURATION_S:
            raise ScoretokError(f"ACE-Step makes at most {MAX_DURATION_S // 60} minutes at a time; render fewer bars")
        return self._run(sheet, seed, "cover", self._draft(sheet), audio_cover_strength=self.strength)

    def repaint(self, sheet: LeadSheet, audio: np.ndarray, start_s: float, end_s: float, seed: int = 0) -> np.ndarray:
        """Audio (c, n) at `sample_rate` with the span between two times made anew, to the same length."""
        made = self._run(sheet, seed, "repaint", audio, repainting_start=start_s, repainting_end=end_s)
        span = slice(round(start_s * self.sample_rate), round(end_s * self.sample_rate))
        out = audio.copy()
        out[:, span] = made[:, span]
        return out

    def _draft(self, sheet: LeadSheet) -> np.ndarray:
        """The draft sound of the score at the model's rate, (c, n)."""
        from renderer.draft import DraftEngine

        return render(sheet, DraftEngine(sample_rate=self.sample_rate), keep_stems=False).mix

    def _run(self, sheet: LeadSheet, seed: int, task: str, source: np.ndarray, **options: float) -> np.ndarray:
        import torch

        # The pipeline draws the source's latents from the global generator.
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            result = self._call(sheet, seed, task, source, options)
        made = np.asarray(result.audios[0], np.float32)[:, : source.shape[1]]
        return np.pad(made, ((0, 0), (0, source.shape[1] - made.shape[1])))

    def _call(
        self, sheet: LeadSheet, seed: int, task: str, source: np.ndarray, options: dict[str, float]
    ) -> "AudioPipelineOutput":
        import torch

        turbo = self.pipeline.is_turbo
        key = sheet.keys[0] if sheet.keys else None
        return self.pipeline(
            prompt=caption_of(sheet, self.caption),
            lyrics=lyrics_of(sheet),
            bpm=round(sheet.tempos[0].bpm),
            keyscale=key_words(key) if key else None,
            timesignature=str(sheet.meters[0].numerator),
            audio_duration=source.shape[1] / self.sample_rate,
            task_type=task,
            src_audio=torch.from_numpy(source.astype(np.float32)),
            num_inference_steps=self.steps,
            guidance_scale=1.0 if turbo else 7.0,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
            **options,
        )


def key_words(key: Key) -> str:
    """A key as the model reads it: 'C major', 'F# minor'; modes count as the nearer of the two."""
    minor = key.mode in ("min", "dorian", "phrygian", "locrian")
    return f"{key.tonic_name} {'minor' if minor else 'major'}"


def caption_of(sheet: LeadSheet, more: str = "") -> str:
    """A caption of the instruments of a song: 'piano, bass, drums'."""
    midi = require("pretty_midi", "audio", "naming instruments")
    parts = [more] if more else []
    audible_tracks = (track for track in sheet.tracks if not track.muted)
    parts += ["drums" if track.is_drums else midi.program_to_instrument_name(track.program) for track in audible_tracks]
    return ", ".join(dict.fromkeys(part.lower() for part in parts))


def lyrics_of(sheet: LeadSheet) -> str:
    """The words under section tags, a line a bar; '[instrumental]' where nobody sings."""
    lines: list[str] = []
    starts = {section.bar: section.label for section in sheet.sections}
    sung = [note for track in sheet.tracks if track.role == "vocal" for note in track.notes if note.syllable]
    if not sung:
        return "[instrumental]"
    for bar in range(sheet.bar_count):
        if bar in starts:
            lines.append(f"[{SECTION_TAGS.get(starts[bar], starts[bar])}]")
        words = ""
        for note in sorted(note for note in sung if sheet.bar_at(note.start_ticks) == bar):
            assert note.syllable
            words += note.syllable.text + (" " if note.syllable.word_end else "")
        if words.strip():
            lines.append(words.strip())
    return "\n".join(lines)
