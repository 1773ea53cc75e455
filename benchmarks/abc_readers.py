"""ABC against an independent reader: the notes of music21's tune books as we and as abc2midi read them.

python -m benchmarks.abc_readers --abc2midi abc2midi [--tunes 2000]

Ornaments, grace notes and accompaniment are taken out of both first: abc2midi plays them, a score does not. A note
agrees when its pitch is the same and its onset lies within two ticks (of 24 a quarter): abc2midi strums chords. It also
plays no D.C. and D.S. that are written as words, which we do: such tunes are among those of another length.
"""

import argparse
import random
import re
import subprocess
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import symusic

from benchmarks.common import cell, corpus_tunes, save, table
from scoretok import ScoretokError
from scoretok.formats import abc

NEAR_TICKS = 2
ORNAMENT = re.compile(r"[~TuvHLMPS.]|\{[^}]*\}")
FIELD = re.compile(r"[A-Za-z]:(?!\|)|%")
QUOTED = re.compile(r'("[^"]*"|![^!]*!)')

Notes = list[tuple[int, int]]  # onset in ticks, pitch


def unornamented(text: str) -> str:
    """The tune without ornaments and grace notes, its chord symbols unplayed."""
    lines = [line if FIELD.match(line) else _plain(line) for line in text.rstrip().split("\n")]
    return re.sub(r"(?m)^(?=K:)", "%%MIDI gchordoff\n", "\n".join(lines), count=1) + "\n\n"


def _plain(line: str) -> str:
    parts = QUOTED.split(line)
    return "".join(part if part[:1] in ('"', "!") else ORNAMENT.sub("", part) for part in parts)


def ours(text: str) -> Notes:
    """Our notes in order. Raises ScoretokError for what we refuse."""
    return sorted((note.start_ticks, note.pitch) for track in abc.parse(text).tracks for note in track.notes)


def theirs(text: str, program: str, folder: Path) -> Notes | None:
    """abc2midi's notes in order; None when it writes no file."""
    source, target = folder / "tune.abc", folder / "tune.mid"
    source.write_text(text)
    target.unlink(missing_ok=True)
    subprocess.run([program, source, "-o", target, "-silent"], capture_output=True, timeout=60, check=False)
    if not target.exists():
        return None
    score = symusic.Score(target)
    scale = 24 / score.ticks_per_quarter
    return sorted((round(note.time * scale), note.pitch) for track in score.tracks for note in track.notes)


def agree(one: Notes, other: Notes) -> bool:
    """Whether both hold the same notes, each onset within NEAR_TICKS of its partner's."""
    if len(one) != len(other):
        return False
    by_pitch = [sorted(notes, key=lambda note: (note[1], note[0])) for notes in (one, other)]
    pairs = zip(*by_pitch, strict=True)
    return all(a[1] == b[1] and abs(a[0] - b[0]) <= NEAR_TICKS for a, b in pairs)


def verdict(text: str, program: str, folder: Path) -> str:
    """How the two readers compare on a tune."""
    try:
        mine = ours(text)
    except ScoretokError:
        return "refused by us"
    other = theirs(text, program, folder)
    if not other:
        return "refused by abc2midi"
    if agree(mine, other):
        return "equal"
    if [pitch for _, pitch in mine] == [pitch for _, pitch in other]:
        return "same pitches, other onsets"
    return "other length" if len(mine) != len(other) else "other pitches"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--abc2midi", default="abc2midi", help="the program (Debian package abcmidi)")
    parser.add_argument("--tunes", type=int, help="how many tunes, drawn at random (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="name the tunes that are not equal")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = list(corpus_tunes())
    if arguments.tunes:
        chosen = random.Random(arguments.seed).sample(chosen, min(arguments.tunes, len(chosen)))
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in chosen:
            found = verdict(unornamented(text), arguments.abc2midi, Path(folder))
            counts[found] += 1
            if arguments.list and found != "equal":
                print(f"{name}: {found}")
    rows = [
        [kind, cell("{} of {} ({:.2f} %)", n, len(chosen), 100 * n / len(chosen))] for kind, n in counts.most_common()
    ]
    save("abc_readers", [table(["notes of music21's ABC tunes, ours and abc2midi's", "tunes"], rows)])


if __name__ == "__main__":
    main()
