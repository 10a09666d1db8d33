"""User functions that direct the flow, and what becomes of wrong answers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runs import create_workflow
from runs.testing import skipping_time
from tests.store.gallery import add, same, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def failing(ctx: Any) -> Any:
    raise ValueError("no answer")


NO_ANSWER = {"message": "no answer", "name": "ValueError"}


def test_a_condition_of_a_branch_that_raises_does_not_hold_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flow = create_workflow("w").branch([(failing, add(1)), (lambda ctx: True, add(2))]).commit()

    result = flow.create_run().start({"n": 1})

    assert (result.status, result.result) == ("success", {"add-2": {"n": 3}})
    [record] = [one for one in caplog.records if "condition" in one.getMessage()]
    assert (record.levelno, "no answer" in record.getMessage()) == (logging.WARNING, True)


@pytest.mark.parametrize("kind", ["dowhile", "dountil"])
def test_a_condition_of_a_loop_that_raises_fails_the_run(kind: str) -> None:
    flow = getattr(create_workflow("w"), kind)(add(1), failing).commit()

    result = flow.create_run().start({"n": 1})

    assert (result.status, result.error) == ("failed", NO_ANSWER)


def test_a_map_that_raises_fails_the_run() -> None:
    result = create_workflow("w").map(failing).commit().create_run().start()

    assert (result.status, result.error) == ("failed", NO_ANSWER)


def test_a_wait_whose_time_cannot_be_told_fails_the_run() -> None:
    result = create_workflow("w").sleep(failing).commit().create_run().start()

    assert (result.status, result.error) == ("failed", NO_ANSWER)


WRONG_WAITS: dict[str, tuple[str, Any]] = {
    "a text": ("sleep", "soon"),
    "nothing": ("sleep", None),
    "not a number": ("sleep", float("nan")),
    "for ever": ("sleep", float("inf")),
    "a number of a moment": ("sleep_until", 5),
    "no moment": ("sleep_until", None),
}


@pytest.mark.parametrize(("kind", "value"), WRONG_WAITS.values(), ids=WRONG_WAITS.keys())
def test_a_wait_with_a_wrong_time_fails_the_run(kind: str, value: Any) -> None:
    flow = getattr(create_workflow("w"), kind)(lambda ctx: value).then(add(1)).commit()

    result = flow.create_run().start({"n": 1})

    assert (result.status, result.error is not None) == ("failed", True)


@pytest.mark.parametrize("seconds", [0, -5, False])
def test_a_wait_of_no_time_is_over_at_once(seconds: float) -> None:
    flow = create_workflow("w").sleep(lambda ctx: seconds).then(add(1)).commit()

    assert flow.create_run().start({"n": 1}).result == {"n": 2}


def test_a_moment_without_a_time_zone_is_taken_as_utc() -> None:
    with skipping_time() as clock:
        now = datetime.fromtimestamp(clock.now() / 1000, UTC)
        when = (now + timedelta(hours=1)).replace(tzinfo=None)
        create_workflow("w").sleep_until(lambda ctx: when).commit().create_run().start()
        later = datetime.fromtimestamp(clock.now() / 1000, UTC)

    assert timedelta(hours=1) <= later - now < timedelta(hours=1, seconds=5)


@pytest.mark.parametrize("answer", [0, -1, None, "many", True, 2.5])
def test_a_concurrency_that_makes_no_sense_is_one(answer: Any) -> None:
    inside: list[int] = []

    def body(ctx: Any) -> Any:
        inside.append(ctx.input_data)
        return ctx.input_data

    flow = create_workflow("w").foreach(step("s", body), concurrency=lambda ctx: answer).commit()

    assert flow.create_run().start([1, 2, 3]).result == [1, 2, 3]
    assert inside == [1, 2, 3]


TRUE_IN_JAVASCRIPT = {"an empty list": [], "an empty object": {}, "text": "0", "a number": -1}
FALSE_IN_JAVASCRIPT = {"zero": 0, "empty text": "", "nothing": None, "no": False}


@pytest.mark.parametrize("value", TRUE_IN_JAVASCRIPT.values(), ids=TRUE_IN_JAVASCRIPT.keys())
def test_what_holds_in_javascript_holds(value: Any) -> None:
    flow = create_workflow("w").branch([(lambda ctx: value, same("s"))]).commit()

    assert flow.create_run().start("x").result == {"s": "x"}


@pytest.mark.parametrize("value", FALSE_IN_JAVASCRIPT.values(), ids=FALSE_IN_JAVASCRIPT.keys())
def test_what_does_not_hold_in_javascript_does_not(value: Any) -> None:
    flow = create_workflow("w").branch([(lambda ctx: value, same("s"))]).commit()

    assert flow.create_run().start("x").result == {}


def test_a_foreach_over_something_else_than_a_list_says_so() -> None:
    flow = create_workflow("w").foreach(same("s")).commit()

    result = flow.create_run().start({"not": "a list"})

    assert (result.status in ("success", "failed"), result.result or []) == (True, [])


def test_an_exit_in_a_condition_is_not_the_end_of_its_caller() -> None:
    def exiting(ctx: Any) -> Any:
        raise SystemExit(3)

    result = create_workflow("w").dountil(add(1), exiting).commit().create_run().start({"n": 1})

    assert (result.status, result.error and result.error["name"]) == ("failed", "SystemExit")
