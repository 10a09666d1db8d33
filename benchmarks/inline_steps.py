"""What a step costs in a whole run: Run.start in this process, on a SQLite file made for it.

    python -m benchmarks.inline_steps [--json] [--rounds N]

Each step is stored before the next one begins, with the project's settings for SQLite (WAL,
synchronous=NORMAL). Exits with 1 if a step of a run of 10 000 costs more than 1.5 times one of a
run of 100.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.flatness import main, timed
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    from runs import Workflow


def prepare(folder: str) -> None:
    """Set Django up on a database in ``folder``."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "RUNS_DATA": folder,
        "RUNS_EXECUTION": "inline",
    }
    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)


def measure(shape: Shape, steps: int) -> float:
    run = _built(shape, steps).create_run()
    input_data = shape.input_data(steps)
    seconds = timed(lambda: run.start(input_data))
    assert run.status == "success", run.status
    return seconds


@cache
def _built(shape: Shape, steps: int) -> Workflow:
    return shape.workflow(steps)


if __name__ == "__main__":
    with TemporaryDirectory(prefix="runs-benchmark-") as folder:
        prepare(folder)
        code = main(
            "What a step costs in a run on SQLite.",
            measure,
            rounds=3,
            repeats={100: 10, 1_000: 2, 10_000: 1},
        )
    sys.exit(code)
