"""A worker process of its own, with a fan-out whose items note where and how often they ran.

``python -m tests.worker.working DATABASE`` works until its input ends. It says ``ready`` at first.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Long enough for a machine that is busy, and short enough to wait for the end of a dead one's.
LEASE_SECONDS = 4.0
PATIENCE_SECONDS = 60.0
#: The first item that waits at the gate.
HELD = 30


def define_workflow() -> Any:
    from runs import create_step, create_workflow

    def work(ctx: Any) -> dict[str, int]:
        """Ends when two processes are at work; from item 30 on, when there is a gate's file."""
        ledger = Path(ctx.request_context["ledger"])
        note(str(ledger), f"{ctx.input_data} {os.getpid()}")
        wait_for(lambda: len({line.split()[1] for line in ledger.read_text().splitlines()}) > 1)
        if ctx.input_data >= HELD:
            wait_for(Path(ctx.request_context["gate"]).exists)
        return {"item": ctx.input_data, "pid": os.getpid()}

    def hold(ctx: Any) -> dict[str, Any]:
        """Ends when it is told to, or when there is a file of that name."""
        note(ctx.request_context["ledger"], f"hold {os.getpid()}")
        gate = Path(ctx.input_data["gate"])
        while not gate.exists():
            if ctx.abort_signal.wait_aborted(0.01):
                return {"aborted": True}
        return {"pid": os.getpid()}

    fan = create_workflow("fan-out")
    fan.foreach(create_step(work, distribute=True), concurrency=100).commit()
    after = create_step("after", execute=lambda ctx: ctx.input_data)
    create_workflow("holding").then(create_step(hold, distribute=True)).then(after).commit()
    plain = create_step("hold-here", execute=hold)
    create_workflow("holding-here").then(plain).then(after).commit()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def note(ledger: str, line: str) -> None:
    """One write to the end of a file, which the kernel does not split."""
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{line}\n".encode())
    os.close(file)


def main(database: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.RUNS_EXECUTION = "background"
    settings.RUNS_LEASE_SECONDS = LEASE_SECONDS
    django.setup()
    define_workflow()
    from runs.worker.runner import Runner

    runner = Runner().start()
    print("ready", flush=True)
    sys.stdin.read()
    runner.drain(PATIENCE_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
