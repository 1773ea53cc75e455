"""Training runs over a folder of pairs: the codec, and the DiT on the codec's latents."""

from pathlib import Path

import torch

from renderer.codec.score_codec import PcaEncoder
from renderer.hub import ScoreCodecModel, ScoreDiTModel
from renderer.training.clips import ScoreClip
from renderer.training.codec_task import CodecTask, load_clips
from renderer.training.dit_task import DiTTask
from scoretok.errors import ScoretokError
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StepReport, fit


def split_clips(data: Path, test: Path | None, with_audio: bool = True) -> tuple[list[ScoreClip], list[ScoreClip]]:
    """Training and held-out clips: of two folders, or of one by the names of its shards. Raises ScoretokError."""
    clips = load_clips(data, with_audio)
    if not clips:
        raise ScoretokError(f"{data} holds no pairs; make some with: scoretok train pairs")
    if test:
        kept = load_clips(test, with_audio)
        if not kept:
            raise ScoretokError(f"{test} holds no pairs")
        return clips, kept
    count = max(1, len(clips) // 20)
    if len(clips) < 2:
        raise ScoretokError(f"{data} holds one clip; training needs at least two, one of them to test on")
    return clips[count:], clips[:count]


def train_codec(
    data: Path,
    folder: Path,
    recipe: Recipe,
    test: Path | None = None,
    start: str | Path | None = None,
    report: StepReport = lambda step, figures: None,
    **config: object,
) -> dict[str, float]:
    """Train a codec on the clips of a folder, from `start` or from nothing; the last held-out figures."""
    torch.manual_seed(recipe.seed)
    task = CodecTask(*split_clips(data, test), recipe.batch, recipe.seed)
    codec = ScoreCodecModel.from_pretrained(start, dtype=torch.float32) if start else ScoreCodecModel(**config)
    if not start:
        task.prepare(codec)
    return fit(task, codec, folder, recipe, report)


def train_dit(
    data: Path,
    folder: Path,
    recipe: Recipe,
    codec: str | Path,
    test: Path | None = None,
    start: str | Path | None = None,
    report: StepReport = lambda step, figures: None,
    **config: object,
) -> dict[str, float]:
    """Train a DiT on the clips of a folder over the latents of a codec; the last held-out figures."""
    torch.manual_seed(recipe.seed)
    latent = ScoreCodecModel.from_pretrained(codec, dtype=torch.float32).latent
    if not isinstance(latent, PcaEncoder):
        raise ScoretokError(f"{codec} has trained latents; the DiT needs a codec with encoder 'pca'")
    task = DiTTask(latent.pca, *split_clips(data, test, with_audio=False), recipe.batch, recipe.seed)
    dit = ScoreDiTModel.from_pretrained(start, dtype=torch.float32) if start else ScoreDiTModel(**config)
    return fit(task, dit, folder, recipe, report)
