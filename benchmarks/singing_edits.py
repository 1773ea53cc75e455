"""What random edits of words and notes change of a sung track: whole phrases, and not one sample elsewhere.

python -m benchmarks.singing_edits

Each of a hundred edits of random verses: other words, other notes, or a louder bar; sung before and after by the model.
"""

import argparse

import numpy as np
import torch

from benchmarks.common import save, table
from benchmarks.singing_verses import TONICS, VERSES, verse
from editing import edit
from editing.inpainting.sung_changes import changed_phrases
from editing.inpainting.sung_tracks import WHOLE
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.sung_engine import SungTracks
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

EDITS = 100
WORDS = ("mor-ning light", "o-ver the hill", "ne-ver a-gain", "sing to me", "cold wa-ter", "la la la")


def random_edit(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet | None:
    """The score after one random edit of one or two bars; None where there is nothing to edit."""
    first = int(rng.integers(1, sheet.bar_count))
    bars = f"in bars {first}-{min(sheet.bar_count, first + int(rng.integers(0, 2)))}"
    phrase = str(rng.choice([f'lyrics "{rng.choice(WORDS)}" {bars}', f"transpose {rng.integers(-3, 4):+d} {bars}"]))
    try:
        return edit(sheet, [f"{phrase} of vocal"])
    except ScoretokError:
        return None


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    sung, rng = SungTracks(), np.random.default_rng(0)
    outside = changed_s = whole_s = 0.0
    done = 0
    while done < EDITS:
        sheet = verse(int(rng.integers(len(VERSES))), TONICS["middle"][0])
        after = random_edit(sheet, rng)
        if after is None or after == sheet:
            continue
        old, new = sung.track(sheet, 0), sung.track(after, 0)
        stop = max(old.end_sample, new.end_sample)
        differs = old.span(0, stop) != new.span(0, stop)
        spans = changed_phrases(old.phrases, new.phrases, WHOLE).spans
        inside = np.zeros(stop, bool)
        for span in spans:
            inside[span.start : span.stop] = True
        outside += int((differs & ~inside).sum())
        changed_s += inside.sum() / SAMPLE_RATE
        whole_s += stop / SAMPLE_RATE
        done += 1
        print(done, f"{inside.sum() / SAMPLE_RATE:.1f} s of {stop / SAMPLE_RATE:.1f} s", flush=True)
    rows = [[EDITS, outside, 0, changed_s / whole_s]]
    heads = [
        "edits",
        "samples that differ outside the phrases that changed",
        "goal",
        "share of the song that is sung anew",
    ]
    note = "Other words or notes in one or two bars of verses of four lines, 20 to 30 s long."
    save("singing_edits", [table(heads, rows, ["", "{:.0f}", "", "{:.0%}"])], [note])


if __name__ == "__main__":
    main()
