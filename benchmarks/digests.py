"""Digests of what the commands write, to show that a change of the code changed nothing that is heard or read.

Run it before and after on one machine: `python -m benchmarks.digests --out before.json`, change the code, then
`python -m benchmarks.digests --against before.json`. Another machine, or another number of threads, may round
otherwise, so digests are no constants that a test could hold.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.common import corpus_files, hardware

EXAMPLES = Path(__file__).parent.parent / "examples"
SAINTS, GRACE, FOREIGN = (
    str(EXAMPLES / name)
    for name in ("when-the-saints.lead", "amazing-grace.lead", "freedom-for-your-shooting-skills.mid")
)
PROMPT = "laid-back bossa nova in A minor for flute, guitar, bass and drums, 8 bars"
SING = str(EXAMPLES / "sing.py")
SONGS = 50
# What each step writes: name, arguments of scoretok (or of Python, for the singer by rule), output.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("render-band.wav", ("render", SAINTS, "--bars", "1-4")),
    ("render-stereo.flac", ("render", GRACE, "--bars", "1-4", "--seed", "3", "--pan", "vocal=0.5")),
    ("render-reference.wav", ("render", SAINTS, "--bars", "5-6", "--reference", "piano=render-band.wav")),
    ("render-loud.wav", ("render", SAINTS, "--engine", "draft", "--loudness", "-14")),
    ("render-midi.wav", ("render", FOREIGN, "--engine", "draft")),
    ("render-whole.wav", ("render", GRACE)),
    ("edited.lead", ("edit", GRACE, "transpose +2 in bars 3-4 of piano")),
    ("inpaint-own.wav", ("inpaint", "render-whole.wav", "--before", GRACE, "--after", "edited.lead")),
    ("draft.wav", ("render", GRACE, "--engine", "draft")),
    ("inpaint-other.wav", ("inpaint", "draft.wav", "--before", GRACE, "--bars", "3-4", "--tracks", "piano")),
    ("part.wav", ("render", SAINTS, "--engine", "draft", "--bars", "1-12")),
    ("extract.lead", ("extract", "part.wav")),
    ("take.wav", (SING, GRACE, "--size", "1.15", "--bars", "1-4")),
    ("singer.wav", (SING, GRACE, "--size", "0.85", "--octave", "-1", "--bars", "5-8")),
    ("convert.wav", ("voice", "convert", "take.wav", "--to", "singer.wav")),
    ("convert-bars.wav", ("voice", "convert", "take.wav", "--to", "singer.wav", "--score", GRACE, "--bars", "2-2")),
    ("compose-prompt.lead", ("compose", "--prompt", PROMPT, "--seed", "3")),
    ("compose-chords.lead", ("compose", "--chords", "Am F C G", "--bars", "8", "--tracks", "piano bass drums")),
    ("plan.txt", ("plan", "--prompt", "upbeat funk in E, verse and chorus, 8 bars")),
    ("compose-plan.lead", ("compose", "--plan", "plan.txt", "--density", "bass=1-4", "--seed", "2")),
    ("infill.lead", ("infill", SAINTS, "--bars", "5-8", "--tracks", "piano", "--scale", "key")),
)


def digests(folder: Path, threads: int = 1) -> dict[str, str]:
    """SHA-256 of what every step wrote, and of the tokens of fifty songs; the error of a step that failed."""
    found = {}
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    for name, arguments in STEPS:
        if arguments[0] == SING:
            command = [sys.executable, SING, arguments[1], name, *arguments[2:]]
        else:
            verb = 2 if arguments[0] == "voice" else 1
            module = [sys.executable, "-m", "editing.cli", *arguments[:verb]]
            output = ("-o", name)
            command = [*module, *arguments[verb:], *output]
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        done = result.returncode == 0
        found[name] = _of(folder / name) if done else result.stderr.strip().splitlines()[-1][:200]
        print(f"{name}: {found[name]}", flush=True)
    return found | token_digests()


def token_digests() -> dict[str, str]:
    """SHA-256 of the token streams of fifty songs of music21's corpus."""
    import scoretok

    found: dict[str, str] = {}
    for path in corpus_files()[::7]:
        if len(found) == SONGS:
            break
        try:
            ids = scoretok.tokenize(scoretok.read(path))
        except scoretok.ScoretokError:
            continue
        found[f"tokens {path.name}"] = hashlib.sha256(json.dumps(list(map(int, ids))).encode()).hexdigest()[:16]
    return found


def _of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


@click.command()
@click.option("--out", metavar="FILE", help="Keep the digests here.")
@click.option("--against", metavar="FILE", help="Compare with these digests; exit status 1 where one differs.")
@click.option("--threads", default=1, show_default=True, help="OpenMP threads.")
@click.option("--keep", metavar="DIR", help="Leave what was written in this folder.")
def main(out: str | None, against: str | None, threads: int, keep: str | None) -> None:
    """Digest five renders, two inpaintings, an extraction, a conversion, compositions and fifty token streams."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        found = digests(folder, threads)
    if out:
        Path(out).write_text(json.dumps({"hardware": hardware(), "digests": found}, indent=1) + "\n")
    if against:
        before = json.loads(Path(against).read_text())["digests"]
        changed = [name for name in before if found.get(name) != before[name]]
        print(f"{len(before) - len(changed)} of {len(before)} as before", *changed, sep="\n")
        raise SystemExit(1 if changed else 0)


if __name__ == "__main__":
    main()
