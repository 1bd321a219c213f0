"""The counters in memory: what ran out goes, and not at the cost of every count."""

import time

import pytest
from limits.storage import storage_from_string

from consult.web.limit_storage import SeldomSweptMemory

SCHEME = f"{SeldomSweptMemory.STORAGE_SCHEME[0]}://"


def test_counting_starts_no_sweep_while_the_last_is_fresh():
    storage = storage_from_string(SCHEME)
    storage.acquire_entry("one", 10, 60)
    first = storage.timer
    first.join()

    assert all(storage.acquire_entry("one", 10, 60) for _ in range(9))
    assert not storage.acquire_entry("one", 10, 60)
    assert storage.timer is first


def test_what_ran_out_is_forgotten_by_the_next_sweep(monkeypatch: pytest.MonkeyPatch):
    storage = storage_from_string(SCHEME)
    storage.timer.join()
    storage.acquire_entry("over", 10, 0)
    storage.timer.join()
    storage.acquire_entry("over", 10, 0)

    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    storage.acquire_entry("lasting", 10, 60)
    storage.timer.join()

    assert (storage.events["over"], len(storage.events["lasting"])) == ([], 1)
