"""The same calls of the same workflow, here and in a worker: the records are the same."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from hypothesis import assume, given

from runs import Workflow
from runs.definition.registry import isolated_registry
from runs.models import Run, WorkerProcess
from runs.store import journals
from runs.testing import told
from runs.worker.runner import Runner
from tests.conformance.build import build_workflows
from tests.conformance.compare import by_lane
from tests.conformance.normalise import normaliser
from tests.conformance.world import Process, World
from tests.store.waiting import until
from tests.worker.running import running

from .cases import ANSWER, ASKING, CALM, ENDING, INPUT, Case, cases
from .profiles import tried
from .targets import answers, recorded

pytestmark = pytest.mark.django_db(transaction=True)

Json = Any
#: More answers than any case asks for; a loop may ask again for ever.
ROUNDS = 12


@pytest.fixture(scope="module")
def worker(django_db_setup: None, django_db_blocker: Any) -> Iterator[Runner]:
    """A worker's runner in a thread of this process; it finds its runs by sweeping."""
    tickets = logging.getLogger("runs.worker.tasks")
    tickets.disabled = True  # there is no broker here, and no need of one
    with django_db_blocker.unblock(), running() as runner:
        yield runner
    connection.close()
    tickets.disabled = False


@dataclass(frozen=True)
class Played:
    """What came of the calls, without what may differ from run to run."""

    results: list[Json]
    steps: list[Json]
    events: Json


@tried(25, 1000)
@given(case=cases(manners=CALM * 3 + ASKING * 2 + ENDING, waits=(0, 1)))
def test_a_worker_records_what_the_calling_process_would(worker: Runner, case: Case) -> None:
    assume(not has_races(case))

    assert play(case, "background") == play(case, "inline")


def test_a_wait_in_a_nested_workflow_begins_nothing_again(worker: Runner) -> None:
    """For so long a wait the worker gives the run up; whoever takes it up again just goes on."""
    flows = {"main": {"flow": ["n"]}, "n": {"flow": [{"sleep": 60, "id": "z"}]}}
    case = {"name": "waits", "main": "main", "workflows": flows, "steps": {}, "actions": []}

    assert play(case, "background") == play(case, "inline")


def play(case: Case, execution: str) -> Played:
    """Start, answer everything, and travel back to the first step."""
    until(WorkerProcess.objects.alive().exists)
    with ExitStack() as around:
        around.enter_context(isolated_registry())
        around.callback(Run.objects.all().delete)
        world = World()
        workflow = build_workflows(case, Process(world))["main"]
        run = workflow.create_run(run_id="r", execution=execution)
        results = list(calls(run, workflow))
        normal = normaliser({"main": "r-nobody-writes-this"})
        journal = journals.load(Run.objects.get(pk=run.pk))
        lanes = {step_id: step_id for step_id in (*case["steps"], *case["workflows"])}
        return Played(
            [ordered(normal(result)) for result in results],
            sorted((e.path, e.status, str(e.output), e.tries) for e in journal.entries.values()),
            by_lane(normal(told(run)), {"lanes": lanes, "bags": list(lanes)}),
        )


def calls(run: Run, workflow: Workflow) -> Iterator[Json]:
    options = {"output_options": {"include_state": True, "include_resume_labels": True}}
    yield run.start(INPUT, **options).to_wire()
    for _ in range(ROUNDS):
        journal = journals.load(Run.objects.get(pk=run.pk))
        if not (places := list(answers(journal, by_label=False))):
            break
        yield run.resume(ANSWER, **places[0], **options).to_wire()
    targets = list(recorded(journals.load(Run.objects.get(pk=run.pk)), "", []))
    if targets:
        yield run.time_travel(targets[-1], **options).to_wire()


def ordered(result: Json) -> Json:
    """Parts that go on side by side may begin and end in any order."""
    result["stepExecutionPath"] = sorted(result.get("stepExecutionPath", []))
    result["suspended"] = sorted(result.get("suspended", []))
    return result


def has_races(case: Case) -> bool:
    """Whether an outcome may depend on what ends first: trouble side by side with other things."""
    text = str([case["steps"][step_id]["body"] for step_id in case["steps"]])
    trouble = any(word in text for word in ("fail", "tripwire", "bail", "suspend"))
    wide = any(
        isinstance(node, dict) and (node.get("concurrency", 1) > 1)
        for flow in case["workflows"].values()
        for node in flow["flow"]
    )
    return trouble and wide
