"""How tests are spread over processes, and which of them a second database has nothing to say to.

A unit of work is a module, so that what a module shares is made once for all of its tests.
"""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Folders whose modules share something that takes seconds to start.
SHARED = ("tests/browser/",)


class Units(LoadScopeScheduling):
    """Hands out modules, and folders that share something, in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        # It would begin with the modules of most tests; the longest have few.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    shared = [folder for folder in SHARED if nodeid.startswith(folder)]
    return shared[0] if shared else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Units | None:
    return Units(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that what ends a run of all tests is short."""
    items.sort(key=lambda item: item.get_closest_marker("acceptance") is None)
    if os.environ.get("TEST_DATABASE") == "postgres":
        without = [item for item in items if not uses_database(item)]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if uses_database(item)]


def uses_database(item: pytest.Item) -> bool:
    """Whether a test may use the database at all: pytest-django keeps all others from it."""
    marked = item.get_closest_marker("django_db") is not None
    return marked or "django_db_setup" in getattr(item, "fixturenames", ())
