"""What a ring promises, on every queue: a worker looks. What it may lose: everything else."""

import threading
from contextlib import ExitStack

import pytest

from consult.cli import alarm as alarm_module

from .conftest import LONG, MakeAlarm, Waking


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first, so that what is seen after it was rung for."""
    monkeypatch.setattr(alarm_module, "ROUND_SECONDS", 60 * 60)


def test_a_ring_from_another_process_makes_a_worker_look(make_alarm: MakeAlarm, waking: Waking) -> None:
    seen = threading.Semaphore(0)
    with waking(make_alarm(), seen.release):
        assert seen.acquire(timeout=LONG), "its first round"
        for _ in range(3):
            assert make_alarm().ring()
            assert seen.acquire(timeout=LONG)


def test_a_ring_while_a_worker_looks_makes_it_look_again(make_alarm: MakeAlarm, waking: Waking) -> None:
    """What is written during a pass may be too late for it."""
    began, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def look() -> None:
        began.release()
        assert go_on.acquire(timeout=LONG)

    with waking(make_alarm(), look):
        assert began.acquire(timeout=LONG)
        assert make_alarm().ring()
        go_on.release(2)
        assert began.acquire(timeout=LONG)


def test_rings_that_nobody_hears_are_one(make_alarm: MakeAlarm, waking: Waking) -> None:
    assert all(make_alarm().ring() for _ in range(5))
    huey, _ = make_alarm()._opened()
    assert huey.pending_count() == 1
    seen = threading.Event()
    with waking(make_alarm(), seen.set):
        assert seen.wait(LONG)


def test_several_workers_share_the_rings_and_none_is_deaf(make_alarm: MakeAlarm, waking: Waking) -> None:
    seen = threading.Semaphore(0)
    busy, free = threading.Event(), threading.Event()

    def look_for_long() -> None:
        busy.set()
        assert free.wait(LONG)

    with ExitStack() as workers:
        workers.enter_context(waking(make_alarm(), look_for_long))
        assert busy.wait(LONG)
        workers.enter_context(waking(make_alarm(), seen.release))
        workers.callback(free.set)
        assert seen.acquire(timeout=LONG), "its first round"
        assert make_alarm().ring()
        assert seen.acquire(timeout=LONG), "while the other is at its work"


def test_a_look_at_hand_is_finished_before_the_worker_ends(make_alarm: MakeAlarm, waking: Waking) -> None:
    began, finished = threading.Event(), threading.Event()
    going_on = threading.Event()

    def look() -> None:
        began.set()
        going_on.wait(0.3)
        finished.set()

    with waking(make_alarm(), look):
        assert began.wait(LONG)
    assert finished.is_set()


@pytest.mark.parametrize("queue_url", ["redis://127.0.0.1:1/0"])
def test_without_its_queue_the_worker_still_makes_its_rounds(
    make_alarm: MakeAlarm, waking: Waking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_module, "ROUND_SECONDS", 1)
    seen = threading.Semaphore(0)
    assert make_alarm().ring() is False
    with waking(make_alarm(), seen.release):
        assert seen.acquire(timeout=LONG)
        assert seen.acquire(timeout=LONG)


def test_a_queue_that_is_emptied_loses_rings_and_no_worker(make_alarm: MakeAlarm, waking: Waking) -> None:
    seen = threading.Semaphore(0)
    ringing = make_alarm()
    with waking(make_alarm(), seen.release):
        assert seen.acquire(timeout=LONG)
        huey, _ = ringing._opened()
        huey.storage.flush_all()
        assert ringing.ring()
        assert seen.acquire(timeout=LONG)
