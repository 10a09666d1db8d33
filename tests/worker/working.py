"""A worker process of its own, with a fan-out whose items note where and how often they ran.

``python -m tests.worker.working DATABASE`` works until its input ends. It says ``ready`` at first.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any


def define_workflow() -> Any:
    from runs import create_step, create_workflow

    def work(ctx: Any) -> dict[str, int]:
        note(ctx.request_context["ledger"], f"{ctx.input_data} {os.getpid()}")
        time.sleep(0.05)
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
    django.setup()
    define_workflow()
    from runs.worker.runner import Runner

    runner = Runner().start()
    print("ready", flush=True)
    sys.stdin.read()
    runner.drain(10)


if __name__ == "__main__":
    main(sys.argv[1])
