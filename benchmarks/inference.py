"""How often inferred chords and keys agree with the annotations of POP909.

python -m benchmarks.inference --pop909 PATH
"""

import argparse
import warnings
from pathlib import Path

import scoretok
from benchmarks.common import cell, pop909_files, save, table
from scoretok.harmony import parse_chord, parse_key
from scoretok.infer import infer_key, note_arrays


def read_chords(path: Path) -> list[tuple[float, float, scoretok.Chord | None]]:
    """(start_s, end_s, chord) lines; None where the annotation is not a chord that is known here."""
    chords = []
    for line in path.read_text().splitlines():
        start, end, text = line.split()
        try:
            chords.append((float(start), float(end), parse_chord(text)))
        except scoretok.ScoretokError:
            chords.append((float(start), float(end), None))
    return chords


def family(chord: scoretok.Chord | None) -> tuple[int | None, bool] | None:
    """Root, and whether the third is minor."""
    if chord is None:
        return None
    third = chord.root is not None and (chord.root + 3) % 12 in chord.pitch_classes
    return chord.root, third


def agreement(sheet: scoretok.LeadSheet, path: Path) -> tuple[float, float, float]:
    """Seconds where roots agree, where root and third agree, and all annotated seconds with a chord."""
    root = both = total = 0.0
    step = 0.1
    for start, end, truth in read_chords(path):
        if truth is None or truth.root is None:
            continue
        for number in range(int((end - start) / step)):
            tick = int(sheet.ticks_at(start + (number + 0.5) * step))
            guess = sheet.chord_at(tick)
            total += step
            root += step * (guess is not None and guess.root == truth.root)
            both += step * (family(guess) == family(truth))
    return root, both, total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pop909", help="folder or zip file of POP909")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    sums = [0.0, 0.0, 0.0]
    keys = tried = 0
    files = pop909_files(arguments.pop909)
    for path in files:
        sheet = scoretok.read(path)
        for i, value in enumerate(agreement(sheet, path.with_name("chord_midi.txt"))):
            sums[i] += value
        truth = path.with_name("key_audio.txt").read_text().splitlines()
        if len(truth) == 1:
            key = parse_key(truth[0].split()[2])
            tried += 1
            guess = infer_key(note_arrays(sheet))
            keys += (key.tonic, key.mode) == (guess.tonic, guess.mode)
    rows: list[list[object]] = [["POP909", "not measured: no --pop909"]]
    if sums[2]:
        rows = [
            ["chord root agrees", cell("{:.1f} % of the time", 100 * sums[0] / sums[2])],
            ["chord root and third agree", cell("{:.1f} % of the time", 100 * sums[1] / sums[2])],
            ["key agrees, songs in one key", cell("{} of {}", keys, tried)],
        ]
    heads = ["inferred from notes", "against POP909's (algorithmic) annotations"]
    save("inference", [table(heads, rows)], songs={"pop909": len(files)})


if __name__ == "__main__":
    main()
