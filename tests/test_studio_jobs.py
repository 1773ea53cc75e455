"""Jobs of the studio: run in order, cancelled, and what goes wrong is said."""

import warnings
from threading import Event

import pytest

from editing.studio.jobs import JobQueue, JobState
from editing.studio.thread_warnings import said_here
from scoretok import ScoretokError, ScoretokWarning


@pytest.fixture
def queue():
    seen = []
    made = JobQueue(1, lambda job: seen.append((job.job_id, str(job.state), job.share)))
    made.seen = seen
    yield made
    made.close()


def ended(queue, job):
    queue.pool.submit(lambda: None).result(10)
    return job.state


def test_a_job_says_how_far_it_is_and_what_was_dropped(queue):
    def run(report):
        report(0.5, "half")
        warnings.warn("a note was dropped", ScoretokWarning, stacklevel=1)

    job = queue.submit("render", "render piano", run, track="piano.1")
    assert ended(queue, job) == JobState.DONE
    assert job.to_dict() == {
        "id": 1, "kind": "render", "name": "render piano", "about": {"track": "piano.1"}, "state": "done",
        "share": 1.0, "stage": "half", "said": ["a note was dropped"],
    }  # fmt: skip
    assert queue.seen[0] == (1, "queued", 0.0)
    assert queue.seen[-1] == (1, "done", 1.0)


def test_what_goes_wrong_is_one_sentence_and_the_next_job_runs(queue, capsys):
    def fail(report):
        raise ScoretokError("there are no notes")

    def break_down(report):
        raise KeyError("x")

    jobs = [
        queue.submit("a", "a", fail),
        queue.submit("b", "b", break_down),
        queue.submit("c", "c", lambda report: None),
    ]
    assert ended(queue, jobs[2]) == JobState.DONE
    assert [job.state for job in jobs[:2]] == [JobState.FAILED] * 2
    assert jobs[0].said == ["there are no notes"]
    assert "KeyError" in jobs[1].said[0]
    assert "KeyError" in capsys.readouterr().err


def test_a_job_ends_when_it_is_cancelled_running_or_waiting(queue):
    runs, go_on = Event(), Event()

    def run(report):
        runs.set()
        assert go_on.wait(10)
        report(0.9)

    running, waiting = queue.submit("a", "a", run), queue.submit("b", "b", lambda report: None, track="bass.1")
    assert runs.wait(10)
    assert queue.pending("b", track="bass.1")
    assert not queue.pending("b", track="piano.1")
    queue.cancel(running.job_id)
    queue.cancel(waiting.job_id)
    go_on.set()
    assert ended(queue, waiting) == JobState.CANCELLED
    assert running.state == JobState.CANCELLED
    with pytest.raises(ScoretokError, match="no job 99"):
        queue.cancel(99)


def test_warnings_go_to_the_thread_in_which_they_happen(queue):
    def run(report):
        warnings.warn("in the job", ScoretokWarning, stacklevel=1)

    with said_here() as said:
        job = queue.submit("a", "a", run)
        ended(queue, job)
        warnings.warn("here", ScoretokWarning, stacklevel=1)
    assert said == ["here"]
    assert job.said == ["in the job"]
