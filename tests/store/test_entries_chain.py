from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from runs import create_workflow
from runs.store import journals
from tests.store.gallery import add


@pytest.mark.django_db
@pytest.mark.usefixtures("registry")
def test_an_entry_late_in_a_long_run_is_read_without_those_before_it(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    flow = create_workflow("long")
    for number in range(40):
        flow = flow.then(add(1, f"s{number}"))
    run = flow.commit().create_run(execution="inline")
    run.start({"n": 0})

    with django_assert_max_num_queries(2):
        entries = journals.load_entries(run.pk, 1, ["s39"])

    assert (entries["s39"].input, entries["s39"].output) == ({"n": 39}, {"n": 40})
    assert set(entries) == {"s38", "s39"}
