"""Piano transcription by transkun.

Axes: c channels, n samples.
"""

import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from mir.estimates import NoteEstimate
from scoretok.audio import Recording
from scoretok.extras import check_installed, require

TRANSKUN = "--no-deps transkun==2.0.1"  # it asks for much that only its training needs


def piano_notes(recording: Recording) -> dict[str, list[NoteEstimate]]:
    """The notes of a piano (Yan and Duan, "Scoring time intervals using non-hierarchical transformer", 2024).

    Takes about twice as long as the recording. Raises ScoretokError when transkun is missing.
    """
    check_installed("transkun", TRANSKUN, "--notes transkun")
    torch = require("torch", "mir", "hearing a piano")
    module = require("transkun.ModelTransformer", "mir", "hearing a piano")
    folder = Path(str(module.__file__)).parent / "pretrained"
    config = module.Config()
    vars(config).update(json.loads((folder / "2.0.conf").read_text())["Model"]["config"])
    # It asks torchaudio, which needs the libraries of a GPU, for a filter bank that its weights hold anyway.
    filters = SimpleNamespace(melscale_fbanks=lambda n_freqs, n_mels, **_: torch.zeros(n_freqs, n_mels))
    with patch.dict(sys.modules, torchaudio=SimpleNamespace(functional=filters)):
        model = module.TransKun(conf=config)
    kept = torch.load(folder / "2.0.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(kept.get("best_state_dict", kept.get("state_dict")), strict=False)
    samples = torch.from_numpy(np.ascontiguousarray(recording.samples.T))  # (n, c), at the 44,100 Hz that it expects
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = model.eval().transcribe(samples)
    found = [
        NoteEstimate(float(event.start), float(event.end), int(event.pitch), int(np.clip(event.velocity, 1, 127)), 1.0)
        for event in events
        if event.pitch > 0  # what is below are pedals
    ]
    return {"piano": sorted(found)} if found else {}
