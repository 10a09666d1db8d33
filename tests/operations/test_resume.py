from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.exceptions import (
    AlreadyResumed,
    AmbiguousResume,
    InvalidResumeData,
    NotSerializable,
    PayloadTooLarge,
    RunNotSuspended,
    RunsError,
    StepNotSuspended,
)
from runs.models import Run
from runs.operations import find_run
from tests.store.gallery import add, ask, same, step
from tests.store.tables import all_rows
from tests.store.waiting import Gate, together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry", "impatient")]


def asking() -> Workflow:
    return create_workflow("asking").then(ask("ask", resume_label="boss")).then(same("s")).commit()


def asking_twice() -> Workflow:
    return create_workflow("asking-twice").parallel([ask("a"), ask("b")]).commit()


def suspended(workflow: Workflow, run_id: str = "r") -> Run:
    run = workflow.create_run(run_id=run_id)
    assert run.start({"n": 1}).status == "suspended"
    return run


# --- answers ---------------------------------------------------------------------------------


def test_an_answer_lets_the_run_go_on() -> None:
    run = suspended(asking())

    result = run.resume({"yes": True})

    answer = {"answer": {"yes": True}, "asked": {"question": {"n": 1}}}
    assert (result.status, result.result, run.status) == ("success", answer, "success")


def test_a_suspended_run_tells_what_it_waits_for() -> None:
    run = asking().create_run()

    result = run.start({"n": 1}, output_options={"include_resume_labels": True})

    assert (result.status, result.suspended) == ("suspended", [["ask"]])
    assert result.suspend_payload == {"ask": {"question": {"n": 1}}}
    assert result.resume_labels == {"boss": {"stepId": "ask"}}
    run.refresh_from_db()
    assert (run.status, run.lease_owner, run.due_at, run.ended_at) == ("suspended", "", None, None)


NAMES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "nothing": lambda flow: {},
    "an id": lambda flow: {"step": "ask"},
    "a list of ids": lambda flow: {"step": ["ask"]},
    "the step": lambda flow: {"step": flow.steps_by_id["ask"].step},
    "a list of steps": lambda flow: {"step": [flow.steps_by_id["ask"].step]},
    "a label": lambda flow: {"label": "boss"},
    "an unknown label": lambda flow: {"label": "nobody", "step": "ask"},
    "a label rather than a step": lambda flow: {"label": "boss", "step": "s"},
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_suspended_step_may_be_named_in_many_ways(name: Any) -> None:
    flow = asking()

    assert suspended(flow).resume("!", **name(flow)).status == "success"


@pytest.mark.parametrize("step", ["inner.ask", ["inner", "ask"], "inner"])
def test_a_step_in_a_nested_workflow_is_named_by_its_path(step: Any) -> None:
    inner = create_workflow("inner").then(ask()).commit()
    run = suspended(create_workflow("outer").then(inner).commit())

    assert run.resume("!", step=step).result["answer"] == "!"


def test_items_of_a_foreach_are_answered_one_by_one_or_all_at_once() -> None:
    flow = create_workflow("each").foreach(ask(), concurrency=3).commit()
    run = flow.create_run()
    run.start([1, 2, 3])

    first = run.resume("one", for_each_index=1)
    rest = run.resume("rest")

    assert first.status == "suspended"
    assert [item["answer"] for item in rest.result] == ["rest", "one", "rest"]


def test_an_answer_may_be_given_in_another_process() -> None:
    """Nothing but the table connects the two."""
    suspended(asking())

    assert find_run("asking", "r").resume("!").result["answer"] == "!"


def test_a_step_may_ask_again() -> None:
    def body(ctx: Any) -> Any:
        return ctx.suspend({"ask": "more"}) if ctx.resume_data != "enough" else {"done": True}

    run = suspended(create_workflow("w").then(step("s", body)).commit())

    statuses = [run.resume(data).status for data in ("a", "b", "enough")]

    assert statuses == ["suspended", "suspended", "success"]


def test_request_context_given_with_an_answer_is_added_to_what_was_there() -> None:
    seen: list[Any] = []
    flow = asking()
    flow = (
        create_workflow("w")
        .then(ask())
        .then(step("s", lambda c: seen.append(dict(c.request_context))))
    )
    run = flow.commit().create_run()
    run.start(1, request_context={"a": 1, "b": 1})

    run.resume("!", request_context={"b": 2})

    assert seen == [{"a": 1, "b": 2}]


def test_an_answer_is_validated_and_filled_in_by_the_steps_schema() -> None:
    result = suspended(_strict()).resume({"approved": True})

    assert result.result == {"approved": True, "by": "nobody"}


def _strict() -> Workflow:
    schema = {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "by": {"type": "string", "default": "nobody"},
        },
        "required": ["approved"],
    }

    def body(ctx: Any) -> Any:
        return ctx.suspend() if ctx.resume_data is None else ctx.resume_data

    return create_workflow("strict").then(step("ask", body, resume_schema=schema)).commit()


# --- refusals --------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Workflow], dict[str, Any], type[Exception], str]] = {
    "a step that does not wait": (
        asking,
        {"step": "s"},
        StepNotSuspended,
        'This workflow step "s" was not suspended. Available suspended steps: [ask]',
    ),
    "a step that does not exist": (
        asking_twice,
        {"step": "nobody"},
        StepNotSuspended,
        'This workflow step "nobody" was not suspended. Available suspended steps: [a, b]',
    ),
    "one of two, unnamed": (
        asking_twice,
        {},
        AmbiguousResume,
        "Multiple suspended steps found: [a], [b]. "
        'Please specify which step to resume using the "step" parameter.',
    ),
    "data that does not fit": (
        _strict,
        {"resume_data": {"approved": "perhaps"}},
        InvalidResumeData,
        "Invalid resume data: \n- approved: ",
    ),
    "data that lacks something": (
        _strict,
        {"resume_data": {"by": "me"}},
        InvalidResumeData,
        "Invalid resume data: \n- approved: ",
    ),
}


@pytest.mark.parametrize("how", ["resume", "resume_async"])
@pytest.mark.parametrize(("make", "arguments", "error", "text"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_answer_is_refused_in_words_and_changes_nothing(
    make: Any, arguments: Any, error: type[Exception], text: str, how: str
) -> None:
    run = suspended(make())
    before = all_rows()

    with pytest.raises(error) as raised:
        getattr(run, how)(**{"resume_data": {"x": 1}} | arguments)

    assert str(raised.value).startswith(text)
    assert all_rows() == before


def test_a_wrong_answer_can_be_followed_by_a_right_one() -> None:
    run = suspended(_strict())
    with pytest.raises(InvalidResumeData):
        run.resume({"approved": 1})

    assert run.resume({"approved": False}).status == "success"


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan")], ids=["set", "object", "nan"])
def test_an_answer_that_is_not_json_is_refused_and_changes_nothing(value: Any) -> None:
    run = suspended(asking())
    before = all_rows()

    with pytest.raises(NotSerializable):
        run.resume({"deep": [value]})

    assert all_rows() == before


def test_an_answer_above_the_size_limit_is_refused_and_changes_nothing(settings: Any) -> None:
    run = suspended(asking())
    settings.RUNS_MAX_PAYLOAD_BYTES = 100
    before = all_rows()

    with pytest.raises(PayloadTooLarge, match="RUNS_MAX_PAYLOAD_BYTES"):
        run.resume({"text": "x" * 100})

    assert all_rows() == before


def _in_status(status: str) -> Run:
    flow = create_workflow("w").then(add(1)).then(ask()).commit()
    run = flow.create_run(run_id="r")
    if status == "paused":
        run.start({"n": 1}, per_step=True)
    elif status != "pending":
        run.start({"n": 1})
        Run.objects.update(status=status)
    return find_run("w", "r")


@pytest.mark.parametrize(
    "status",
    ["pending", "running", "waiting", "paused", "success", "failed", "tripwire", "canceled"],
)
@pytest.mark.parametrize("how", ["resume", "resume_async"])
def test_a_run_that_is_not_suspended_is_not_resumed(status: str, how: str) -> None:
    run = _in_status(status)
    before = all_rows()

    with pytest.raises(RunNotSuspended) as raised:
        getattr(run, how)("!")

    assert str(raised.value) == "This workflow run was not suspended"
    assert all_rows() == before


def test_a_suspension_is_answered_once() -> None:
    run = suspended(asking())
    run.resume("first")
    before = all_rows()

    with pytest.raises(RunNotSuspended):
        run.resume("second")

    assert all_rows() == before


# --- many callers ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("execution", ["inline", "background"])
def test_of_many_answers_to_one_question_one_is_taken(execution: str) -> None:
    gate, answers = Gate(), []

    def body(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend()
        answers.append(ctx.resume_data)
        return gate.stop() or ctx.resume_data

    suspended(create_workflow("w").then(step("s", body)).commit())
    refused: list[int] = []

    def answering(n: int) -> Callable[[], Any]:
        def answer() -> Any:
            run = find_run("w", "r")
            run.execution_mode = execution
            try:
                return run.resume_async(n) if execution == "background" else run.resume(n)
            except RunsError:
                refused.append(n)
                raise
            finally:
                if len(refused) == 5:
                    gate.open()

        return answer

    outcomes = together(*(answering(n) for n in range(1, 7)))

    [winner] = [n for n, one in enumerate(outcomes, 1) if not isinstance(one, Exception)]
    assert sorted([*refused, winner]) == list(range(1, 7))
    assert {type(one) for one in outcomes if isinstance(one, Exception)} <= {
        AlreadyResumed,
        RunNotSuspended,
    }
    assert answers == ([winner] if execution == "inline" else [])
    entry = Run.objects.get().steps.get(path="s")
    assert entry.resume_payload == winner


@pytest.mark.django_db(transaction=True)
def test_two_questions_of_one_run_are_not_answered_twice_by_callers_at_once() -> None:
    """Each caller answers a question of its own; whoever finds the run moved on is told so."""
    suspended(asking_twice())

    def answering(step_id: str) -> Callable[[], Any]:
        return lambda: find_run("asking-twice", "r").resume(step_id, step=step_id)

    outcomes = together(answering("a"), answering("b"))

    run = find_run("asking-twice", "r")
    answered = dict(run.steps.exclude(path="").values_list("path", "resume_payload"))
    for step_id, outcome in zip("ab", outcomes, strict=True):
        if isinstance(outcome, Exception):
            assert isinstance(outcome, AlreadyResumed | RunNotSuspended)
            assert answered[step_id] is None
            outcome = run.resume(step_id, step=step_id)
        assert run.steps.get(path=step_id).resume_payload == step_id
    run.refresh_from_db()
    assert run.status == "success"
