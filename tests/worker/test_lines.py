"""Runs that may only be executed a few at a time, and runs that are more urgent than others."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from runs import ConcurrencyLimit, Workflow, create_workflow
from runs.exceptions import DefinitionError, InvalidInput, RequestError
from runs.models import Run
from runs.store import lease, lines
from tests.store.gallery import step
from tests.store.waiting import Gate, together, until
from tests.worker.running import running

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


class Crowd:
    """A body that counts who is inside at the same moment, by the ``who`` of their input.

    It lets nobody out before so many were inside at once.
    """

    def __init__(self, least: int = 1) -> None:
        self._least, self._lock = least, threading.Lock()
        self._inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.order: list[Any] = []

    def __call__(self, ctx: Any) -> None:
        who = (ctx.input_data or {}).get("who", "")
        with self._lock:
            self.order.append((ctx.input_data or {}).get("n"))
            self._inside[who] += 1
            self.most[who] = max(self.most[who], self._inside[who])
        until(lambda: self.most[who] >= self._least)
        ctx.abort_signal.wait_aborted(0.005)
        with self._lock:
            self._inside[who] -= 1


def limited(body: Any, limit: ConcurrencyLimit | None, **options: Any) -> Workflow:
    return create_workflow("w", concurrency=limit, **options).then(step("s", body)).commit()


def started(flow: Workflow, *inputs: Any) -> list[Run]:
    runs = [flow.create_run() for _ in inputs]
    for run, input_data in zip(runs, inputs, strict=True):
        run.start_async(input_data)
    return runs


def finished(*runs: Run) -> None:
    pks = [run.pk for run in runs]
    until(lambda: Run.objects.filter(pk__in=pks, status="success").count() == len(pks))
    assert not Run.objects.filter(queued_at__isnull=False).exists()


def tired() -> list[tuple[int, bool, bool]]:
    """By run: how often its row was taken up, whether it is due, and whether it stands in line."""
    rows = Run.objects.order_by("pk").values_list("fence", "due_at", "queued_at")
    return [(fence, due is not None, queued is not None) for fence, due, queued in rows]


# --- limits ----------------------------------------------------------------------------------


def test_no_more_runs_of_a_workflow_are_executed_at_a_time_than_it_allows() -> None:
    crowd = Crowd(least=2)
    with ExitStack() as workers:
        for _ in range(3):
            workers.enter_context(running())
        finished(*started(limited(crowd, ConcurrencyLimit(2)), *[None] * 12))

    assert crowd.most == {"": 2}


def test_each_key_has_a_limit_of_its_own() -> None:
    crowd = Crowd()
    flow = limited(crowd, ConcurrencyLimit(1, key="who"))
    with running(), running():
        finished(*started(flow, *[{"who": who} for who in ("a", "b", "c") * 4]))

    assert crowd.most == {"a": 1, "b": 1, "c": 1}


def test_a_line_is_served_in_its_order() -> None:
    crowd = Crowd()
    runs = started(limited(crowd, ConcurrencyLimit(1)), *[{"n": n} for n in range(8)])
    with running():
        finished(*runs)

    assert crowd.order == list(range(8))


def test_a_full_line_keeps_nobody_else_waiting(settings: Any) -> None:
    settings.RUNS_WORKER_SLOTS = 4
    gate = Gate()
    other = create_workflow("other").then(step("s", lambda ctx: "done")).commit()
    crowded = started(limited(lambda ctx: gate.stop(), ConcurrencyLimit(1)), *[None] * 12)
    with running():
        gate.wait_reached()
        finished_first = started(other, *[None] * 5)
        pks = [run.pk for run in finished_first]
        until(lambda: Run.objects.filter(pk__in=pks, status="success").count() == 5)
        gate.open()
        finished(*crowded)


def test_a_sleeping_or_suspended_run_has_no_place() -> None:
    flow = create_workflow("w", concurrency=ConcurrencyLimit(1)).sleep(3600).commit()
    asking = create_workflow("a", concurrency=ConcurrencyLimit(1))
    asking.then(step("ask", lambda ctx: ctx.suspend())).commit()
    with running():
        started(flow, *[None] * 3)
        until(lambda: Run.objects.filter(status="waiting").count() == 3)
        questions = started(asking, *[None] * 3)
        until(lambda: Run.objects.filter(status="suspended").count() == 3)

    assert {Run.objects.get(pk=run.pk).status for run in questions} == {"suspended"}


def test_a_place_whose_owner_died_is_taken_by_the_run_that_had_it_or_the_next(
    settings: Any,
) -> None:
    settings.RUNS_LEASE_SECONDS = 1000
    crowd = Crowd()
    runs = started(limited(crowd, ConcurrencyLimit(1)), *[{"n": n} for n in range(3)])
    claim = lease.claim(runs[0].pk, "dead")
    assert claim is not None
    assert claim.run_pk == runs[0].pk
    with running():
        assert crowd.order == []
        lease.give_up(runs[0].pk, "dead")
        finished(*runs)

    runs[0].refresh_from_db()
    assert (sorted(crowd.order), crowd.most, runs[0].recoveries) == ([0, 1, 2], {"": 1}, 0)


def test_what_is_canceled_in_a_line_leaves_it() -> None:
    gate = Gate()
    runs = started(limited(lambda ctx: gate.stop(), ConcurrencyLimit(1)), *[None] * 3)
    with running():
        gate.wait_reached()
        until(lambda: Run.objects.filter(queued_at__isnull=False).count() == 2)
        runs[1].cancel()
        assert (runs[1].status, runs[1].queued_at, runs[1].is_finished) == ("canceled", None, True)
        gate.open()
        finished(runs[0], runs[2])


def test_a_deleted_run_makes_room_for_the_next() -> None:
    flow = limited(Crowd(), ConcurrencyLimit(1))
    first, second = started(flow, None, None)
    assert lease.claim(first.pk, "dead") is not None
    assert lease.claim(second.pk, "me") is None

    flow.delete_workflow_run_by_id(first.run_id)

    claim = lease.claim(second.pk, "me")
    assert claim is not None
    assert claim.run_pk == second.pk


def test_a_line_that_was_forgotten_moves_on_again() -> None:
    flow = limited(Crowd(), ConcurrencyLimit(1))
    first, second = started(flow, None, None)
    lease.claim_due("dead", 5)
    Run.objects.filter(pk=first.pk).delete()
    assert lease.claim_due("me", 5) == []

    lines.move_up(lines.forgotten(), lease.now_ms())

    assert [claim.run_pk for claim in lease.claim_due("me", 5)] == [second.pk]


def test_of_many_claimers_at_once_no_more_than_the_limit_win() -> None:
    started(limited(Crowd(), ConcurrencyLimit(3)), *[None] * 12)

    rounds = [
        lambda owner=f"w{n}": lease.claim_due(owner, 5)  # type: ignore[misc]
        for n in range(8)
    ]
    won = [claim.run_pk for claims in together(*rounds) for claim in claims]

    assert len(won) == len(set(won)) == 3
    held = Run.objects.exclude(lease_owner="").filter(due_at__gt=timezone.now())
    assert sorted(held.values_list("pk", flat=True)) == sorted(won)


def test_what_one_worker_has_no_room_for_another_takes() -> None:
    started(limited(Crowd(), ConcurrencyLimit(4)), *[None] * 6)

    first, second, third = (lease.claim_due(owner, 2) for owner in ("a", "b", "c"))

    assert [len(claims) for claims in (first, second, third)] == [2, 2, 0]
    assert sorted(due for _, due, _ in tired()) == [False, False, True, True, True, True]


def test_a_claim_costs_the_same_however_long_the_line_is() -> None:
    flow = limited(Crowd(), ConcurrencyLimit(1))
    started(flow, *[None] * 5)
    lease.claim_due("a", 5)
    with CaptureQueriesContext(
        connection,
    ) as few:
        started(flow, None)
        lease.claim_due("b", 5)
    started(flow, *[None] * 20)
    lease.claim_due("b", 50)
    with CaptureQueriesContext(connection) as many:
        started(flow, None)
        lease.claim_due("b", 5)

    assert len(many) == len(few)


def test_an_input_that_has_no_key_shares_a_line_and_a_function_may_tell_it() -> None:
    path = ConcurrencyLimit(1, key="order.customer")
    function = ConcurrencyLimit(1, key=lambda data: data["n"] % 2)

    assert path.line_of("w", {"order": {"customer": "c7"}}) == 'w:"c7"'
    assert path.line_of("w", None) == path.line_of("w", {"order": 3}) == "w:null"
    assert function.line_of("w", {"n": 5}) == "w:1"
    assert len(path.line_of("w", {"order": {"customer": "x" * 500}})) == 66


def test_a_key_that_cannot_be_told_refuses_the_start() -> None:
    flow = limited(Crowd(), ConcurrencyLimit(1, key=lambda data: data["who"]))
    run = flow.create_run()

    with pytest.raises(InvalidInput, match="concurrency key of workflow 'w' cannot be told"):
        run.start_async({})

    run.refresh_from_db()
    assert run.status == "pending"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda: ConcurrencyLimit(0), "limit is a whole number, 1 or more"),
        (lambda: ConcurrencyLimit(1, key=""), "key is a path into the input, or a function"),
        (lambda: create_workflow("x", concurrency=3), "concurrency is a ConcurrencyLimit"),  # type: ignore[typeddict-item]
        (lambda: create_workflow("x", priority=1000), "priority is a whole number from -100"),
    ],
)
def test_wrong_limits_are_refused(wrong: Any, complaint: str) -> None:
    with pytest.raises(DefinitionError, match=complaint):
        wrong()


# --- priorities ------------------------------------------------------------------------------


def test_the_more_urgent_run_is_taken_up_first_then_the_older(settings: Any) -> None:
    settings.RUNS_WORKER_SLOTS = 1
    crowd = Crowd()
    urgent = create_workflow("urgent", priority=7).then(step("s", crowd)).commit()
    usual = create_workflow("usual").then(step("s", crowd)).commit()
    runs = [
        *started(usual, {"n": 4}, {"n": 5}),
        *started(urgent, {"n": 2}, {"n": 3}),
        usual.create_run(priority=50),
        usual.create_run(priority=-1),
    ]
    runs[-2].start_async({"n": 1})
    runs[-1].start_async({"n": 6})

    with running():
        finished(*runs)

    assert crowd.order == [1, 2, 3, 4, 5, 6]


def test_in_a_line_the_more_urgent_run_is_ahead() -> None:
    crowd = Crowd()
    flow = limited(crowd, ConcurrencyLimit(1))
    runs = [flow.create_run(priority=priority) for priority in (0, 5, 10)]
    for run in runs:
        run.start_async({"n": run.priority})

    with running():
        finished(*runs)

    assert crowd.order == [10, 5, 0]


def test_a_priority_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match="from -100 to 100, not 101"):
        limited(Crowd(), None).create_run(priority=101)


def test_claims_read_no_more_than_is_due() -> None:
    """Neither what sleeps nor what is finished is looked through."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL chooses by the size of the table")
    started(limited(Crowd(), ConcurrencyLimit(1)), *[None] * 3)
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        lease.claim_due("me", 5)

    selects = [q["sql"] for q in asked.captured_queries if q["sql"].startswith("SELECT")]
    with connection.cursor() as cursor:
        for sql in selects:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
            assert any("USING" in line and "runs_run_" in line for line in plan), (sql, plan)
            assert not any("TEMP B-TREE" in line for line in plan), (sql, plan)
