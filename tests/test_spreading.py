from __future__ import annotations

import pytest
from django.db import connection

from tests.spreading import unit_of, uses_database


def test_what_is_not_repeated_on_another_database_cannot_reach_one(
    request: pytest.FixtureRequest,
) -> None:
    assert not uses_database(request.node)
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        connection.ensure_connection()


@pytest.mark.django_db
def test_what_is_marked_is_repeated(request: pytest.FixtureRequest) -> None:
    assert uses_database(request.node)


@pytest.mark.usefixtures("team")
def test_what_has_a_fixture_that_uses_the_database_is_repeated(
    request: pytest.FixtureRequest,
) -> None:
    assert uses_database(request.node)


def test_a_process_takes_a_module_or_all_that_shares_a_browser() -> None:
    modules = ("tests/store/test_row.py::test_a[x::y]", "tests/browser/test_lists.py::test_b")

    assert [unit_of(one) for one in modules] == ["tests/store/test_row.py", "tests/browser/"]
