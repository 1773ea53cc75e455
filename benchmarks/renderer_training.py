"""What training bought: the logs of the runs behind the shipped weights and of the designs they were chosen from.

python -m benchmarks.renderer_training --runs checkpoints

Reads `log.jsonl` of every run of `scoretok train` in a folder, copies them to benchmarks/results and draws them.
"""

import argparse
import json
from pathlib import Path

from benchmarks.common import RESULTS, cell, save, table

PICTURE = Path("docs/images/render-training.png")
RUNS = {
    "dit": "DiT, as shipped",
    "dit-short": "DiT, the same from random weights",
    "dit-small": "DiT, 128 wide instead of 256, from random weights",
    "codec": "codec, exciter head on principal components, as shipped",
    "codec-pca-exciter": "codec, exciter head on principal components",
    "codec-pca-phase": "codec, phase predicted (Vocos head) on principal components",
    "codec-conv-exciter": "codec, exciter head on a trained encoder",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", help="folder of runs; without it the copies in benchmarks/results are read")
    arguments = parser.parse_args()
    logs = {}
    for name in RUNS:
        kept = RESULTS / f"training-{name}.jsonl"
        if arguments.runs and Path(arguments.runs, name, "log.jsonl").is_file():
            kept.write_text(Path(arguments.runs, name, "log.jsonl").read_text())
        if kept.is_file():
            logs[name] = [json.loads(line) for line in kept.read_text().splitlines()]
    rows = []
    for name, log in logs.items():
        last = log[-1]
        losses = {key[9:]: last[key] for key in sorted(last) if key.startswith("held_out")}
        held_out = cell("; ".join(f"{key} {{:.3f}}" for key in losses), *losses.values())
        rows.append([RUNS[name], last["step"], held_out])
    draw(logs)
    tables = [table(["run", "steps", "held-out losses at the end"], rows)]
    save("renderer_training", tables, pictures={PICTURE.name: "held-out loss over steps"})


def draw(logs: dict[str, list[dict]]) -> None:
    """Held-out losses over steps, the DiT's and the codec's."""
    from matplotlib.figure import Figure

    panels = (
        ("held_out_mel", "dit"),
        ("held_out_flow", "dit"),
        ("held_out_mel", "codec"),
        ("held_out_spectral", "codec"),
    )
    figure = Figure(figsize=(10, 6), layout="constrained")
    for axis, (key, kind) in zip(figure.subplots(2, 2).flat, panels, strict=True):
        for name, log in logs.items():
            if name.startswith(kind):
                axis.plot([row["step"] for row in log], [row[key] for row in log], label=RUNS[name])
        axis.set_title(f"{kind}: {key}", fontsize=9)
        axis.legend(fontsize=6)
        axis.set_xlabel("step")
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
