"""Damaged inputs of every kind: none may end in anything but one sentence, hang, or take the machine's memory.

python -m benchmarks.fuzz [--count 20000] [--seed 0] [--only midi,abc] [--keep FOLDER]

Files are broken as benchmarks.mutations does it. A case fails when it raises anything but ScoretokError, takes more
than 10 seconds, or when its process grows beyond 2 GB.
"""

import argparse
import json
import multiprocessing
import random
import resource
import shutil
import signal
import struct
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import mutations
from benchmarks.common import cell, save, table
from scoretok import ScoretokError

ROOT = Path(__file__).parents[1]
LONGEST_S = 10
MOST_BYTES = 2 * 2**30
EXAMPLE = ROOT / "examples" / "when-the-saints.lead"
PLAN = "genre swing\ntempo 120\nmeter 4/4\nkey F major\ntracks piano.1 bass.1:32 drums\nverse 8\nchords F | Bb C7 | F\n"
PHRASES = (
    "transpose +2 in bars 9-12 of guitar", "remove drums in bar 5", 'chords "Am F C G" in bars 1-4', "key G minor",
    "copy in bars 1-4 to 9", "tempo x1.25 in bars 3-4", 'lyrics "A-ma-zing grace" in bars 5-6', "double time",
    "replace bass with drums", "quantise 1/16 strength 50 of piano", "humanise timing 2 seed 4",
    'add strings program 48 named "pad"',
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind: good ones, how they are broken, and what reads them."""

    good: Callable[[], list[bytes]]
    broken: Callable[[bytes, random.Random], bytes]
    use: Callable[[Path], object]
    suffix: str


def _written(suffix: str) -> Callable[[], list[bytes]]:
    """The example scores as files of a format."""

    def make() -> list[bytes]:
        import scoretok

        files = []
        with tempfile.TemporaryDirectory() as folder:
            for name in ("when-the-saints", "amazing-grace"):
                sheet = scoretok.slice_bars(scoretok.read(ROOT / "examples" / f"{name}.lead"), 0, 4)
                path = Path(folder, f"x{suffix}")
                scoretok.write(sheet, path)
                files.append(path.read_bytes())
        return files

    return make


def _read_score(path: Path) -> object:
    import scoretok

    return scoretok.read(path)


def _read_plan(path: Path) -> object:
    from planner.plan_text import parse_plan
    from scoretok.files import read_text

    return parse_plan(read_text(path))


def _apply_phrases(path: Path) -> object:
    import scoretok
    from editing import edit, read_script
    from scoretok.files import read_text

    return edit(scoretok.read(EXAMPLE), read_script(read_text(path)))


def _hear(path: Path) -> object:
    from scoretok.audio import read_recording

    return read_recording(path).loudness


def _read_voice(path: Path) -> object:
    from renderer.voice.pretrained import load_models
    from renderer.voice.profile import load_voice

    models = _once("voice", load_models)
    return load_voice(path, models.dit, models.digest)


def _load_voice_model(path: Path) -> object:
    """A voice model whose config is this file."""
    from renderer.voice.pretrained import VOICE_WEIGHTS, load_models

    folder = path.with_suffix(".model")
    for name in ("dit", "decoder"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for source in (VOICE_WEIGHTS / name).iterdir():
            copy = folder / name / source.name
            copy.unlink(missing_ok=True)
            copy.symlink_to(path if (name, source.name) == ("dit", "config.json") else source)
    return load_models(folder)


_KEPT: dict[str, object] = {}


def _once(name: str, make: Callable[[], object]):
    if name not in _KEPT:
        _KEPT[name] = make()
    return _KEPT[name]


def _sounds() -> list[bytes]:
    import soundfile

    rng = np.random.default_rng(0)
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("wav", "flac", "ogg", "mp3"):
            path = Path(folder, f"x.{suffix}")
            soundfile.write(path, rng.normal(0, 0.1, (22050, 2)), 22050)
            files.append(path.read_bytes())
    return files


def _voices() -> list[bytes]:
    from renderer.voice.pretrained import load_models
    from renderer.voice.profile import FORMAT

    digest = load_models().digest
    metadata = {
        "format": FORMAT,
        "weights": digest,
        "name": "x",
        "note": "",
        "range_hz": "[80, 200, 400]",
        "seconds": "9",
    }
    head = json.dumps(
        {"__metadata__": metadata, "conditioning": {"dtype": "F16", "shape": [1, 4, 2], "data_offsets": [0, 16]}}
    )
    return [struct.pack("<Q", len(head)) + head.encode() + bytes(16)]


def _configs() -> list[bytes]:
    return [(ROOT / "renderer" / "voice" / "weights" / "dit" / "config.json").read_bytes()]


KINDS = {
    "midi": Kind(_written(".mid"), mutations.of_midi, _read_score, ".mid"),
    "midi bytes": Kind(_written(".mid"), mutations.of_bytes, _read_score, ".mid"),
    "musicxml": Kind(_written(".musicxml"), mutations.of_xml, _read_score, ".musicxml"),
    "mxl": Kind(_written(".mxl"), mutations.of_mxl, _read_score, ".mxl"),
    "abc": Kind(_written(".abc"), mutations.of_text(mutations.of_words), _read_score, ".abc"),
    "lead": Kind(_written(".lead"), mutations.of_text(mutations.of_words), _read_score, ".lead"),
    "json": Kind(_written(".json"), mutations.of_text(mutations.of_json), _read_score, ".json"),
    "plan": Kind(lambda: [PLAN.encode()], mutations.of_text(mutations.of_words), _read_plan, ".plan"),
    "phrases": Kind(
        lambda: [one.encode() for one in PHRASES], mutations.of_text(mutations.of_words), _apply_phrases, ".txt"
    ),
    "audio": Kind(_sounds, mutations.of_bytes, _hear, ".wav"),
    "voice": Kind(_voices, mutations.of_bytes, _read_voice, ".voice"),
    "model": Kind(_configs, mutations.of_text(mutations.of_json), _load_voice_model, ".json"),
}


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"more than {LONGEST_S} s")


def attempt(kind: Kind, path: Path) -> str:
    """What a broken input led to: '' when it was read or refused in one sentence, else where it went wrong."""
    before = signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(LONGEST_S)
    try:
        kind.use(path)
    except ScoretokError as error:
        return "" if str(error) and "\n" not in str(error) else "no sentence"
    except MemoryError:
        return "MemoryError"
    except BaseException as error:  # a fault is whatever else comes
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return ""


def run_kind(name: str, count: int, seed: int, folder: Path) -> list[tuple[str, str]]:
    """Break inputs of a kind and use them; each fault with the file that shows it."""
    kind = KINDS[name]
    warnings.simplefilter("ignore")
    good = kind.good()
    faults = []
    for number in range(count):
        rng = random.Random(f"{name} {seed} {number}")
        path = folder / f"{name.replace(' ', '-')}-{seed}-{number}{kind.suffix}"
        path.write_bytes(kind.broken(rng.choice(good), rng))
        fault = attempt(kind, path)
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MOST_BYTES:
            fault = fault or "more than 2 GB"
        if fault:
            faults.append((fault, path.name))
        else:
            path.unlink()
            shutil.rmtree(path.with_suffix(".model"), ignore_errors=True)
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="broken inputs, over all kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds, with commas between")
    parser.add_argument("--keep", help="a folder that keeps the inputs that failed")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(KINDS)
    rows: list = []
    total: Counter[str] = Counter()
    context = multiprocessing.get_context("spawn")
    each = -(-arguments.count // len(names))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            start = time.monotonic()
            with ProcessPoolExecutor(1, context) as pool:  # a process of its own, so that its memory is its own
                try:
                    faults = pool.submit(run_kind, name, each, arguments.seed, folder).result()
                except BrokenProcessPool:
                    faults = [("the process died", max(folder.iterdir(), key=lambda path: path.stat().st_mtime).name)]
            for fault, file in faults:
                print(f"{name}: {fault} ({file})")
            total.update(fault for fault, _ in faults)
            rows.append([name, cell("{}", each), cell("{}", len(faults)), cell("{:.1f}", time.monotonic() - start)])
    save("fuzz", [table(["broken inputs", "tried", "faults", "seconds"], rows)])


if __name__ == "__main__":
    main()
