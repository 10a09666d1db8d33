"""What is drawn of a run, from what is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest

from runs import create_workflow
from runs.models import Run
from runs.models.fields import to_ms
from runs.ui.graph import Mark, read_graph
from runs.ui.run import rows as stored
from runs.ui.run.states import marks
from runs.ui.run.timeline import Timeline, timeline
from tests.store.gallery import add, ask, step

from .conftest import asking, failing, started

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def marked(run: Run) -> dict[str, Mark]:
    assert run.version is not None
    found = stored.load(run, run.attempt)
    return marks(found, read_graph(run.version.graph), to_ms(run.updated_at) or 0)


def statuses(run: Run) -> dict[str, str]:
    return {path: mark.status for path, mark in marked(run).items()}


def drawn(run: Run, later: int = 0) -> Timeline:
    line = timeline(stored.load(run, run.attempt), (to_ms(run.updated_at) or 0) + later)
    assert line is not None
    return line


def test_places_have_the_status_of_what_lies_there() -> None:
    run = started(asking(), {"n": 1})

    assert statuses(run) == {"add-1": "success", "ask": "suspended"}


def test_arms_that_were_not_taken_say_so() -> None:
    arms = [(lambda ctx: True, add(1, "yes")), (lambda ctx: False, add(2, "no"))]
    run = started(create_workflow("choosing").branch(arms).commit(), {"n": 1})

    assert statuses(run) == {
        "branch_0": "success",
        "yes": "success",
        "no": "skipped",
        "": "success",
    }


def test_a_block_is_what_the_worst_of_its_members_is() -> None:
    run = started(create_workflow("both").parallel([add(1), ask("ask")]).commit(), {"n": 1})

    assert statuses(run) == {"parallel_0": "suspended", "add-1": "success", "ask": "suspended"}


def test_a_foreach_counts_its_items() -> None:
    workflow = create_workflow("each").foreach(add(1)).commit()
    run = started(workflow, [{"n": n} for n in range(3)])

    assert marked(run)["add-1"].note.startswith("3 of 3 done, ")


def test_a_loop_shows_its_last_turn() -> None:
    workflow = create_workflow("loop").dountil(add(1), lambda ctx: ctx.input_data["n"] > 2).commit()
    run = started(workflow, {"n": 0})

    assert marked(run)["add-1"].note.startswith("turn 3, ")
    assert [(row.name, row.note, len(row.bars)) for row in drawn(run).rows] == [
        ("add-1", "turn 3", 3)
    ]


def test_what_is_nested_comes_below_what_it_is_nested_in() -> None:
    inner = create_workflow("inner").then(add(1, "deep")).commit()
    run = started(create_workflow("outer").then(inner).then(add(2)).commit(), {"n": 1})

    shown = [(row.name, row.depth, row.bars[0].form) for row in drawn(run).rows]

    assert shown == [("inner", 0, "frame"), ("deep", 1, "work"), ("add-2", 0, "work")]
    assert statuses(run) == dict.fromkeys(("inner", "inner/deep", "add-2", ""), "success")


def test_tries_are_bars_of_their_own() -> None:
    run = started(failing(), {"fails": True})

    row = drawn(run).rows[0]

    assert [(bar.form, bar.status) for bar in row.bars] == [("work", "failed")] * 2
    assert [bar.says.partition(",")[0] for bar in row.bars] == [
        "charge: try 1: no funds",
        "charge: try 2: no funds",
    ]
    assert row.note == "2 tries"


def test_waits_are_hollow_and_long_ones_folded() -> None:
    run = started(asking(), {"n": 1})

    line = drawn(run, later=3_600_000)

    assert [bar.form for bar in line.rows[1].bars] == ["work", "wait"]
    assert len(line.folds) == 1
    assert not line.growing


def test_items_share_the_row_of_their_foreach() -> None:
    workflow = create_workflow("each").foreach(add(1)).commit()
    run = started(workflow, [{"n": n} for n in range(4)])

    (row,) = drawn(run).rows

    assert [bar.form for bar in row.bars] == ["frame", *["work"] * 4]
    assert row.note == "4 of 4"


def test_a_long_run_is_shown_from_its_head_and_its_tail() -> None:
    flow = create_workflow("long")
    for number in range(310):
        flow = flow.then(add(0, f"s{number}"))
    run = started(flow.commit(), {"n": 1})

    line = drawn(run)

    assert (len(line.rows), line.hidden) == (300, 10)
    assert (line.rows[0].name, line.rows[-1].name) == ("s0", "s309")


def test_a_step_that_was_running_when_its_run_was_canceled_is_canceled() -> None:
    def body(ctx: Any) -> Any:
        ctx.abort()
        return {"n": 1}

    workflow = create_workflow("stopping").then(step("stop", body)).then(add(1)).commit()
    run = started(workflow, {"n": 1})

    assert run.status == "canceled"
    assert "running" not in statuses(run).values()


def test_an_attempt_that_goes_back_in_time_begins_when_it_does() -> None:
    first = started(asking(), {"n": 1})
    first.time_travel("ask")
    run = Run.objects.get()

    again = {row.path: row for row in stored.load(run, 2)}

    assert stored.began_at(again.values(), 2) == again["ask"].started_at
    assert stored.began_at(again.values(), 1) == again[""].started_at
    assert [row.name for row in drawn(run).rows] == ["ask"]


def test_nothing_is_drawn_of_a_run_that_has_not_begun() -> None:
    run = asking().create_run(run_id="r")

    assert timeline(stored.load(run, 1), 0) is None


def test_very_many_items_are_drawn_as_the_stretches_they_make() -> None:
    each = step("each", lambda ctx: {"n": 1})
    many = create_workflow("many").foreach(each, concurrency=50).commit()
    run = started(many, [{"n": n} for n in range(200)])

    frame, *bars = drawn(run).rows[0].bars

    assert frame.form == "frame"
    assert len(bars) < 150
    assert sum(int(bar.says.split()[0]) for bar in bars if "together" in bar.says) > 150
    assert {(bar.form, bar.status) for bar in bars} == {("work", "success")}
