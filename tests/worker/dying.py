"""A process that dies in the middle of a transactional step, without a word.

``python -m tests.worker.dying DATABASE before`` dies when the body has written and not committed;
``after`` as soon as it has committed.
"""

from __future__ import annotations

import os
import sys
from typing import Any

EXIT_CODE = 9
LEASE_SECONDS = 2.0


def define_workflow(moment: str) -> Any:
    from django.contrib.auth.models import Group
    from django.db import transaction

    from runs import create_step, create_workflow

    def write(ctx: Any) -> str:
        Group.objects.create(name="written")
        if moment == "before":
            os._exit(EXIT_CODE)
        if moment == "after":
            transaction.on_commit(lambda: os._exit(EXIT_CODE))
        return "written"

    return create_workflow("w").then(create_step(write, transactional=True)).commit()


def main(database: str, moment: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.RUNS_LEASE_SECONDS = LEASE_SECONDS
    django.setup()
    define_workflow(moment).create_run(run_id="r").start()


if __name__ == "__main__":
    main(*sys.argv[1:])
