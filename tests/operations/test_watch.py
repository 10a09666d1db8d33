from __future__ import annotations

from typing import Any

import pytest

from runs import create_workflow
from tests.store.gallery import add, ask, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def test_a_watcher_is_told_of_the_steps_and_not_of_the_run_itself() -> None:
    run = create_workflow("w").then(add(1)).commit().create_run()
    told: list[dict[str, Any]] = []

    unwatch = run.watch(told.append)
    run.start({"n": 1})
    unwatch()

    assert [event["type"] for event in told] == [
        "workflow-step-start",
        "workflow-step-result",
        "workflow-step-finish",
    ]
    assert all(event.keys() == {"type", "payload"} for event in told)
    assert told[1]["payload"]["output"] == {"n": 2}
    assert told[2]["payload"] == {
        "id": "add-1",
        "stepCallId": told[1]["payload"]["stepCallId"],
        "metadata": {},
    }


def test_a_watcher_is_told_what_bodies_write() -> None:
    flow = create_workflow("w").then(step("s", lambda ctx: ctx.writer.write("half"))).commit()
    run = flow.create_run()
    told: list[dict[str, Any]] = []

    unwatch = run.watch(told.append)
    run.start()
    unwatch()

    [written] = [event for event in told if event["type"] == "workflow-step-output"]
    assert written["payload"]["output"] == "half"


def test_a_watcher_that_left_is_told_nothing() -> None:
    run = create_workflow("w").then(ask()).commit().create_run()
    told: list[dict[str, Any]] = []
    unwatch = run.watch(told.append)
    run.start(1)
    before = len(told)

    unwatch()
    unwatch()
    run.resume("!")

    assert (before, len(told)) == (2, 2)


def test_watchers_of_one_run_know_nothing_of_each_other_or_of_other_runs() -> None:
    flow = create_workflow("w").then(add(1)).commit()
    run, other = flow.create_run(), flow.create_run()
    told: dict[str, list[Any]] = {"one": [], "two": [], "other": []}
    leave = {one: run.watch(told[one].append) for one in ("one", "two")}
    leave["other"] = other.watch(told["other"].append)

    leave.pop("two")()
    run.start({"n": 1})

    for unwatch in leave.values():
        unwatch()
    assert [len(events) for events in told.values()] == [3, 0, 0]


def test_a_watcher_that_raises_harms_neither_the_run_nor_other_watchers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = create_workflow("w").then(add(1)).commit().create_run()
    told: list[Any] = []

    def broken(event: Any) -> None:
        raise ValueError("broken watcher")

    unwatch = run.watch(broken), run.watch(told.append)
    try:
        result = run.start({"n": 1})
    finally:
        for leave in unwatch:
            leave()

    assert (result.status, len(told)) == ("success", 3)
    assert "broken watcher" in caplog.text
