"""Mappings: steps of their own whose body is put together by the builder."""

from __future__ import annotations

import pytest

from runs import RetryConfig
from runs.engine.outcomes import Execute

from .bodies import adds, echo, flow, raises
from .driver import Driver
from .journals import asked, done, journal, statuses, turn
from .wire import success

a = adds("a", 1)


def test_a_mapping_is_asked_for_like_a_step() -> None:
    known = journal(input=1, a=done(2))

    answer = turn(flow().then(a).map({"x": {"value": 5}}), known)

    assert asked(answer) == [("execute", "mapping_w_0", 2)]
    assert isinstance(answer.commands[0], Execute)
    assert statuses(known) == {"a": "success", "mapping_w_0": "running"}


def test_a_mapping_has_a_record_and_a_place_in_the_path() -> None:
    run = Driver(flow().then(a).map(lambda ctx: {"was": ctx.input_data}).then(echo("b")))

    result = run.start(1)

    assert result.to_wire() == {
        "status": "success",
        "steps": {
            "input": 1,
            "a": success(None, 2),
            "mapping_w_0": success(None, {"was": 2}),
            "b": success(None, {"was": 2}),
        },
        "input": 1,
        "runId": "r1",
        "stepExecutionPath": ["a", "mapping_w_0", "b"],
        "result": {"was": 2},
    }


def test_a_mapping_picks_outputs_of_steps_and_the_input_of_the_run() -> None:
    workflow = (
        flow()
        .then(a)
        .then(adds("b", 10))
        .map(
            {
                "first": {"step": a, "path": "."},
                "given": {"init_data": True, "path": "."},
                "text": {"template": "${inputData} of ${initData}"},
            }
        )
    )

    result = Driver(workflow).start(1)

    assert result.result == {"first": 2, "given": 1, "text": "12 of 1"}


def test_a_mapping_that_fails_fails_the_run() -> None:
    result = Driver(flow().then(a).map({"x": {"step": a, "path": "deep.er"}})).start(1)

    assert result.status == "failed"
    assert result.error is not None
    assert result.error["message"] == "Invalid path deep.er in step a"


def test_a_named_mapping_is_known_by_its_name() -> None:
    run = Driver(flow().map(lambda ctx: 1, id="pick").map(lambda ctx: 2))

    run.start(1)

    assert run.ran == ["pick", "mapping_w_1"]


@pytest.mark.parametrize("attempts", [0, 2])
def test_a_mapping_is_tried_again_as_the_workflow_says(attempts: int) -> None:
    body = raises("unused", times=attempts).execute
    run = Driver(flow(retry_config=RetryConfig(attempts)).map(body))

    result = run.start(1)

    assert (result.status, len(run.ran)) == ("success", attempts + 1)
