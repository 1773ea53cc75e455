"""Inpainting from file to file: the audio of an edited score, with every sample outside the edit as it was."""

import json
from dataclasses import replace
from pathlib import Path

from editing.inpainting.fill_spans import InpaintResult
from editing.inpainting.job import InpaintJob, prepare_job
from scoretok.audio import AudioFile, check_output_of, open_audio, write_changed
from scoretok.audio.comments import CONVERTED
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

SHORTEST_S = 0.1


def inpaint(
    source: str | Path, before: LeadSheet, after: LeadSheet, output: str | Path, seed: int = 0, **options: object
) -> InpaintResult:
    """Write audio that plays `after` from audio that plays `before`. Raises ScoretokError.

    `options` are those of `editing.inpainting.job.prepare_job`: chosen regions for another take, tracks, a folder of
    stems, and options of the dit engine.
    """
    file = open_audio(source, SHORTEST_S)
    check_output_of(file, output)
    if Path(source).resolve() == Path(output).resolve():
        raise ScoretokError(f"{output} is the file to be changed; name another output")
    job = prepare_job(file, before, after, **options)  # type: ignore[arg-type]
    made = job.run(seed)
    write_changed(job.recording, output, made.samples)
    return made


def with_consent(job: InpaintJob, consent: str | None) -> AudioFile:
    """The recording of a job, with a comment where its voice sings what it did not, and that its owner agreed."""
    if not job.sings_in_recorded_voice:
        return job.recording
    said = CONVERTED + json.dumps({"voice": "the recorded singer's, sung anew", "consent": consent}, ensure_ascii=False)
    before = job.recording.comment
    return replace(job.recording, comment=said + (f" | {before}" if before else ""))
