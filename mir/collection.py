"""A folder of recordings becomes a folder of scores: runs that go on where they stopped, and a report.

Each recording is transcribed by itself, so any number of processes or machines gives the same scores.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from mir.transcription import TranscriptionOptions, analyse_recording
from scoretok.audio import SUFFIXES
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.formats import write

REPORT = "report.jsonl"


@dataclass(frozen=True)
class ExtractionResult:
    """What became of a recording: an error in one sentence, or how long its stages took."""

    recording: str
    score: str
    error: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


def recordings(folder: str | Path) -> list[Path]:
    """The recordings below a folder, by name. Raises ScoretokError when there are none."""
    found = [path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in SUFFIXES]
    if not found:
        raise ScoretokError(f"{folder} holds no recordings; their names end with one of {', '.join(SUFFIXES)}")
    return found


def extract_one(recording: str, score: str, options: TranscriptionOptions) -> ExtractionResult:
    """Write the score of one recording; what goes wrong is said, not raised."""
    try:
        found = analyse_recording(recording, options)
        Path(score).parent.mkdir(parents=True, exist_ok=True)
        write(found.sheet, score)
    except ScoretokError as error:
        return ExtractionResult(recording, score, str(error))
    except Exception as error:  # one bad file of thousands costs a line, whatever is wrong with it
        return ExtractionResult(recording, score, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
    return ExtractionResult(recording, score, seconds={name: round(value, 3) for name, value in found.seconds.items()})


def extract_folder(
    waiting: Sequence[tuple[str, str]],
    out: str | Path,
    options: TranscriptionOptions,
    engine: str = "local",
    processes: int = 1,
) -> Iterator[ExtractionResult]:
    """Transcribe recordings that have no score yet (`pending_pairs`); yields what became of each, noted in the report.

    `engine` is local, or ray for a Ray cluster. Raises ScoretokError when the folder cannot be written to.
    """
    run = _on_ray if engine == "ray" else _locally
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
        Path(out, REPORT).touch()
    except OSError as error:
        raise ScoretokError(f"{out} cannot be written to: {error.strerror}; name another folder") from None
    with Path(out, REPORT).open("a", encoding="utf-8") as report:
        for outcome in run(waiting, options, processes):
            report.write(json.dumps(outcome.__dict__, ensure_ascii=False) + "\n")
            report.flush()
            yield outcome


def pending_pairs(
    paths: Sequence[Path], folder: str | Path, out: str | Path, suffix: str = ".lead"
) -> list[tuple[str, str]]:
    """Recordings that have no score yet, with the names of their scores.

    a.wav makes a.lead, and a.wav.lead where there is an a.mp3, too.
    """
    stems = Counter(path.with_suffix("") for path in paths)
    pairs = []
    for path in paths:
        ending = suffix if stems[path.with_suffix("")] == 1 else path.suffix + suffix
        pairs.append((str(path), Path(out, path.relative_to(folder).with_suffix(ending))))
    return [(recording, str(score)) for recording, score in pairs if not score.is_file()]


def _locally(
    pairs: Iterable[tuple[str, str]], options: TranscriptionOptions, processes: int
) -> Iterator[ExtractionResult]:
    """One after another, or in processes of their own."""
    if processes == 1:
        yield from (extract_one(*pair, options) for pair in pairs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(extract_one, *pair, options): pair for pair in pairs}
        for done in as_completed(jobs):
            fault = done.exception()
            yield _crashed(jobs[done], fault) if fault else done.result()


def _on_ray(pairs: Iterable[tuple[str, str]], options: TranscriptionOptions, _: int) -> Iterator[ExtractionResult]:
    """As many at a time as a Ray cluster has room for; paths must be reachable from its machines."""
    ray = require("ray", "ray", "extracting on a cluster")
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    task = ray.remote(extract_one)
    jobs = {task.remote(*pair, options): pair for pair in pairs}
    while jobs:
        (done,), _ = ray.wait(list(jobs))
        pair = jobs.pop(done)
        try:
            yield ray.get(done)
        except ray.exceptions.RayError as fault:
            yield _crashed(pair, fault)


def _crashed(pair: tuple[str, str], fault: BaseException) -> ExtractionResult:
    """The result for a recording whose worker process died."""
    return ExtractionResult(*pair, f"its process died ({type(fault).__name__}); memory may have run out")
