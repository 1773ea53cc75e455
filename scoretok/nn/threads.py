"""How many threads small steps of a network take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import torch

RUN_STEPS = 32  # with the number of threads that was faster
TRY_STEPS = 8  # with the other one
MOST_PAUSE_RUNS = 64  # between tries


class FasterThreads:
    """One thread or all, whichever took less time a step of late.

    On idle cores all are faster; where another process has a core they wait for one that does not run, and can be a
    hundred times as slow (benchmarks.planner_speed). The number that was slower is tried again, more seldom each time,
    and at once when steps come to take twice as long. A run and a try end early when they take too long.
    """

    def __init__(self, most: int | None = None, clock: Callable[[], float] = perf_counter) -> None:
        self.most = torch.get_num_threads() if most is None else most
        self.clock = clock
        self.faster = self.threads = 1
        self.step_s = float("inf")  # of the last run
        self.run_s, self.steps = 0.0, 0
        self.runs_to_try, self.pause_runs = 1, 1

    @contextmanager
    def step(self) -> Iterator[None]:
        """Take one step with the number of threads that is chosen for it."""
        if self.most == 1:
            yield
            return
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        began = self.clock()
        try:
            yield
        finally:
            torch.set_num_threads(before)
        self.run_s += self.clock() - began
        self.steps += 1
        is_try = self.threads != self.faster
        steps, slowdown = (TRY_STEPS, 1) if is_try else (RUN_STEPS, 2)
        if self.steps >= steps or self.run_s > steps * slowdown * self.step_s:
            self._choose(is_try)

    def _choose(self, was_try: bool) -> None:
        """Threads of the next steps, at the end of a run or a try."""
        step_s, before_s = self.run_s / self.steps, self.step_s
        self.run_s, self.steps = 0.0, 0
        if not was_try:
            self.step_s = step_s
            self.runs_to_try -= 1
            if self.runs_to_try <= 0 or step_s > 2 * before_s:
                self.threads = 1 + self.most - self.faster
            return
        if step_s < self.step_s:
            self.faster, self.step_s, self.pause_runs = self.threads, step_s, 1
        else:
            self.threads, self.pause_runs = self.faster, min(MOST_PAUSE_RUNS, 2 * self.pause_runs)
        self.runs_to_try = self.pause_runs
