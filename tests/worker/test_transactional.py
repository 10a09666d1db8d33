"""Steps whose rows commit together with their record. The rows here are Django's groups."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection, transaction

from runs import Workflow, create_workflow
from runs.models import Run
from runs.store import lease
from runs.testing import crash, crash_after, told
from tests.store.gallery import step
from tests.store.waiting import DEADLINE, Gate, until
from tests.worker import dying
from tests.worker.running import at_rest, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]

ROOT = Path(__file__).resolve().parent.parent.parent
#: Seconds of a lease whose end is waited for.
SHORT_LEASE = dying.LEASE_SECONDS
Drive = Callable[[Run, Any], Any]


def here(run: Run, input_data: Any) -> str:
    return run.start(input_data).status


def on_a_loop(run: Run, input_data: Any) -> str:
    return asyncio.run(run.astart(input_data)).status


def by_a_worker(run: Run, input_data: Any) -> str:
    run.execution_mode = "background"
    with running():
        return run.start(input_data).status


everywhere = pytest.mark.parametrize("drive", [here, on_a_loop, by_a_worker])


def writing(body: Callable[[Any], Any] | None = None, id: str = "write", **options: Any) -> Any:
    """A transactional step that makes a group, then does what ``body`` does."""

    def write(ctx: Any) -> Any:
        Group.objects.create(name=f"{ctx.input_data}:{id}:{ctx.resume_data}:{ctx.run_id}")
        return body(ctx) if body else {"made": True}

    return step(id, write, transactional=True, **options)


def made(flow: Workflow) -> Run:
    return flow.commit().create_run(run_id="r")


def groups() -> list[str]:
    return sorted(name.partition(":")[0] for name in Group.objects.values_list("name", flat=True))


# --- both ------------------------------------------------------------------------------------


@everywhere
def test_rows_and_record_are_there(drive: Drive) -> None:
    run = made(create_workflow("w").then(writing()).then(step("next", lambda ctx: ctx.input_data)))

    assert drive(run, "g") == "success"

    assert groups() == ["g"]
    assert [row.output for row in run.attempts.get().steps] == [{"made": True}, {"made": True}]
    assert [event.seq for event in run.events.all()] == list(range(run.events.count()))


@everywhere
def test_a_body_reads_the_rows_of_its_own_transaction_and_nobody_else_does(drive: Drive) -> None:
    seen: list[bool] = []

    def look(ctx: Any) -> Any:
        seen.append(
            connection.in_atomic_block and Group.objects.filter(name__startswith="g:").exists()
        )
        assert not run.steps.filter(path="write", status="success").exists()

    run = made(create_workflow("w").then(writing(look)))

    assert (drive(run, "g"), seen) == ("success", [True])


@everywhere
def test_a_suspension_commits_what_the_body_wrote_before_it(drive: Drive) -> None:
    def ask(ctx: Any) -> Any:
        return ctx.suspend({"q": 1}) if ctx.resume_data is None else ctx.resume_data

    run = made(create_workflow("w").then(writing(ask)))

    assert drive(run, "g") == "suspended"
    assert groups() == ["g"]
    assert run.resume("yes").result == "yes" if drive is here else True


@everywhere
def test_state_and_what_the_body_writes_to_the_stream_are_kept_too(drive: Drive) -> None:
    def body(ctx: Any) -> Any:
        ctx.set_state({"seen": 1})
        ctx.writer.write("on the way")
        return ctx.bail("enough")

    run = made(create_workflow("w").then(writing(body)).then(writing(id="after")))

    assert drive(run, "g") == "success"
    assert run.attempts.get().outcome(include_state=True).state == {"seen": 1}
    assert [event["payload"]["output"] for event in told(run) if "output" in event["type"]] == [
        "on the way"
    ]


@everywhere
def test_members_of_a_foreach_commit_one_by_one(drive: Drive) -> None:
    inner = create_workflow("inner").then(writing()).commit()
    run = made(create_workflow("w").foreach(inner, concurrency=3))

    assert drive(run, ["a", "b", "c", "d"]) == "success"

    assert groups() == ["a", "b", "c", "d"]
    assert [event.seq for event in run.events.all()] == list(range(run.events.count()))


@everywhere
def test_it_stands_beside_ordinary_steps_of_a_parallel(drive: Drive) -> None:
    async def wait(ctx: Any) -> str:
        ctx.writer.write("beside")
        await asyncio.sleep(0.01)
        return "waited"

    other = step("other", lambda ctx: "plain")
    run = made(
        create_workflow("w").parallel([step("wait", wait), writing(), other, writing(id="again")])
    )

    assert drive(run, "g") == "success"
    assert len(groups()) == 2


# --- neither ---------------------------------------------------------------------------------


@everywhere
def test_a_try_that_raises_leaves_no_rows_and_the_next_one_does(drive: Drive) -> None:
    tries: list[int] = []

    def fail_twice(ctx: Any) -> str:
        tries.append(ctx.retry_count)
        if len(tries) < 3:
            raise ValueError("not yet")
        return "at last"

    run = made(create_workflow("w").then(writing(fail_twice, retries=2)))

    assert drive(run, "g") == "success"
    assert (tries, groups()) == ([0, 1, 2], ["g"])


@everywhere
def test_a_constraint_that_is_checked_at_the_commit_fails_the_step(drive: Drive) -> None:
    def point_nowhere(ctx: Any) -> str:
        ctx.set_state({"of": "the failed try"})
        ctx.writer.write("before")
        User.groups.through.objects.create(user_id=987_654, group_id=987_654)
        return "well"

    run = made(create_workflow("w").then(writing(point_nowhere)))

    assert drive(run, "g") == "failed"

    run.refresh_from_db()
    assert "constraint" in run.error_message.lower()
    assert groups() == []
    entry = run.steps.get(path="write")
    assert (entry.status, entry.output, entry.tries) == ("failed", None, 1)
    assert run.attempts.get().outcome(include_state=True).state == {}
    assert [event["type"] for event in told(run)] == [
        "workflow-start",
        "workflow-step-start",
        "workflow-step-output",
        "workflow-step-result",
        "workflow-finish",
    ]


@everywhere
def test_a_body_may_take_its_rows_back_and_succeed(drive: Drive) -> None:
    run = made(create_workflow("w").then(writing(lambda ctx: transaction.set_rollback(True))))

    assert (drive(run, "g"), groups()) == ("success", [])


@everywhere
def test_what_is_to_follow_the_commit_follows_it_and_cannot_undo_it(drive: Drive) -> None:
    followed: list[bool] = []

    def announce(ctx: Any) -> None:
        def tell() -> None:
            followed.append(run.steps.filter(path="write", status="success").exists())
            raise RuntimeError("the post is on strike")

        transaction.on_commit(tell)

    run = made(create_workflow("w").then(writing(announce)))

    assert (drive(run, "g"), followed, groups()) == ("success", [True], ["g"])


def go_away() -> None:
    """The database fails in the middle of the transaction, once: disk full, server restarted."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return
    driver = connection.connection
    [pages] = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {pages}")
    try:
        for n in count(step=1000):  # free pages are taken first
            Group.objects.bulk_create(Group(name=f"{n + at:0150}") for at in range(1000))
    finally:
        driver.execute(f"PRAGMA max_page_count = {2**30}")


@everywhere
def test_an_outage_of_the_database_is_no_failed_try(drive: Drive, settings: Any) -> None:
    settings.RUNS_LEASE_SECONDS = SHORT_LEASE
    bodies: list[int] = []

    def meet_an_outage(ctx: Any) -> int:
        bodies.append(1)
        if len(bodies) == 1:
            go_away()
        return len(bodies)

    run = made(create_workflow("w").then(writing(meet_an_outage)))
    if drive is by_a_worker:
        assert drive(run, "g") == "success"
    else:
        with pytest.raises(OperationalError):
            drive(run, "g")
        assert groups() == []
        until(lambda: not lease.is_held(Run.objects.get()))
        assert run.restart().result == 2

    assert (groups(), run.steps.get(path="write").tries) == (["g"], 0)


def test_a_step_that_takes_too_long_leaves_no_rows_although_it_ends() -> None:
    ended = Gate()

    def dawdle(ctx: Any) -> None:
        ctx.abort_signal.wait_aborted(1)
        ended.pass_by()

    run = made(create_workflow("w").then(writing(dawdle, timeout=0.05)))
    run.execution_mode = "background"
    with running():
        run.start_async("g")
        assert at_rest(run) == ["failed"]
        ended.wait_reached()

    assert (run.error_message, groups()) == ("Step 'write' took longer than 0.05 s", [])


@pytest.mark.parametrize(("moment", "left"), [("before", 0), ("after", 1)])
def test_a_process_that_dies_leaves_both_or_neither(moment: str, left: int) -> None:
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", dying.__name__, database, moment]
    assert subprocess.run(command, cwd=ROOT).returncode == dying.EXIT_CODE

    assert len(groups()) == left
    run = Run.objects.get()
    assert run.steps.filter(path="write", status="success").count() == left

    dying.define_workflow("never")
    until(lambda: not lease.is_held(Run.objects.get()))
    assert (run.restart().result, groups()) == ("written", ["written"])


def test_a_crash_before_the_commit_leaves_neither_and_the_restart_makes_both() -> None:
    run = made(create_workflow("w").then(writing()))

    with crash_after("write"):
        run.start("g")
    assert (groups(), run.steps.filter(status="success").count()) == ([], 0)

    assert run.restart().status == "success"
    assert groups() == ["g"]


def test_a_crash_after_the_commit_leaves_both_and_nothing_runs_again() -> None:
    def die_after_commit(ctx: Any) -> None:
        transaction.on_commit(crash)

    after = step("after", lambda ctx: "done")
    run = made(create_workflow("w").then(writing(die_after_commit)).then(after))
    with pytest.raises(Exception, match="taken this run over"):
        run.start("g")
    assert (groups(), run.steps.filter(status="success").count()) == (["g"], 1)

    assert run.restart().result == "done"
    assert groups() == ["g"]


@pytest.mark.parametrize("drive", [here, by_a_worker])
def test_a_lost_lease_takes_the_rows_back(drive: Drive, settings: Any) -> None:
    settings.RUNS_LEASE_SECONDS = SHORT_LEASE
    bodies: list[int] = []

    def lose_lease(ctx: Any) -> int:
        bodies.append(1)
        if len(bodies) == 1:
            assert lease.abandon(Run.objects.get(pk=run.pk).lease_owner) == 1
        return len(bodies)

    run = made(create_workflow("w").then(writing(lose_lease)))

    if drive is here:
        with pytest.raises(Exception, match="taken this run over"):
            run.start("g")
        assert groups() == []
        assert run.restart().result == 2
    else:
        assert drive(run, "g") == "success"
    assert groups() == ["g"]


def test_within_a_transaction_of_the_caller_all_of_it_vanishes_together() -> None:
    flow = create_workflow("w").then(writing()).commit()

    with transaction.atomic():
        run = flow.create_run()
        assert run.start("g").status == "success"
        assert groups() == ["g"]
        transaction.set_rollback(True)

    assert (groups(), Run.objects.count()) == ([], 0)


def test_a_canceled_run_keeps_what_its_open_transaction_came_to() -> None:
    gate = Gate()

    def wait(ctx: Any) -> str:
        gate.pass_by()
        assert ctx.abort_signal.wait_aborted(DEADLINE)
        return "ended"

    run = made(create_workflow("w").then(writing(wait)).then(writing(id="after")))
    if connection.vendor != "postgresql":
        pytest.skip("while the transaction is open nobody else can write, not even a cancel")
    run.execution_mode = "background"
    with running():
        run.start_async("g")
        gate.wait_reached()
        run.cancel()
        assert at_rest(run) == ["canceled"]

    assert (groups(), run.steps.get(path="write").output) == (["g"], "ended")


def test_other_runs_of_the_worker_go_on_while_transactions_come_and_go() -> None:
    flow = create_workflow("w").then(writing()).then(writing(id="again")).commit()
    plain = create_workflow("p").then(step("s", lambda ctx: ctx.input_data)).commit()
    runs = [of.create_run(execution="background") for of in [flow, plain] * 15]
    with running(), running():
        for run in runs:
            run.start_async("g")
        assert at_rest(*runs) == ["success"] * 30

    assert len(groups()) == 30
    until(lambda: not Run.objects.exclude(lease_owner="").exists())
