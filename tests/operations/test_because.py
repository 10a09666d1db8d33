"""The line that says why a run is where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs import NonRetryableError, Workflow, create_workflow
from runs.models import Run
from runs.operations import Because, because_of
from runs.operations.because import LONGEST
from tests.store.gallery import add, ask, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def refuse(text: str) -> Callable[[Any], Any]:
    def body(ctx: Any) -> Any:
        raise NonRetryableError(text)

    return body


def line(flow: Any, input_data: Any = None, **options: Any) -> Because:
    run = flow.commit().create_run()
    run.start(input_data, **options)
    run.refresh_from_db()
    return because_of([run])[run.pk]


def inner() -> Workflow:
    return create_workflow("inner").then(ask("deep", assignee="group:finance")).commit()


def test_a_suspended_run_waits_for_its_step() -> None:
    run = create_workflow("w").then(add(1)).then(ask("approve")).commit().create_run()
    run.start({"n": 1})
    run.refresh_from_db()

    because = because_of([run])[run.pk]

    suspended_at = run.steps.get(path="approve").suspended_at
    assert because == Because("approve waits for an answer", "approve", suspended_at)


def test_the_step_itself_is_named_and_who_may_answer() -> None:
    because = line(create_workflow("w").then(inner()))

    assert because.text == "inner.deep waits for an answer of group finance"
    assert because.step == "inner/deep"


def test_several_are_named_once_each_and_not_without_end() -> None:
    arms = [ask(name) for name in ("a", "b", "c", "d", "e")]

    assert line(create_workflow("w").parallel(arms)).text == (
        "a, b, c and 2 more wait for an answer"
    )
    assert line(create_workflow("each").foreach(ask("each"), concurrency=2), [1, 2]).text == (
        "each wait for an answer"
    )


def test_a_failed_run_tells_where_and_why_in_one_line() -> None:
    long = "x" * 300

    because = line(create_workflow("w").then(step("pay", refuse("no money\nand more"))))
    short = line(create_workflow("v").then(step("pay", refuse(long)))).text

    assert (because.text, because.step) == ("pay: no money", "pay")
    assert (len(short), short[-1]) == (LONGEST, "…")


def test_runs_that_nobody_took_up_say_so() -> None:
    flow = create_workflow("w").then(add(1)).commit()
    fresh, begun = flow.create_run(), flow.create_run(execution="background")
    begun.start_async({"n": 1})

    found = because_of([fresh, begun])

    assert (found[fresh.pk].text, found[begun.pk].text) == ("not started", "waits for a worker")


def test_a_run_that_ended_well_needs_no_reason() -> None:
    assert line(create_workflow("w").then(add(1)), {"n": 1}) == Because()


def test_a_paused_run_says_that_it_was_stepped() -> None:
    flow = create_workflow("w").then(add(1)).then(add(2))

    assert line(flow, {"n": 1}, per_step=True).text == "paused after one step"


def test_a_sleeping_run_tells_until_when() -> None:
    run = create_workflow("w").sleep(1000, id="nap").commit().create_run()
    Run.objects.filter(pk=run.pk).update(status="waiting")
    run.refresh_from_db()
    run.steps.create(
        attempt=1, path="nap", step_id="nap", kind="wait", status="waiting", begun=1, wake_at=5_000
    )

    because = because_of([run])[run.pk]

    assert (because.text, because.step) == ("nap waits for a time to come", "nap")
    assert because.until is not None and because.until.timestamp() == 5


def test_a_page_of_runs_costs_one_query() -> None:
    flow = create_workflow("w").then(ask("approve")).commit()
    for _ in range(5):
        flow.create_run().start(1)
    runs = list(Run.objects.all())

    with CaptureQueriesContext(connection) as queries:
        found = because_of(runs)

    assert {because.text for because in found.values()} == {"approve waits for an answer"}
    assert len(queries) == 1
