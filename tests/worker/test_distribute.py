"""Distributed steps: performed by any worker, recorded by the one that drives their run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import transaction
from pydantic import BaseModel

from runs import NonRetryableError, TripWire, Workflow, create_step, create_workflow
from runs.exceptions import LeaseLost
from runs.models import MemberTask, Run, WorkerProcess
from runs.store import lease, members
from runs.testing import told
from runs.worker import helper, takeover
from runs.worker.abort import AbortSignal
from runs.worker.drive import drive_here
from runs.worker.helper import find_step
from tests.store.gallery import add, step
from tests.store.waiting import DEADLINE, Gate, until
from tests.worker.running import at_rest, running

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry", "background"),
]


class Item(BaseModel):
    n: int


def everything(distribute: bool) -> Workflow:
    """A workflow whose steps use all that a context offers."""
    tries: dict[int, int] = {}

    @create_step(distribute=distribute, input_schema=Item, retries=1)
    def item(ctx: Any) -> Any:
        n = ctx.input_data.n
        tries[n] = tries.get(n, 0) + 1
        if n == 1 and tries[n] == 1:
            raise ValueError("not yet")
        ctx.writer.write({"item": n})
        seen = [ctx.get_step_result("list"), ctx.get_init_data(), ctx.retry_count]
        return {"seen": seen, "locale": ctx.request_context["locale"]}

    @create_step(distribute=distribute)
    async def arm(ctx: Any) -> Any:
        await asyncio.sleep(0)
        ctx.set_state({"arm": ctx.state["count"] + 1})
        ctx.request_context["said"] = "by the arm"
        return len(ctx.get_step_result("inner") or ())

    @create_step(distribute=distribute)
    def ask(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"q": ctx.state["count"]}, resume_label="who")
        return [ctx.resume_data, ctx.suspend_data, ctx.resource_id, ctx.workflow_id]

    listing = step("list", lambda ctx: [{"n": n} for n in range(ctx.get_init_data()["count"])])
    inner = create_workflow("inner").then(listing).foreach(item, concurrency=3).commit()
    return create_workflow("w").then(inner).parallel([arm, ask]).then(step("end", _keep)).commit()


def _keep(ctx: Any) -> Any:
    return [ctx.input_data, ctx.state, ctx.request_context["said"]]


def _lived(flow: Workflow) -> tuple[Any, list[str]]:
    run = flow.create_run(run_id="r", resource_id="alice")
    context = {"locale": "es"}
    first = run.start({"count": 4}, initial_state={"count": 4}, request_context=context)
    assert first.status == "suspended"
    result = run.resume("me", label="who")
    types = sorted(event["type"] for event in told(run))
    run.delete()
    return result.result, types


def test_a_distributed_step_does_all_that_another_does() -> None:
    from runs.definition.registry import isolated_registry

    with running(), running():
        with isolated_registry():
            here = _lived(everything(distribute=False))
        with isolated_registry():
            elsewhere = _lived(everything(distribute=True))

    assert elsewhere == here
    assert here[0][1] == {"count": 4, "arm": 5}


def test_in_the_calling_process_it_runs_as_any_other_step() -> None:
    flow = create_workflow("w").foreach(step("s", lambda ctx: ctx.input_data, distribute=True))
    run = flow.commit().create_run(execution="inline")

    assert run.start([1, 2]).result == [1, 2]
    assert not MemberTask.objects.exists()


@pytest.mark.parametrize(
    ("error", "status", "tries"),
    [(ValueError("no"), "failed", 3), (NonRetryableError("no"), "failed", 1)],
)
def test_a_distributed_step_fails_as_another_does(
    error: Exception, status: str, tries: int
) -> None:
    ran: list[int] = []

    def body(ctx: Any) -> None:
        ran.append(ctx.retry_count)
        raise error

    run = create_workflow("w").then(step("s", body, distribute=True, retries=2)).commit()
    with running():
        result = run.create_run().start()

    assert (result.status, ran) == (status, list(range(tries)))
    assert result.error is not None
    assert result.error["message"] == "no"


def test_tripwires_bails_aborts_and_timeouts_come_through() -> None:
    def trip(ctx: Any) -> None:
        raise TripWire("stop", metadata={"why": 1})

    gate = Gate()
    bodies = {
        "tripwire": trip,
        "success": lambda ctx: ctx.bail("early"),
        "canceled": lambda ctx: ctx.abort(),
        "failed": lambda ctx: gate.stop(),
    }
    with running():
        for status, body in bodies.items():
            limit = 0.05 if status == "failed" else None
            one = step("s", body, distribute=True, timeout=limit)
            flow = create_workflow(status).then(one).then(add(1)).commit()
            result = flow.create_run().start({"n": 1})
            assert result.status == status
            assert result.result == ("early" if status == "success" else None)
        gate.open()
    until(lambda: not MemberTask.objects.exists())


def test_a_driver_that_leaves_finds_its_tasks_again_performed_by_another() -> None:
    gate, ran = Gate(), []

    def body(ctx: Any) -> str:
        ran.append(1)
        gate.stop()
        return "done"

    flow = create_workflow("w").then(step("s", body, distribute=True)).then(step("e", _same))
    with running() as stays:
        stays._helper.leave()  # it drives, and performs nothing
        run = flow.commit().create_run()
        run.start_async()
        until(lambda: MemberTask.objects.exists())
        with running() as performs:
            gate.wait_reached()
            stays.drain(DEADLINE)
            assert MemberTask.objects.get().worker == performs.id
            gate.open()
            assert at_rest(run) == ["success"]

    assert (ran, run.attempts.get().outcome().result) == ([1], "done")


def _same(ctx: Any) -> Any:
    return ctx.input_data


def test_a_report_that_was_written_is_used_by_whoever_takes_the_run_over() -> None:
    ran: list[int] = []
    flow = create_workflow("w").then(step("s", ran.append, distribute=True)).commit()
    run = flow.create_run()
    run.start_async()
    claim = lease.claim(run.pk, "dead")
    assert claim is not None
    [session] = takeover.open_claimed([claim])
    next(drive_here(session))
    members.post([members.Asked(run.pk, claim.fence, 1, "s", "0.0", {})])
    [task] = members.claim("other", 1)
    report = {"kind": "Succeeded", "answer": {"output": "once"}, "state": None}
    assert members.report(task, report | {"told": [], "context": {}, "aborts": False})
    assert not members.report(task, report)
    lease.give_up(run.pk, "dead")

    with running():
        assert at_rest(run) == ["success"]

    assert (ran, run.steps.get(path="s").output) == ([], "once")


def test_a_report_of_a_worker_that_was_late_changes_nothing() -> None:
    gate, ran = Gate(), []

    def body(ctx: Any) -> int:
        ran.append(1)
        number = len(ran)
        if number == 1:
            gate.stop()
        return number

    flow = create_workflow("w").then(step("s", body, distribute=True)).commit()
    with running(), running():
        run = flow.create_run()
        run.start_async()
        gate.wait_reached()
        MemberTask.objects.update(due_at=0, fence=7, worker="")
        assert at_rest(run) == ["success"]
        gate.open()

    assert (len(ran), run.steps.get(path="s").output) == (2, 2)


def test_a_body_that_waited_long_for_a_thread_begins_only_if_its_task_is_still_there() -> None:
    flow = create_workflow("w").then(step("s", lambda ctx: 1, distribute=True)).commit()
    run = flow.create_run()
    with running() as driver:
        driver._helper.leave()
        run.start_async()
        until(lambda: MemberTask.objects.exists())
    [task] = members.claim("me", 1)
    errand = helper._opened(task, AbortSignal())
    assert errand is not None
    errand._opened_at -= lease.lasts()
    MemberTask.objects.update(due_at=None)

    errand.prove()
    assert MemberTask.objects.get().due_at is not None

    MemberTask.objects.update(fence=task.fence + 1)
    with pytest.raises(LeaseLost):
        errand.prove()


def test_a_driver_that_lost_its_run_does_not_wait_for_ever() -> None:
    flow = create_workflow("w").then(step("s", lambda ctx: 1, distribute=True)).commit()
    run = flow.create_run()
    with running() as driver:
        driver._helper.leave()
        run.start_async()
        until(lambda: MemberTask.objects.exists())
        with transaction.atomic():  # else it could take the run up again in between
            lease.abandon(driver.id)
            Run.objects.update(due_at=None)
            MemberTask.objects.all().delete()

        until(lambda: not driver._sessions)


def test_a_task_that_takes_its_workers_down_fails_its_step(settings: Any) -> None:
    settings.RUNS_MAX_RECOVERIES = 2
    flow = create_workflow("w").then(step("s", lambda ctx: 1, distribute=True)).commit()
    run = flow.create_run()
    with running() as driver:
        driver._helper.leave()
        run.start_async()
        until(lambda: MemberTask.objects.exists())
        MemberTask.objects.update(fence=3, worker="dead", due_at=0)
        with running():
            assert at_rest(run) == ["failed"]

    assert run.error_message == (
        "The step was taken up 3 times by workers that died while it ran; "
        "it is not tried again (RUNS_MAX_RECOVERIES)"
    )


def test_nothing_of_a_canceled_run_begins() -> None:
    ran: list[int] = []
    flow = create_workflow("w").then(step("s", ran.append, distribute=True)).commit()
    run = flow.create_run()
    with running() as driver:
        driver._helper.leave()
        run.start_async()
        until(lambda: MemberTask.objects.exists())
        run.cancel()
        with running():
            assert at_rest(run) == ["canceled"]

    assert ran == []


def test_workers_share_what_there_is() -> None:
    run = create_workflow("w").then(add(1)).commit().create_run()
    members.post([members.Asked(run.pk, 0, 1, f"s[{n}]", "0.0", {"input": n}) for n in range(10)])
    members.post([members.Asked(run.pk, 5, 1, "of a driver that lost it", "0.0", {})])

    for name in ("a", "b"):
        WorkerProcess.objects.create(id=name, host="here", pid=1, slots=1)

    claims = [[task.path for task in members.claim(name, 100)] for name in ("a", "b", "a", "b")]

    assert [len(paths) for paths in claims] == [5, 3, 1, 1]
    assert sorted(path for paths in claims for path in paths) == sorted(
        f"s[{n}]" for n in range(10)
    )


def test_a_step_is_found_by_its_path_wherever_it_stands() -> None:
    leaf = step("a/b#1", lambda ctx: 1)
    inner = create_workflow("inner").parallel([leaf, add(1)]).commit()
    flow = create_workflow("w").foreach(inner).dountil(add(2), lambda ctx: True).commit()

    [inside] = [node for entry in inner.flow for node in entry.members if node.id == "a/b#1"]  # type: ignore[union-attr]
    assert find_step(flow, f"inner[3]!2/{inside.key}")[0].step is leaf
    assert find_step(flow, "add-2#4")[0].step.id == "add-2"


def test_what_a_canceled_or_deleted_run_left_behind_is_thrown_away() -> None:
    run = create_workflow("w").then(add(1)).commit().create_run()
    members.post([members.Asked(run.pk, 0, 1, "add-1", "0.0", {"input": {"n": 1}})])

    with running():
        until(lambda: not MemberTask.objects.exists())

    assert Run.objects.get().status == "pending"
