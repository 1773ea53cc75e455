"""Work in the background: a queue of jobs that say how far they are and can be cancelled."""

import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from threading import Event, Lock
from typing import Any

from editing.studio.thread_warnings import said_here
from scoretok.errors import ScoretokError, one_line

KEPT_JOBS = 50  # that have ended


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class CancelledError(Exception):
    """Somebody cancelled the job that is running."""


@dataclass
class Job:
    """A piece of work: what kind, its name for people, what it is about, how far it is, and what it had to say."""

    job_id: int
    kind: str
    name: str
    about: Mapping[str, Any]
    state: JobState = JobState.QUEUED
    share: float = 0.0
    stage: str = ""
    said: list[str] = field(default_factory=list)
    cancelled: Event = field(default_factory=Event)

    def to_dict(self) -> dict[str, Any]:
        """For the page."""
        found = {"id": self.job_id, "kind": self.kind, "name": self.name, "about": dict(self.about)}
        return found | {"state": self.state, "share": round(self.share, 3), "stage": self.stage, "said": self.said}


Report = Callable[[float, str], None]  # the share that is done, and the stage; raises CancelledError


class JobQueue:
    """Runs jobs, at most `workers` at a time, in the order in which they came. `changed` is told of every change."""

    def __init__(self, workers: int, changed: Callable[[Job], None] = lambda job: None) -> None:
        self.jobs: dict[int, Job] = {}
        self.changed, self.numbers, self.lock = changed, count(1), Lock()
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="studio-job")

    def submit(self, kind: str, name: str, run: Callable[[Report], object], **about: Any) -> Job:
        """Queue a job; `run` is given what reports how far it is."""
        job = Job(next(self.numbers), kind, name, about)
        with self.lock:
            self.jobs[job.job_id] = job
            for old in [one for one in list(self.jobs.values()) if one.state in ENDED][:-KEPT_JOBS]:
                del self.jobs[old.job_id]
        self.changed(job)
        self.pool.submit(self._run, job, run)
        return job

    def cancel(self, job_id: int) -> None:
        """Let a job end as soon as it reports. Raises ScoretokError when there is none."""
        job = self.jobs.get(job_id)
        if job is None:
            raise ScoretokError(f"there is no job {job_id}")
        job.cancelled.set()

    def pending(self, kind: str, **about: Any) -> bool:
        """Whether such a job waits to be run."""
        return any(
            job.kind == kind and job.about == about and job.state == JobState.QUEUED for job in list(self.jobs.values())
        )

    def close(self) -> None:
        """Cancel all jobs and wait for those that run."""
        for job in list(self.jobs.values()):
            job.cancelled.set()
        self.pool.shutdown(cancel_futures=True)

    def _run(self, job: Job, run: Callable[[Report], object]) -> None:
        def report(share: float, stage: str = "") -> None:
            if job.cancelled.is_set():
                raise CancelledError
            job.share, job.stage = share, stage
            self.changed(job)

        with said_here() as said:
            try:
                report(0.0)
                job.state = JobState.RUNNING
                self.changed(job)
                run(report)
                job.state, job.share = JobState.DONE, 1.0
            except CancelledError:
                job.state = JobState.CANCELLED
            except ScoretokError as error:
                job.state = JobState.FAILED
                job.said.append(str(error))
            except Exception as error:
                traceback.print_exc()
                job.state = JobState.FAILED
                job.said.append(one_line(f"this should not have happened: {type(error).__name__}: {error}"))
        job.said += dict.fromkeys(said)
        self.changed(job)
