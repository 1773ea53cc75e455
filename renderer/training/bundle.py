"""Putting a codec, a DiT and default timbres together as the folder that `render --model` takes.

Axes: r reference frames, d latent dims, n samples.
"""

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from renderer.codec.mel import LATENT_SAMPLES
from renderer.codec.score_codec import ScoreCodec
from renderer.dit_engine import RENDERER_WEIGHTS
from renderer.hub import ScoreCodecModel, ScoreDiTModel, ScoreToAudioPipeline, TimbreBankModel
from renderer.note_array import DRUM_PROGRAM, PROGRAM_COUNT, NoteArray
from renderer.training import clip_augmentation
from renderer.training.soundfonts import SynthesisJob, general_midi, synthesise
from scoretok.errors import ScoretokError

# The phrase that default timbres are taken from: written by hand.
PHRASE_S = 6.0
LOW_PROGRAMS = (*range(32, 40), 43, 57, 58, 67, 70)
GROOVE = (36, 42, 38, 42, 36, 46, 38, 49)
MELODY = (0, 4, 7, 12, 9, 5, 2, 7)


def write_bundle(out: Path, dit: str | None, codec: str | None, soundfont: str | None) -> None:
    """Write a model folder, weights as half floats; parts that are not given are the ones that ship."""

    @cache
    def shipped() -> ScoreToAudioPipeline:
        return ScoreToAudioPipeline.from_pretrained(str(RENDERER_WEIGHTS), dtype=torch.float32)

    network = ScoreDiTModel.from_pretrained(run_folder(dit), dtype=torch.float32) if dit else shipped().dit
    coder = ScoreCodecModel.from_pretrained(run_folder(codec), dtype=torch.float32) if codec else shipped().codec
    timbres = default_timbres(coder, soundfont) if soundfont else shipped().timbres
    for part in (network, coder, timbres):
        part.half()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        ScoreToAudioPipeline(coder, network, timbres, FlowMatchEulerDiscreteScheduler()).save_pretrained(folder)
        make_shareable(Path(folder))
        Path(folder).chmod(0o755)
        shutil.copytree(folder, out, dirs_exist_ok=True)


def make_shareable(folder: Path) -> None:
    """Let what diffusers saved below a folder be read by all, and keep names of folders of this machine from them."""
    for path in folder.rglob("config.json"):
        config = json.loads(path.read_text())
        config.pop("_name_or_path", None)
        path.write_text(json.dumps(config, indent=2) + "\n")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)


def run_folder(path: str) -> Path:
    """The averaged weights of a training run, or the folder itself. Raises ScoretokError."""
    for folder in (Path(path, "ema"), Path(path)):
        if (folder / "config.json").is_file():
            return folder
    raise ScoretokError(f"{path} holds no trained weights")


@torch.no_grad()
def default_timbres(codec: ScoreCodec, soundfont: str) -> TimbreBankModel:
    """A phrase of every program of a General MIDI soundfont, at a usual loudness, as references."""
    bank = TimbreBankModel(codec.latent_dims)
    sounds = general_midi(soundfont)
    jobs = [
        SynthesisJob(phrase(program), sounds[program], PHRASE_S)
        for program in range(PROGRAM_COUNT)
        if program in sounds
    ]
    rng = np.random.default_rng(0)
    for job, stereo in zip(jobs, synthesise(jobs), strict=True):
        audio = clip_augmentation.set_level(stereo.mean(0), float(job.notes.velocity.mean()), rng, spread_db=0.0)
        if np.abs(audio).max() > 1e-3:
            stretch = audio[: bank.frames * LATENT_SAMPLES]
            bank.latents[job.notes.program] = codec.encode(torch.from_numpy(stretch)[None])[0]
            bank.known[job.notes.program] = 1
    return bank


def phrase(program: int) -> NoteArray:
    """A few notes in a program's usual register, or a groove for drums."""
    start_s = np.arange(8) * 0.36 + 0.02
    pitch = np.array(GROOVE if program == DRUM_PROGRAM else MELODY)
    if program != DRUM_PROGRAM:
        pitch = pitch + (36 if program in LOW_PROGRAMS else 60)
    return NoteArray(start_s, start_s + 0.34, pitch, np.full(8, 92), program)
