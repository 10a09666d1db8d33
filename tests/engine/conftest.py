"""Engine tests: no database, no clock. Each defines its workflows in a registry of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runs.definition.registry import isolated_registry


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with isolated_registry():
        yield
