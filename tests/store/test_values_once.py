"""A value is stored where it came from, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from runs import Step, create_workflow
from runs.models import Run, StepSnapshot
from tests.store.gallery import step
from tests.store.tables import payload_bytes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]

SIZE = 100_000
#: Values of their own: what two steps put out is not the same text by chance.
TEXTS = [chr(ord("a") + n) * SIZE for n in range(12)]


def payloads(run: Run) -> float:
    """The bytes of all rows of a run, in payloads."""
    return payload_bytes(run.pk) / SIZE


def maker(n: int) -> Step:
    return step(f"s{n}", lambda ctx: {"text": TEXTS[n]})


def test_a_chain_of_ten_steps_stores_ten_payloads() -> None:
    flow = create_workflow("chain")
    for n in range(10):
        flow.then(maker(n))
    run = flow.commit().create_run()

    result = run.start({})

    assert result.result == {"text": TEXTS[9]}
    assert payloads(run) <= 10 * 1.1


def test_a_payload_that_is_passed_through_is_stored_by_each_step_and_as_the_input() -> None:
    flow = create_workflow("chain")
    for n in range(10):
        flow.then(step(f"s{n}", lambda ctx: ctx.input_data))
    run = flow.commit().create_run()

    result = run.start({"text": TEXTS[0]})

    assert result.result == {"text": TEXTS[0]}
    assert payloads(run) <= 11 * 1.01


def test_the_input_of_a_run_is_stored_once_however_many_steps_read_it() -> None:
    flow = create_workflow("parallel").parallel([step(f"s{n}", lambda ctx: 1) for n in range(5)])
    run = flow.commit().create_run()

    run.start({"text": TEXTS[0]})

    assert payloads(run) <= 1.1


def test_waits_nested_workflows_and_blocks_store_what_they_hand_on_by_name() -> None:
    inner = create_workflow("inner").then(maker(0)).commit()
    flow = create_workflow("outer").then(inner).sleep(0.001).parallel([maker(1), maker(2)])
    flow.branch([(lambda ctx: True, step("sum", lambda ctx: sorted(ctx.input_data)))])
    run = flow.commit().create_run()

    result = run.start({})

    assert result.result == {"sum": ["s1", "s2"]}
    assert payloads(run) <= 3 * 1.1


def test_items_of_a_foreach_are_stored_in_its_input_and_their_outputs_with_them() -> None:
    answer = step("answer", lambda ctx: {"text": ctx.input_data["text"][::-1] + "!"})
    flow = create_workflow("foreach").then(step("make", lambda ctx: _texts(4)))
    run = flow.foreach(answer, concurrency=2).then(step("end", lambda ctx: 0)).commit().create_run()

    run.start({})

    assert payloads(run) <= 8 * 1.1


def _texts(count: int) -> list[dict[str, str]]:
    return [{"text": text} for text in TEXTS[:count]]


def test_an_iteration_of_a_loop_stores_its_output_only() -> None:
    def body(ctx: Any) -> Any:
        return {"text": TEXTS[ctx.input_data.get("n", 0)], "n": ctx.input_data.get("n", 0) + 1}

    again = create_workflow("loop").dowhile(step("body", body), lambda ctx: ctx.input_data["n"] < 5)
    run = again.commit().create_run()

    run.start({})

    assert payloads(run) <= 5 * 1.1


def test_a_new_attempt_stores_nothing_again_of_what_it_keeps() -> None:
    flow = create_workflow("travelled")
    for n in range(6):
        flow.then(maker(n))
    run = flow.commit().create_run()
    run.start({})

    run.time_travel("s5")

    assert StepSnapshot.objects.filter(run=run, attempt=2).count() == 7
    assert payloads(run) <= 7 * 1.1


def test_suspending_and_resuming_repeats_no_input() -> None:
    def ask(ctx: Any) -> Any:
        return ctx.suspend({"q": 1}) if ctx.resume_data is None else {"a": ctx.resume_data}

    flow = create_workflow("asked").then(maker(0)).then(step("ask", ask)).commit()
    run = flow.create_run()
    run.start({})

    run.resume({"yes": True})

    assert payloads(run) <= 1.1
