"""How many tokens the planner needs for a bar, beside the exact tokens of the score.

python -m benchmarks.planner_language --scores DIR
"""

import argparse
from pathlib import Path

from benchmarks.common import save, table
from planner.language import MAX_WINDOW_BARS
from planner.sequence import sequence
from planner.song import song_of, song_window
from scoretok import ScoretokError, read, tokenize
from scoretok.formats import MODULES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", required=True)
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    paths = [path for path in sorted(Path(arguments.scores).rglob("*")) if path.suffix.lower() in MODULES]
    songs = bars = exact = ours = 0
    for path in paths[:: max(1, len(paths) // arguments.count)]:
        try:
            sheet = read(path)
            song = song_of(sheet)
        except ScoretokError:
            continue
        songs += 1
        bars += sheet.bar_count
        exact += len(tokenize(sheet))
        for start in range(0, len(song), MAX_WINDOW_BARS):
            ours += len(sequence(song_window(song, range(start, min(len(song), start + MAX_WINDOW_BARS)))))
    rows: list[list[object]] = [
        ["the score's tokens, exact", exact / bars],
        ["the planner's", ours / bars],
    ]
    save("planner_language", [table(["tokens", "a bar"], rows, "{:.1f}")], [f"{bars} bars."], songs={"scores": songs})


if __name__ == "__main__":
    main()
