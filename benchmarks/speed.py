"""Speed, side by side with MidiTok's REMI in one run, and tokens a bar.

python -m benchmarks.speed --pop909 PATH
"""

import argparse
import subprocess
import sys
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter

import miditok
import numpy as np
import symusic

import scoretok
from benchmarks.common import cell, pop909_files, save, table
from renderer import render
from renderer.draft import DraftEngine
from scoretok.encode import encode
from scoretok.formats.midi import score_from_sheet, sheet_from_score
from scoretok.grammar import Grammar
from scoretok.vocabulary import KIND_OF

EXAMPLES = Path(__file__).parent.parent / "examples"


def seconds(function, repeats: int = 3) -> float:
    """The best of a few runs."""
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        function()
        times.append(perf_counter() - begin)
    return min(times)


def remi() -> miditok.REMI:
    """REMI with the same grid and velocities, programs, tempos and time signatures."""
    return miditok.REMI(
        miditok.TokenizerConfig(
            use_programs=True, use_time_signatures=True, use_tempos=True, beat_res={(0, 64): 24}, num_velocities=127
        )
    )


def against_remi(files: list[Path]) -> tuple[list[list[object]], list[list[object]]]:
    """Tokens a second both ways from symusic Scores, and tokens a bar of both."""
    other = remi()
    times = {"ours in": 0.0, "remi in": 0.0, "ours out": 0.0, "remi out": 0.0}
    counts = {"ours": 0, "remi": 0}
    bars, kinds, notes = 0, dict.fromkeys(dict.fromkeys(KIND_OF), 0), 0
    for path in files:
        score = symusic.Score(path)
        sheet = sheet_from_score(score)[0]
        ids = encode(sheet)
        tokens = other.encode(score)
        times["ours in"] += seconds(lambda score=score: encode(sheet_from_score(score)[0]))
        times["remi in"] += seconds(lambda score=score: other.encode(score))
        times["ours out"] += seconds(lambda ids=ids: score_from_sheet(scoretok.detokenize(ids)))
        times["remi out"] += seconds(lambda tokens=tokens: other.decode(miditok.TokSequence(ids=list(tokens.ids))))
        counts["ours"] += len(ids)
        counts["remi"] += len(tokens.ids)
        bars += sheet.bar_count
        notes += sheet.note_count
        for token in ids:
            kinds[KIND_OF[token]] += 1
    rate = {name: counts[name.split()[0]] / spent for name, spent in times.items()}
    speed = []
    for title, key in (("MIDI to tokens", "in"), ("tokens to MIDI", "out")):
        mine, theirs = f"ours {key}", f"remi {key}"
        tokens, songs = rate[mine] / rate[theirs], times[theirs] / times[mine]
        speed.append([f"{title}, tokens a second", rate[mine], rate[theirs], tokens, songs])
    said = {
        "chords": ("Chord", "Bass"),
        "sections, key, meter, tempo": ("Section", "Key", "Meter", "Tempo", "TempoFraction"),
        "which track plays": ("Track",),
        "positions": ("Position",),
        "velocities": ("Velocity",),
        "pitches and drums": ("Pitch", "Drum"),
        "lengths": ("Duration", "Long"),
        "bar lines": ("Bar",),
    }
    cost: list[list[object]] = [
        ["all tokens, scoretok", counts["ours"] / bars],
        ["all tokens, REMI", counts["remi"] / bars],
        ["notes", notes / bars],
    ]
    cost += [[what, sum(kinds[kind] for kind in group) / bars] for what, group in said.items()]
    return speed, cost


def mask_times(sheet: scoretok.LeadSheet) -> tuple[float, float]:
    """Median and 99th percentile microseconds of a legal-token mask along a score."""
    grammar, times = Grammar(), []
    state = grammar.start()
    for token in encode(sheet):
        begin = perf_counter()
        grammar.mask(state)
        times.append(perf_counter() - begin)
        state.advance(token)
    return 1e6 * median(times), 1e6 * float(np.percentile(times, 99))


def four_minutes() -> scoretok.LeadSheet:
    """The band example, repeated until it lasts four minutes."""
    from editing import edit

    sheet = scoretok.read(EXAMPLES / "when-the-saints.lead")
    times = -(-240 // int(sheet.duration_s))
    return edit(sheet, [f"repeat x{times} in bars 1-{sheet.bar_count}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pop909", help="folder or zip file of the POP909 MIDI files")
    parser.add_argument("--files", type=int, default=60, help="how many POP909 files")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    files = pop909_files(arguments.pop909)
    files = files[:: max(len(files) // arguments.files, 1)][: arguments.files] or sorted(EXAMPLES.glob("*.mid"))
    speed, cost = against_remi(files)
    band = four_minutes()
    path = Path("/tmp/scoretok-band.mid")
    score = score_from_sheet(band)
    score.markers = []  # as no one prepared it: chords and key are inferred
    path.write_bytes(score.dumps_midi())
    whole = seconds(lambda: encode(sheet_from_score(symusic.Score(path))[0]), 7)
    engine = DraftEngine()
    audio = seconds(lambda: render(band, engine))
    middle, worst = mask_times(band)
    command = [sys.executable, "-m", "editing.cli", "--help"]
    start = seconds(lambda: subprocess.run(command, capture_output=True, check=True), 7)
    rows: list[list[object]] = [
        ["legal-token mask", cell("{:.1f} µs (99th percentile {:.1f})", middle, worst), "20 µs"],
        [
            f"{band.duration_s / 60:.1f}-minute band score ({band.note_count:,} notes), MIDI file to tokens",
            cell("{:.0f} ms", 1e3 * whole),
            "100 ms",
        ],
        ["draft audio with mix and stems", cell("{:.0f} x real time", band.duration_s / audio), "50 x"],
        ["scoretok --help", cell("{:.0f} ms", 1e3 * start), "500 ms"],
    ]
    heads = ["side by side", "scoretok", "REMI", "ratio of tokens a second", "ratio of files a second"]
    tables = [
        table(heads, speed, ["", "{:,.0f}", "{:,.0f}", "{:.2f}", "{:.2f}"]),
        table(["what", "measured", "goal"], rows),
        table(["a bar has", "on average"], cost, "{:.2f}"),
    ]
    note = f"{len(files)} files of POP909." if arguments.pop909 else "The MIDI example."
    save("speed", tables, [note], songs={"pop909": len(files)})


if __name__ == "__main__":
    main()
