"""What training bought: the logs of the runs behind the weights of voice conversion.

python -m benchmarks.voice_training --runs RUNS/voice

Reads `log.jsonl` of `dit-run` and `decoder-run`, copies them to benchmarks/results and draws them.
"""

import argparse
import json
from pathlib import Path

from benchmarks.common import RESULTS, cell, save, table

PICTURE = Path("docs/images/voice-training.png")
RUNS = {
    "dit": ("held_out_coarse", "held_out_flow", "train_coarse"),
    "decoder": ("held_out_loss", "held_out_envelope_db"),
}


def main() -> None:
    from matplotlib.figure import Figure

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, help="a folder of runs; without it the copies in benchmarks/results")
    arguments = parser.parse_args()
    figure = Figure(figsize=(10, 3.5), layout="constrained")
    rows = []
    for axis, (part, names) in zip(figure.subplots(1, 2), RUNS.items(), strict=True):
        kept = RESULTS / f"training-voice-{part}.jsonl"
        if arguments.runs and (arguments.runs / f"{part}-run" / "log.jsonl").is_file():
            kept.write_text((arguments.runs / f"{part}-run" / "log.jsonl").read_text())
        log = [json.loads(line) for line in kept.read_text().splitlines()]
        for name in names:
            axis.plot([row["step"] for row in log], [row[name] for row in log], label=name.replace("_", " "))
        axis.set_title(part)
        axis.set_xlabel("step")
        axis.legend(fontsize=7)
        minutes = sum(row["seconds"] for row in log) / 60
        figures = cell("; ".join(f"{name} {{:.3f}}" for name in names), *(log[-1][name] for name in names))
        rows.append([part, log[-1]["step"], minutes, figures])
    figure.savefig(PICTURE, dpi=90)
    tables = [table(["part", "steps", "minutes", "figures at the end"], rows, ["", "", "{:.0f}"])]
    save("voice_training", tables, pictures={PICTURE.name: "figures over steps"})


if __name__ == "__main__":
    main()
