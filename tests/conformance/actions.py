"""What a case does to its runs, and the record of it.

A ``Session`` plays one case. The database is the case's storage; a ``Process`` is one life of
the engine over it, ended by ``reload`` or by a body that crashes.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from copy import deepcopy
from typing import Any

from django.db.models import Q

from runs import Workflow, operations, testing
from runs.definition.registry import isolated_registry
from runs.models import Run, RunEvent, StepSnapshot

from .build import Case, build_workflows
from .calls import call_run
from .compare import Record
from .normalise import normaliser
from .world import Process, World

Action = dict[str, Any]

#: A crashing process is left alone until nothing has happened in it for so long.
CRASH_SETTLE_SECONDS = 0.04
#: How long ``startAsync`` and ``resumeAsync`` wait for the run to come to rest, and how often they
#: look; how long a cancel waits for it to come to where it waits.
REST_SECONDS, REST_POLL_SECONDS = 20.0, 0.01
CANCEL_SECONDS = 2.0

_READS = frozenset({"snapshot", "getRun", "listRuns", "reload"})
_WITHOUT_LOG = _READS | {"newRun", "seed"}
_MOVING = frozenset({"pending", "running", "waiting"})


class Session:
    def __init__(self, case: Case) -> None:
        # Bodies hand out parts of the case; a copy keeps what they do to them from the caller.
        self.case: Case = deepcopy(case)
        self.records: list[Record] = []
        #: Where the exceptions recorded as ``throws`` came from, by action.
        self.traces: dict[int, str] = {}
        self.world = World()
        self.run_ids: dict[str, str] = {}
        self.normal = normaliser(self.run_ids)
        self._registry = ExitStack()
        self._timers: set[asyncio.Task[None]] = set()
        # A stream that a crash interrupts is dropped by nobody: what it drives stays as it was.
        self._streams: list[Any] = []

    async def play(self) -> None:
        """Perform every action; ``records`` grows meanwhile and is readable at any time."""
        self._boot()
        try:
            for action in self.case["actions"]:
                self.records.append({})
                await self._perform(action, self.records[-1])
        finally:
            await self._die()
            for timer in self._timers:
                timer.cancel()
            self._registry.close()

    # --- processes ----------------------------------------------------------------------------

    def _boot(self) -> None:
        self._registry.close()
        self._registry.enter_context(isolated_registry())
        self.process = Process(self.world)
        self.workflows = build_workflows(self.case, self.process)
        self.runs: dict[str, Run] = {}

    async def _die(self) -> None:
        self.process.is_alive = False
        await testing.acrash()

    async def _reload(self, _action: Action, _record: Record) -> None:
        await self._die()
        self._boot()

    async def _unless_it_crashes(self, work: asyncio.Task[None], record: Record) -> None:
        crashed = asyncio.create_task(self.process.crashed.wait())
        await asyncio.wait({work, crashed}, return_when=asyncio.FIRST_COMPLETED)
        crashed.cancel()
        if work.done():
            return work.result()
        await self._settle()
        await self._die()
        work.cancel()
        await asyncio.wait({work}, timeout=CRASH_SETTLE_SECONDS)
        record["crashed"] = True
        self._boot()

    async def _settle(self) -> None:
        before, now = None, await self._happened()
        while now != before:
            await asyncio.sleep(CRASH_SETTLE_SECONDS)
            before, now = now, await self._happened()

    async def _happened(self) -> tuple[int, int, list[Any]]:
        """What tells whether something goes on: the log, and what is stored."""
        rows = StepSnapshot.objects.order_by("pk").values_list("pk", "status")
        return len(self.world.log), await RunEvent.objects.acount(), [row async for row in rows]

    # --- one action ---------------------------------------------------------------------------

    async def _perform(self, action: Action, record: Record) -> None:
        self.world.begin_action()
        if action["do"] == "concurrent":
            await self._perform_at_once(action["actions"], record)
        else:
            await self._attempt(action, record)
        await asyncio.sleep(0)
        await self._report(action, record)

    async def _perform_at_once(self, actions: list[Action], record: Record) -> None:
        record["concurrent"] = [{} for _ in actions]
        for action in actions:
            await self._run(action)
        attempts = zip(actions, record["concurrent"], strict=True)
        await asyncio.gather(*(self._attempt(*attempt) for attempt in attempts))

    async def _attempt(self, action: Action, record: Record) -> None:
        try:
            await _ACTIONS.get(action["do"], Session._call)(self, action, record)
        except Exception as error:
            record["throws"] = self.normal(error)
            self.traces[len(self.records) - 1] = "".join(traceback.format_exception(error))

    async def _report(self, action: Action, record: Record) -> None:
        if action["do"] not in _WITHOUT_LOG:
            record["log"] = self.normal(self.world.log)
        if self.world.callbacks:
            record["callbacks"] = self.normal(self.world.callbacks)
        first = action.get("actions", [action])[0]
        alias = action.get("run", first.get("run", "main"))
        if alias in self.run_ids and action["do"] not in _READS:
            record["stored"] = await self._stored_status(alias) or "none"

    async def _stored_status(self, alias: str) -> str | None:
        stored = Run.objects.filter(workflow_id=self.case["main"], run_id=self.run_ids[alias])
        return await stored.values_list("status", flat=True).afirst()

    async def _run(self, action: Action) -> Run:
        alias = action.get("run", "main")
        if alias not in self.runs:
            run = await self._main.acreate_run(
                run_id=self.run_ids.get(alias),
                resource_id=action.get("resourceId"),
                execution="inline",
            )
            self.runs[alias] = run
            self.run_ids[alias] = run.run_id
        self.world.current_run = self.runs[alias]
        return self.runs[alias]

    @property
    def _main(self) -> Workflow:
        return self.workflows[self.case["main"]]

    def _workflow(self, action: Action) -> Workflow:
        return self.workflows[action.get("workflow", self.case["main"])]

    # --- actions that drive a run -------------------------------------------------------------

    async def _call(self, action: Action, record: Record) -> None:
        run = await self._run(action)
        unwatch = self._watch(run, record) if action.get("watch") else None
        if "cancelAfter" in action:
            self._cancel_later(run, action["cancelAfter"] / 1000)
        try:
            work = asyncio.create_task(self._work(action, run, record))
            await self._unless_it_crashes(work, record)
        finally:
            if unwatch:
                unwatch()

    def _watch(self, run: Run, record: Record) -> Callable[[], None]:
        seen = record["watch"] = []
        return run.watch(lambda event: seen.append(self.normal(event)))

    def _cancel_later(self, run: Run, seconds: float) -> None:
        """The time is what the run has to come to where it waits (in a sleep, before another try,
        in a body); a slow machine needs more, but no more than CANCEL_SECONDS."""
        waits = run.steps.filter(Q(status="waiting") | Q(wake_at__isnull=False))

        async def cancel() -> None:
            await asyncio.sleep(seconds)
            for _ in range(round(CANCEL_SECONDS / REST_POLL_SECONDS)):
                if self.process.held or await waits.aexists():
                    break
                await asyncio.sleep(REST_POLL_SECONDS)
            # The run may be over or gone by then, which is none of this action's business.
            with contextlib.suppress(Exception):
                await run.acancel()

        self._timers.add(asyncio.create_task(cancel()))

    async def _work(self, action: Action, run: Run, record: Record) -> None:
        call = call_run(run, action)
        if action["do"].lower().endswith("stream"):
            await self._consume(call, record)
        elif action["do"].endswith("Async"):
            await call
            await self._come_to_rest(action.get("run", "main"))
            # The caller of this API has the run's id already: the run is what it called.
            record["result"] = self.normal({"runId": run.run_id})
        else:
            result = await call
            if action["do"] != "cancel":
                record["result"] = self.normal(result.to_wire())

    async def _consume(self, call: Awaitable[Any], record: Record) -> None:
        record["events"] = []
        stream = await call
        self._streams.append(stream)
        async for event in stream:
            record["events"].append(self.normal(event))
        result = await stream.aresult()
        record["result"] = self.normal(result.to_wire())

    async def _come_to_rest(self, alias: str) -> None:
        for _ in range(round(REST_SECONDS / REST_POLL_SECONDS)):
            await asyncio.sleep(REST_POLL_SECONDS)
            if await self._stored_status(alias) not in _MOVING:
                return

    # --- actions around runs ------------------------------------------------------------------

    async def _new_run(self, action: Action, _record: Record) -> None:
        await self._run(action)

    async def _get_run(self, action: Action, record: Record) -> None:
        run = await self._run(action)
        found = await self._workflow(action).aget_workflow_run_by_id(
            run.run_id, fields=action.get("fields")
        )
        record["run"] = self.normal(found)

    async def _snapshot(self, action: Action, record: Record) -> None:
        run = await self._run(action)
        found = await operations.aload_snapshot(self._workflow(action), run.run_id)
        record["snapshot"] = self.normal(found)

    async def _list_runs(self, action: Action, record: Record) -> None:
        await self._run(action)
        listed = await self._main.alist_workflow_runs(status=action.get("status"))
        statuses = [run["snapshot"]["status"] for run in listed["runs"]]
        record["runs"] = {"total": listed["total"], "statuses": sorted(statuses)}

    async def _delete_run(self, action: Action, _record: Record) -> None:
        run = await self._run(action)
        await self._main.adelete_workflow_run_by_id(run.run_id)

    async def _restart_all(self, action: Action, _record: Record) -> None:
        await self._run(action)
        await self._main.arestart_all_active_workflow_runs()

    async def _seed(self, action: Action, _record: Record) -> None:
        run = await self._run(action)
        workflow = self._workflow(action)
        defaults = {
            "runId": run.run_id,
            "value": {},
            "context": {},
            "activePaths": [],
            "activeStepsPath": {},
            "suspendedPaths": {},
            "resumeLabels": {},
            "waitingPaths": {},
        }
        await testing.aseed_snapshot(workflow, run.run_id, defaults | action["snapshot"])


_ACTIONS: dict[str, Callable[[Session, Action, Record], Awaitable[None]]] = {
    "reload": Session._reload,
    "newRun": Session._new_run,
    "getRun": Session._get_run,
    "snapshot": Session._snapshot,
    "listRuns": Session._list_runs,
    "deleteRun": Session._delete_run,
    "restartAll": Session._restart_all,
    "seed": Session._seed,
}
