"""How often chords stand on every degree of a key: the tables of mir/key.py, counted in songs of one key.

python -m benchmarks.ears_keys --data BILLBOARD.jsonl.gz --data OPENEWLD.jsonl.gz --data POP909.jsonl.gz
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from mir.key import class_of
from planner.records import read_records
from scoretok import ScoretokError
from scoretok.harmony import parse_key, try_chord

SMOOTHING = 0.02  # of all time, spread evenly over the table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", type=Path, required=True)
    given = parser.parse_args()
    tables, songs = np.zeros((2, 12, 3)), Counter()
    for path in given.data:
        for record in read_records(path):
            if len(record.get("key") or ()) != 1 or not record.get("chords"):
                continue
            try:
                key = parse_key(record["key"][0][1])
            except ScoretokError:
                continue
            if key.mode not in ("maj", "min"):
                continue
            time = np.zeros((12, 3))
            stops = [tick for tick, _ in record["chords"][1:]] + [record["end"]]
            for (start, symbol), stop in zip(record["chords"], stops, strict=True):
                chord = try_chord(symbol)
                if chord is not None and chord.root is not None:
                    time[(chord.root - key.tonic) % 12, class_of(chord)] += stop - start
            if time.sum():
                tables[int(key.is_minor)] += time / time.sum()
                songs[key.mode] += 1
    print(dict(songs))
    for mode, table in zip(("maj", "min"), tables, strict=True):
        share = (table / table.sum() + SMOOTHING / 36) / (1 + SMOOTHING)
        print(mode, np.round(100 * share, 1).tolist())


if __name__ == "__main__":
    main()
