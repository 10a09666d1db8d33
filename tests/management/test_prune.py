"""Old runs are deleted, with all that hangs on them, and nothing else is."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from runs import Workflow, create_workflow
from runs.models import MemberTask, Run, RunEvent, RunKey, StepSnapshot
from runs.operations.pruning import Housekeeper, condition, prune_runs
from runs.store import pruning
from tests.store.gallery import add, ask, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


def aged(days: float, **columns: Any) -> None:
    """Let all runs be so old."""
    Run.objects.update(updated_at=timezone.now() - timedelta(days=days), **columns)


def finished(flow: Workflow, count: int = 1) -> list[Run]:
    runs = [flow.create_run(idempotency_key=f"{flow.id}-{n}") for n in range(count)]
    for run in runs:
        run.start({"n": 1})
    return runs


def adding(id: str = "w") -> Workflow:
    return create_workflow(id).then(add(1)).then(add(2)).commit()


def prune(*arguments: str) -> str:
    out = StringIO()
    call_command("prune_runs", *arguments, stdout=out)
    return out.getvalue()


def test_old_runs_go_with_all_that_hangs_on_them_and_young_ones_stay() -> None:
    flow = adding()
    finished(flow, 3)
    aged(31)
    young = flow.create_run()
    young.start({"n": 1})

    said = prune("--older-than", "30d", "--batch", "2")

    assert said == (
        "         3  w  success\nDeleted 3 runs with 18 run events, 3 run keys, 9 step snapshots.\n"
    )
    assert Run.objects.get() == young
    assert {event.run_id for event in RunEvent.objects.all()} == {young.pk}
    assert {entry.run_id for entry in StepSnapshot.objects.all()} == {young.pk}
    assert not RunKey.objects.exists()


def test_a_dry_run_says_the_same_and_deletes_nothing() -> None:
    finished(adding(), 3)
    aged(31)

    said = prune("--older-than", "30d", "--dry-run")

    assert said == (
        "         3  w  success\n"
        "Would delete 3 runs with 18 run events, 3 run keys, 9 step snapshots.\n"
    )
    assert Run.objects.count() == 3


def test_what_waits_for_somebody_goes_only_if_it_is_named() -> None:
    create_workflow("asks").then(ask()).commit().create_run().start()
    create_workflow("new").then(add(1)).commit().create_run()
    finished(adding())
    aged(31)

    assert "Deleted 1 runs" in prune("--older-than", "30d")
    assert sorted(Run.objects.values_list("status", flat=True)) == ["pending", "suspended"]
    assert "Deleted 1 runs" in prune("--older-than", "30d", "--status", "suspended,failed")
    assert Run.objects.get().status == "pending"


def test_it_keeps_to_workflows_and_statuses() -> None:
    finished(adding("one"))
    finished(adding("other"))

    def fail(ctx: Any) -> None:
        raise ValueError

    finished(create_workflow("one-fails").then(step("s", fail)).commit())
    aged(2)

    prune(
        "--older-than", "1d", "--workflow", "one", "--workflow", "one-fails", "--status", "failed"
    )

    assert sorted(Run.objects.values_list("workflow_id", flat=True)) == ["one", "other"]


def test_a_run_that_somebody_works_on_stays_even_if_it_is_named() -> None:
    finished(adding(), 2)
    aged(31, status="running")
    Run.objects.filter(pk=Run.objects.earliest("pk").pk).update(lease_owner="me")

    assert "Deleted 1 runs" in prune("--older-than", "30d", "--status", "running")
    assert Run.objects.get().lease_owner == "me"


def test_a_run_that_was_taken_up_again_meanwhile_stays() -> None:
    first, second = finished(adding(), 2)
    aged(31)
    batches = prune_runs(condition(timedelta(days=30)), batch=1)
    assert next(batches).total == 1
    Run.objects.filter(pk=second.pk).update(updated_at=timezone.now())

    assert [batch.total for batch in batches] == []
    assert Run.objects.get().pk == second.pk != first.pk


def test_a_batch_costs_the_same_statements_whatever_its_size() -> None:
    finished(adding(), 9)
    aged(31)
    batches = prune_runs(condition(timedelta(days=30)), batch=1)
    with CaptureQueriesContext(connection) as small:
        next(batches)
    batches = prune_runs(condition(timedelta(days=30)), batch=8)
    with CaptureQueriesContext(connection) as large:
        assert next(batches).total == 8

    assert len(large) == len(small)


def test_what_the_sites_own_records_protect_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task stands for a record of the site's: it is one that may be told to protect."""
    kept, gone = finished(adding(), 2)
    MemberTask.objects.create(run=kept, attempt=1, path="s", turn="0.0")
    aged(31)
    relation = Run._meta.get_field("member_tasks")
    monkeypatch.setattr(relation, "on_delete", models.PROTECT)

    said = prune("--older-than", "30d")

    assert said.endswith("Kept 1 runs that other records protect.\n")
    assert Run.objects.get().pk == kept.pk != gone.pk


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--older-than", "soon"], "'soon' is no age; write 30d, 12h, 90m or 2w"),
        (["--older-than", "1d", "--status", "old"], "There is no status 'old'"),
        (["--older-than", "1d", "--batch", "0"], "A batch has at least one run"),
        ([], "--older-than"),
    ],
)
def test_wrong_calls_say_what_is_wrong(arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        prune(*arguments)


@pytest.mark.django_db(transaction=True)
def test_workers_keep_finished_runs_as_long_as_they_are_told(settings: Any) -> None:
    finished(adding(), 3)
    aged(31)

    async def call(function: Any, *arguments: Any) -> Any:
        return await sync_to_async(function)(*arguments)

    def look() -> int:
        asyncio.run(Housekeeper().look(call))
        return Run.objects.count()

    assert look() == 3
    settings.RUNS_RETENTION_DAYS = 30.0
    assert look() == 0


def test_the_condition_is_told_by_what_is_stored() -> None:
    finished(adding())

    assert pruning.count(condition(timedelta(days=1))).total == 0
    assert pruning.count(condition(timedelta(0))).total == 1
