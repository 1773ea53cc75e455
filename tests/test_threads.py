"""The number of threads of small steps follows what the steps take."""

import pytest
import torch

from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.incremental import KVCache
from scoretok.nn.threads import RUN_STEPS, FasterThreads


def run_steps(threads, step_s, steps):
    """How often each number of threads was taken, where a step takes `step_s[number]` by a clock of our own."""
    taken = dict.fromkeys(step_s, 0)
    for _ in range(steps):
        with threads.step():
            taken[torch.get_num_threads()] += 1
            threads.clock.now += step_s[torch.get_num_threads()]
    return taken


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield FasterThreads(clock=Clock())
    torch.set_num_threads(before)


@pytest.mark.parametrize("faster", [1, 2])
def test_the_faster_number_is_taken(two_threads, faster):
    taken = run_steps(two_threads, {faster: 1.0, 3 - faster: 1.5}, 4000)
    assert taken[faster] > 3900
    assert torch.get_num_threads() == 2


def test_it_follows_a_core_that_becomes_busy_and_idle_again(two_threads):
    run_steps(two_threads, {1: 1.0, 2: 0.7}, 500)
    busy = run_steps(two_threads, {1: 1.0, 2: 100.0}, 4000)
    assert busy[2] < 20
    idle = run_steps(two_threads, {1: 1.0, 2: 0.7}, 8000)
    assert idle[2] > 4000


def test_a_slow_try_ends_at_once(two_threads):
    taken = run_steps(two_threads, {1: 1.0, 2: 100.0}, RUN_STEPS + 10)
    assert taken[2] == 1


def test_one_thread_stays_one():
    threads = FasterThreads(most=1, clock=Clock())
    with threads.step():
        pass
    assert threads.steps == 0


def test_the_planner_says_the_same_with_any_number(two_threads):
    said = []
    model = load_model(PLANNER_WEIGHTS)
    for number in (1, 2):
        torch.set_num_threads(number)
        model.train(False)
        cache = KVCache(model.config, 256)
        said.append(torch.stack([model.next_logits([token], cache) for token in range(1, 200)]))
    assert torch.equal(*said)
