from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.acceptance.conftest import migrated as migrated
from tests.acceptance.conftest import prepare
from tests.acceptance.serving import Served
from tests.browser.site import Site, browser_command, opened


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> Iterator[Served]:
    """One installation for all of these tests: each has runs of its own in it."""
    browser_command()
    folder: Path = tmp_path_factory.mktemp("site") / "data"
    prepare(folder, migrated)
    found = Served(folder, ("serve", "--workers", "1"))
    try:
        assert found.url
        yield found
    finally:
        found.clean_up()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Not longer than a module: its event loop keeps Django's ORM from working in this thread."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def whole_site(served: Served, playwright: Playwright) -> Iterator[Site]:
    with opened(served, playwright) as found:
        yield found


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    yield whole_site
    whole_site.close_all()
