"""A run outlives the processes that drive it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.acceptance.serving import Served

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("prepared")]
Serve = Callable[..., Served]

#: Starts a run whose second step takes a while, and prints which process drives that step.
START = """
import time
from runs import get_workflow
from runs.models import Run

workflow = get_workflow("ship-order")
workflow.create_run(run_id="parcel").start_async(input_data={"parcel": "p", "holdMs": 8000})
while "hold-shipment" not in workflow.get_workflow_run_by_id("parcel")["steps"]:
    time.sleep(0.02)
print(Run.objects.get(run_id="parcel").lease_owner.split(":")[1])
"""

#: Waits for the end of that run; prints what became of it, and how often each step began.
AWAIT = """
import time
from runs import get_workflow
from runs.models import Run

while not (run := Run.objects.get(run_id="parcel")).is_finished:
    time.sleep(0.05)
record = get_workflow("ship-order").get_workflow_run_by_id("parcel")
begun = [step.starts for step in run.attempts.get().steps]
print(record["status"], record["result"], begun)
"""


def test_a_run_goes_on_when_its_worker_is_killed(serve: Serve) -> None:
    served = serve(RUNS_LEASE_SECONDS="10")
    served.becomes_healthy()
    worker = int(served.shell(START))
    known = served.workers()

    os.kill(worker, signal.SIGKILL)

    assert worker in known
    assert served.shell(AWAIT) == "success {'message': 'Dispatched L-p'} [1, 2, 1]"


def test_a_run_goes_on_in_the_next_supervisor_when_everything_is_killed(serve: Serve) -> None:
    first = serve(RUNS_LEASE_SECONDS="10")
    first.becomes_healthy()
    first.shell(START)

    first.signal_everything(signal.SIGKILL)
    first.everything_goes()
    second = serve(RUNS_LEASE_SECONDS="10")

    assert second.shell(AWAIT) == "success {'message': 'Dispatched L-p'} [1, 2, 1]"


def test_ctrl_c_lets_the_step_that_runs_finish_and_the_next_start_does_the_rest(
    serve: Serve,
) -> None:
    first = serve()
    first.becomes_healthy()
    first.shell(START)

    first.press_ctrl_c()
    first.ends()
    step = first.shell(
        "from runs import get_workflow;"
        "print(get_workflow('ship-order').get_workflow_run_by_id('parcel')['steps']"
        "['hold-shipment']['status'])"
    )
    second = serve()

    assert step == "success"
    assert second.shell(AWAIT) == "success {'message': 'Dispatched L-p'} [1, 1, 1]"
