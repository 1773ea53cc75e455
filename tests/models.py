"""Small models with random weights, for tests of what every model promises."""

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from renderer.hub import ScoreCodecModel, ScoreDiTModel, ScoreToAudioPipeline, TimbreBankModel
from renderer.note_array import NoteArray

LATENT_DIMS = 16


def tiny_codec(**config):
    torch.manual_seed(0)
    return ScoreCodecModel(latent_dims=LATENT_DIMS, dim=16, layers=1, **config).eval()


def tiny_dit():
    torch.manual_seed(0)
    dit = ScoreDiTModel(latent_dims=LATENT_DIMS, dim=32, coarse_layers=1, flow_layers=1, heads=2, note_dim=16)
    torch.nn.init.normal_(dit.flow_out.weight, std=0.1)  # it starts at zero, which would hide the flow
    return dit.eval()


def tiny_pipeline():
    timbres = TimbreBankModel(LATENT_DIMS)
    return ScoreToAudioPipeline(tiny_codec(), tiny_dit(), timbres, FlowMatchEulerDiscreteScheduler())


def some_notes(count=12, seed=0, program=0, length_s=8.0):
    rng = np.random.default_rng(seed)
    start_s = np.sort(rng.uniform(0, length_s, count))
    end_s = start_s + rng.uniform(0.05, 1.0, count)
    return NoteArray(start_s, end_s, rng.integers(36, 84, count), rng.integers(30, 127, count), program)
