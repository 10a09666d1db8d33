"""A process that calls runs while other processes call the same ones, as its parent tells it.

``python -m tests.operations.contender DATABASE LEASE`` reads one order a line from its input,
answers ``ready``, makes the calls of the order at the next line, each in a thread of its own, and
writes one answer a line as they return. Bodies write to a ledger, a file, whenever they begin.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

Json = Any
DEADLINE_SECONDS = 120.0


def main(database: str, lease_seconds: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.RUNS_LEASE_SECONDS = float(lease_seconds)
    django.setup()
    define_workflows()
    write({"ready": os.getpid()})
    for line in sys.stdin:
        order = json.loads(line)
        threads = [threading.Thread(target=make, args=(order, call)) for call in order["calls"]]
        write({"ready": os.getpid()})
        sys.stdin.readline()
        for thread in threads:
            thread.start()


_writing = threading.Lock()


def write(answer: Json) -> None:
    with _writing:
        print(json.dumps(answer), flush=True)


# --- workflows, in every process the same ----------------------------------------------------


def define_workflows() -> None:
    from runs import create_step, create_workflow

    def prepare(ctx: Any) -> Any:
        enter(ctx, "prepare")
        return ctx.input_data

    def ask(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend()
        enter(ctx, "ask")
        return pass_gate(ctx)

    def work(ctx: Any) -> Any:
        enter(ctx, "work")
        return pass_gate(ctx)

    def ship(ctx: Any) -> Any:
        enter(ctx, "ship")
        return "shipped"

    made = {body.__name__: create_step(body.__name__, execute=body) for body in (prepare, ship)}
    asking = create_workflow("asking").then(made["prepare"]).then(create_step("ask", execute=ask))
    asking.then(made["ship"]).commit()
    working = create_workflow("working").then(made["prepare"])
    working.then(create_step("work", execute=work)).then(made["ship"]).commit()


def enter(ctx: Any, name: str) -> None:
    """Note that a body begins: one write to the end of a file, which the kernel does not split."""
    ledger = os.open(ctx.get_init_data()["ledger"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, f"{ctx.run_id} {name}\n".encode())
    os.close(ledger)


def pass_gate(ctx: Any) -> Any:
    """Wait until the parent has opened the gate, a file."""
    gate = Path(ctx.get_init_data()["gate"])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not gate.exists():
        assert time.monotonic() < deadline, "nobody opened the gate"
        time.sleep(0.005)
    return ctx.input_data


# --- calls -----------------------------------------------------------------------------------


def make(order: Json, call: Json) -> None:
    from django.db import connection

    from runs.exceptions import RunsError

    method, arguments = call
    answer = {"method": method, "pid": os.getpid()}
    try:
        answer |= do(order, method, arguments)
    except RunsError as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        answer |= {"code": error.code, "http": error.status, "conflict": "Conflict" in kinds}
    except Exception as error:
        answer |= {"bug": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()
    write(answer)


def do(order: Json, method: str, arguments: Json) -> Json:
    from runs import get_workflow
    from runs.operations import find_run
    from runs.worker.runner import current_runner

    if method == "serve":
        return {"worker": current_runner().id}
    if method == "drain":
        current_runner().drain(DEADLINE_SECONDS)
        return {}
    workflow = get_workflow(order["workflow"])
    if method == "start":
        run = workflow.create_run(run_id=order["run"], execution="inline")
    else:
        run = find_run(workflow.id, order["run"])
        run.execution_mode = "inline"
    result = getattr(run, method)(**arguments)
    return {} if result is None else {"status": result.status, "result": result.result}


if __name__ == "__main__":
    main(*sys.argv[1:])
