"""How fast the planner composes on two cores, and what it takes.

python -m benchmarks.planner_speed [--model DIR]
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch

from benchmarks.common import cell, save, table
from planner.cell_mask import CellState
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.note_writer import write_notes
from planner.plan_writer import write_plan
from planner.request import BarRequest, Request
from planner.sequence import known_tokens
from planner.song import Part, Song
from planner.token_sampling import TokenSampling, TokenWriter

BAND = (Part("lead.1", 73), Part("guitar.1", 25), Part("piano.1", 0), Part("bass.1", 33), Part("drums.1", 0))
BARS, RUNS, TOKENS = 32, 5, 400
LOAD = """import time
began = time.perf_counter()
from planner.checkpoint import load_model
load_model({})
print(time.perf_counter() - began)"""


class Watch:
    """Seconds and calls of a function, not counting those from within itself."""

    def __init__(self, function: Callable) -> None:
        self.function, self.seconds, self.calls, self.is_inside = function, 0.0, 0, False

    def __get__(self, owner: object, kind: type) -> Callable:
        def watched(*arguments: object) -> object:
            if self.is_inside:
                return self.function(owner, *arguments)
            self.is_inside, began = True, time.perf_counter()
            found = self.function(owner, *arguments)
            self.is_inside, self.seconds = False, self.seconds + time.perf_counter() - began
            self.calls += 1
            return found

        return watched


def compose_once(model: object, seed: int) -> tuple[float, float, int]:
    """Seconds until all is written and until the first bar is, and how many tokens were drawn."""
    writer = TokenWriter(model, TokenSampling(seed=seed))
    song = Song(BAND, (), {}, (4, 4), "A:min", 110.0, "pop")
    request = Request(song, (BarRequest(),) * BARS)
    began = time.perf_counter()
    bars: list[float] = []
    write_notes(writer, request, write_plan(writer, request), None, lambda *_: bars.append(time.perf_counter()))
    return time.perf_counter() - began, bars[0] - began, writer.drawn


def read_seconds(sizes: list[tuple[int, int]], dtype: torch.dtype) -> float:
    """Seconds that torch's products of matrices (out, in) and vectors take, each matrix read from memory once."""
    copies = 1 + 200_000_000 // sum(2 * rows * columns for rows, columns in sizes)  # more than any cache holds
    matrices = [[torch.randn(size).to(dtype) for size in sizes] for _ in range(copies)]
    vectors = {columns: torch.randn(columns).to(dtype) for _, columns in sizes}
    with torch.inference_mode():
        began = time.perf_counter()
        for group in matrices:
            for matrix in group:
                torch.mv(matrix, vectors[matrix.shape[1]])
        return (time.perf_counter() - began) / copies


def busy_core() -> None:
    """Keep one core busy until killed."""
    while True:
        pass


def plain(folder: str, prefix: list[int]) -> float:
    """Tokens a second that `generate` of transformers draws with the same weights, unconstrained."""
    from transformers import LlamaForCausalLM

    theirs = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([prefix])
    options = {"do_sample": True, "top_p": 0.95, "pad_token_id": 0, "eos_token_id": None}
    with torch.inference_mode():
        theirs.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, **options)
        began = time.perf_counter()
        out = theirs.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=TOKENS, min_new_tokens=TOKENS, **options
        )
    return (out.shape[1] - len(prefix)) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    arguments = parser.parse_args()
    loads = [
        float(subprocess.check_output([sys.executable, "-c", LOAD.format(repr(arguments.model))])) for _ in range(RUNS)
    ]
    model = load_model(arguments.model)
    compose_once(model, 100)
    watch = Watch(CellState.mask)
    CellState.mask = watch  # type: ignore[method-assign, assignment]
    ours = [compose_once(model, seed) for seed in range(RUNS)]
    other = get_context("spawn").Process(target=busy_core, daemon=True)
    other.start()
    busy = [compose_once(model, seed) for seed in range(RUNS)]
    other.kill()
    config = model.config
    d, inside = config.hidden_size, config.intermediate_size
    sizes = [(3 * d, d), (d, d), (2 * inside, d), (d, inside)] * config.num_hidden_layers + [(config.vocab_size, d)]
    single, half = (read_seconds(sizes, dtype) for dtype in (torch.float32, torch.float16))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    song = Song(BAND, (), {}, (4, 4), "A:min", 110.0, "pop")
    request = Request(song, (BarRequest(),) * BARS)
    planned = write_plan(TokenWriter(model, TokenSampling()), request)
    theirs = plain(arguments.model, known_tokens(planned, frozenset()))
    mine = median(tokens / seconds for seconds, _, tokens in ours)
    rows: list[list[object]] = [
        [f"{BARS} bars of {len(BAND)} tracks, s", cell("{:.1f}", median(one[0] for one in ours)), "under 15"],
        ["first bar after load, s (the plan of all bars comes before it)",
         cell("{:.2f}", median(one[1] for one in ours)), "under 1.5"],
        ["... while another process has one of the two cores", cell("{:.1f} and {:.2f}", median(one[0] for one in busy),
         median(one[1] for one in busy)), "under 15 and 1.5"],
        ["tokens a second that products with single floats from memory allow", cell("{:.0f} (ours: {:.2f} of it)",
         1 / single, mine * single), "0.7 of it"],
        ["... with half floats", cell("{:.0f} (ours: {:.2f} of it)", 1 / half, mine * half), "0.7 of it"],
        ["tokens a second, with all rules", cell("{:.0f}", mine), ""],
        ["... of transformers' generate, without any", cell("{:.0f} (ours: {:.1f} times)", theirs, mine / theirs), ""],
        ["a mask of the notes, microseconds", cell("{:.0f}", 1e6 * watch.seconds / watch.calls), "microseconds"],
        ["load, with the import of torch, s", cell("{:.1f}", median(loads)), "under 2"],
        ["memory at most, MB", cell("{:.0f}", peak), "under 1000"],
    ]  # fmt: skip
    size = (Path(arguments.model) / "model.safetensors").stat().st_size / 1e6
    tokens = median(one[2] for one in ours)
    note = cell("Medians of {}; {:.0f} tokens a song; weights of {:.1f} MB.", RUNS, tokens, size)
    save("planner_speed", [table(["", "measured", "goal"], rows)], [note])


if __name__ == "__main__":
    main()
