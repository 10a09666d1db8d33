"""Collections leave out what has survived one, until the next thorough one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest

from runs.streams import garbage


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    garbage.keep_collections_short()
    yield
    gc.callbacks.remove(garbage._look)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


class Ring:
    """Refers to itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.own = self


def test_what_has_survived_a_full_collection_is_left_out_of_the_next() -> None:
    ring = Ring()
    gc.collect()

    assert gc.get_objects(generation=2) == []
    assert all(one is not ring for one in gc.get_objects())


def test_a_circle_that_never_survived_one_is_freed_by_the_next() -> None:
    gone = ref(Ring())

    gc.collect()

    assert gone() is None


def test_a_circle_that_was_left_out_is_freed_by_the_next_thorough_look(monkeypatch: Any) -> None:
    ring = Ring()
    gc.collect()
    gone = ref(ring)
    del ring
    gc.collect()
    assert gone() is not None

    monkeypatch.setattr(garbage, "_thorough_at", 0.0)
    gc.collect()

    assert gone() is None


def test_setting_it_up_twice_is_no_different_from_once() -> None:
    garbage.keep_collections_short()

    assert gc.callbacks.count(garbage._look) == 1
