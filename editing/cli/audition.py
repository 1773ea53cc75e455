"""Listening to what was composed before it is rendered well, and reading why a melody is as it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from editing.cli.common import say
from editing.cli.render import make_folder, write_render

if TYPE_CHECKING:
    from planner.note_writer import MelodyChoice
    from scoretok.sheet import LeadSheet

MOST_TERMS = 5  # that are printed of a choice, the largest


def write_audition(sheets: "Sequence[LeadSheet]", folder_name: str, seed: int, quiet: bool) -> None:
    """A draft of every score as `variant-N.wav`, and in `variants.txt` what sets them apart."""
    from planner.variant_differences import differences
    from renderer import load_engine
    from scoretok.files import write_text

    folder = make_folder(folder_name)
    lines = []
    for number, (sheet, line) in enumerate(zip(sheets, differences(sheets), strict=True), 1):
        path = folder / f"variant-{number}.wav"
        write_render(sheet, load_engine("draft"), {}, seed, (0, None), path, None, "", quiet)
        lines.append(f"{path.name}: {line}")
        if not quiet:
            say(str(folder / lines[-1]))
    write_text("\n".join(lines) + "\n", folder / "variants.txt")


def print_choices(choices: "Sequence[MelodyChoice]") -> None:
    """Weights, then a line for every bar of melody: the scores of its candidates, and what spoke most for the best."""
    from planner.melody_score import LIKELIHOOD_WEIGHT, STRESS_WEIGHT
    from planner.melody_weights import WEIGHTS

    say(f"weights: likelihood {LIKELIHOOD_WEIGHT:g} a nat, stress {STRESS_WEIGHT:g}; of a standard deviation and its "
        "square: " + ", ".join(f"{name} {one:+.2f} {two:+.2f}" for name, (one, two) in WEIGHTS.items()))  # fmt: skip
    for choice in choices:
        largest = sorted(choice.terms.items(), key=lambda term: -abs(term[1]))[:MOST_TERMS]
        scores = ", ".join(f"{score:.2f}" for score in sorted(choice.scores, reverse=True))
        why = ", ".join(f"{name} {value:+.2f}" for name, value in largest)
        say(f"bar {choice.bar + 1} of {choice.track}: the best of {scores}; {why}")
