"""Models shared by the renderers of a run, and results computed with them."""

import numpy as np
import pytest

from stylize.context.model_store import ModelStore, ResultCache


def test_model_is_loaded_once_and_again_after_its_release():
    store, loads = ModelStore(), []

    def load():
        loads.append(1)
        return object()

    one = store.get("a", load)
    assert store.get("a", load) is one
    assert store.get("b", load) is not one
    assert len(loads) == 2
    assert store.release(["a"])
    assert store.get("a", load) is one
    assert not store.release(["a"])
    store.get("b", load)
    assert len(loads) == 3


def test_only_loading_is_timed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("stylize.context.model_store.time.perf_counter", lambda: now[0])
    store = ModelStore()

    def load():
        now[0] += 3
        return object()

    def fail():
        now[0] += 2
        raise ValueError

    store.get("a", load)
    now[0] += 10
    store.get("a", load)
    with pytest.raises(ValueError, match=r"^$"):
        store.get("b", fail)
    assert store.seconds == 5


def test_end_of_a_run_releases_models_and_results():
    loads, store = [], ModelStore()
    with store:
        store.get("a", lambda: loads.append(1))
        store.results.get("x", lambda: np.zeros(4))
    assert store.results.size == 0
    store.get("a", lambda: loads.append(1))
    assert len(loads) == 2


def test_results_are_bounded_and_the_oldest_are_evicted():
    cache, made = ResultCache(max_bytes=3000), []

    def make(name, size=1000):
        made.append(name)
        return {"values": [np.zeros(size, np.uint8)]}

    for name in "abcabc":
        cache.get(name, lambda name=name: make(name))
    assert made == ["a", "b", "c"]
    cache.get("a", lambda: make("a"))
    cache.get("d", lambda: make("d"))  # in place of b, which was used least recently
    cache.get("a", lambda: make("a"))
    assert made == ["a", "b", "c", "d"]
    cache.get("b", lambda: make("b"))
    assert made[4:] == ["b"]
    assert cache.size == 3000
    assert cache.get("large", lambda: make("large", 3001))["values"][0].size == 3001
    assert cache.size == 3000
