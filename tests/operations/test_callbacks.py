from __future__ import annotations

from typing import Any

import pytest

from runs import RetryConfig, TripWire, Workflow, create_workflow
from runs.testing import crash_after, crash_before
from tests.store.gallery import add, ask, step
from tests.store.tables import all_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry", "impatient")]


class Told:
    """Callbacks that note what they are told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda info: self.calls.append((name, info))

    def workflow(self, *steps: Any, **options: Any) -> Workflow:
        told = {name: getattr(self, name) for name in ("on_start", "on_finish", "on_error")}
        flow = create_workflow("w", **told | options)
        for one in steps:
            flow.then(one)
        return flow.commit()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def failing(ctx: Any) -> Any:
    raise ValueError("no")


def test_start_and_finish_are_told_of_a_run_that_goes_well() -> None:
    told = Told()
    run = told.workflow(add(1)).create_run(run_id="r", resource_id="customer-7")

    run.start({"n": 1}, initial_state={"s": 1}, request_context={"locale": "de"})

    [(first, begun), (last, ended)] = told.calls
    assert (first, last) == ("on_start", "on_finish")
    assert (begun.workflow_id, begun.run_id, begun.resource_id) == ("w", "r", "customer-7")
    assert (begun.get_init_data(), begun.state) == ({"n": 1}, {"s": 1})
    assert begun.request_context == {"locale": "de"}
    assert (ended.status, ended.result, ended.error) == ("success", {"n": 2}, None)
    assert ended.steps["add-1"]["output"] == {"n": 2}
    assert ended.step_execution_path == ["add-1"]


def test_errors_are_told_of_a_run_that_fails() -> None:
    told = Told()

    told.workflow(step("bad", failing)).create_run().start()

    assert told.names == ["on_start", "on_finish", "on_error"]
    for _, info in told.calls[1:]:
        assert (info.status, info.error) == ("failed", {"message": "no", "name": "ValueError"})


def test_a_tripwire_is_told_with_its_reason() -> None:
    def body(ctx: Any) -> Any:
        raise TripWire("too much")

    told = Told()

    told.workflow(step("trip", body)).create_run().start()

    finished = dict(told.calls)["on_finish"]
    assert (finished.status, finished.tripwire) == ("tripwire", {"reason": "too much"})


def test_each_execution_has_a_finish_and_only_a_start_asks_to_start() -> None:
    told = Told()
    run = told.workflow(ask()).create_run()

    run.start(1)
    run.resume("!")

    assert told.names == ["on_start", "on_finish", "on_finish"]
    assert [info.status for name, info in told.calls if name == "on_finish"] == [
        "suspended",
        "success",
    ]


def test_callbacks_are_told_when_the_outcome_is_stored() -> None:
    seen: list[str] = []
    run: Any = None

    def on_finish(info: Any) -> None:
        run.refresh_from_db()
        seen.append(run.status)

    run = create_workflow("w", on_finish=on_finish).then(add(1)).commit().create_run()
    run.start({"n": 1})

    assert seen == ["success"]


def test_a_start_that_its_callback_refuses_did_not_happen() -> None:
    def refuse(info: Any) -> None:
        raise PermissionError("not today")

    ran: list[int] = []
    flow = create_workflow("w", on_start=refuse).then(step("s", lambda ctx: ran.append(1))).commit()
    run = flow.create_run()
    before = all_rows()

    with pytest.raises(PermissionError, match="not today"):
        run.start()

    assert (ran, all_rows()) == ([], before)


@pytest.mark.parametrize("name", ["on_finish", "on_error"])
def test_a_callback_that_raises_changes_no_outcome_and_is_logged(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(info: Any) -> None:
        raise RuntimeError("broken callback")

    flow = create_workflow("w", **{name: broken}).then(step("bad", failing)).commit()

    assert flow.create_run().start().error == {"message": "no", "name": "ValueError"}
    assert "broken callback" in caplog.text


def test_callbacks_may_be_coroutine_functions() -> None:
    seen: list[str] = []

    async def note(info: Any) -> None:
        seen.append(str(info.status))

    flow = create_workflow("w", on_start=note, on_finish=note).then(add(1)).commit()
    flow.create_run().start({"n": 1})

    assert seen == ["None", "success"]


@pytest.mark.django_db(transaction=True)
async def test_callbacks_are_told_on_a_loop_too() -> None:
    told = Told()
    run = await told.workflow(step("bad", failing)).acreate_run()

    await run.astart()

    assert told.names == ["on_start", "on_finish", "on_error"]


def test_callbacks_of_a_nested_workflow_are_told_of_it() -> None:
    told = Told()
    inner = told.workflow(add(1))
    outer = create_workflow("outer").then(inner).then(add(2)).commit()

    outer.create_run(run_id="r").start({"n": 1})

    [info] = [info for name, info in told.calls if name == "on_finish"]
    assert (info.workflow_id, info.status, info.result) == ("w", "success", {"n": 2})


def test_a_nested_workflow_that_may_not_start_fails_as_a_step_with_all_its_tries() -> None:
    asked: list[Any] = []

    def refuse(info: Any) -> None:
        asked.append((info.workflow_id, info.get_init_data(), info.state))
        raise ValueError("not now")

    inner = create_workflow("inner", on_start=refuse).then(add(1)).commit()
    retries = RetryConfig(attempts=2)
    outer = create_workflow("outer", retry_config=retries).then(inner).then(add(2)).commit()

    result = outer.create_run().start({"n": 1}, initial_state={"s": 1})

    assert (result.status, result.error) == ("failed", {"message": "not now", "name": "ValueError"})
    assert asked == [("inner", {"n": 1}, {"s": 1})] * 3


def test_a_nested_workflow_is_told_of_its_start_once_whatever_happens_then() -> None:
    told = Told()
    inner = told.workflow(add(1), ask(), step("last", lambda ctx: ctx.input_data))
    run = create_workflow("outer").then(inner).commit().create_run()
    with crash_after("add-1"):
        run.start({"n": 1})
    run.restart()
    with crash_before("last"):
        run.resume({"n": 5})
    run.restart()
    run.time_travel(["w", "last"])
    before = list(told.names)

    run.time_travel("w")

    assert (before.count("on_start"), told.names.count("on_start")) == (1, 2)


def test_the_next_nested_workflow_starts_when_the_one_before_was_told_of_its_end() -> None:
    told = Told()
    items = step("items", lambda ctx: [{"n": 1}, {"n": 2}])
    flow = create_workflow("outer").then(items).foreach(told.workflow(add(1))).commit()

    flow.create_run().start()

    assert told.names == ["on_start", "on_finish"] * 2


def test_a_callback_that_changes_what_it_was_given_changes_nothing_else() -> None:
    def spoil(info: Any) -> None:
        info.result["n"] = "spoiled"
        info.steps["add-1"]["output"]["n"] = "spoiled"
        info.state["s"] = "spoiled"

    run = create_workflow("w", on_finish=spoil).then(add(1)).commit().create_run()

    result = run.start({"n": 1}, initial_state={"s": 1}, output_options={"include_state": True})

    assert (result.result, result.state) == ({"n": 2}, {"s": 1})
    assert result.steps["add-1"]["output"] == {"n": 2}
