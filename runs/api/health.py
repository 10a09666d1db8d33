"""GET /health/: can this installation do its work?

For load balancers and people, without an account, so it tells nothing that an outsider should not
know: no addresses, no host names, no texts of errors. Those go to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import Error as DatabaseFault
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from runs.conf import conf
from runs.models import WorkerProcess
from runs.worker.broker import ticket_broker

logger = logging.getLogger(__name__)

#: Workers that have been silent for longer are history.
REMEMBER = timedelta(hours=1)

Report = dict[str, Any]


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 where every part is well, else 503; the body says which is not."""
    workers, sweeper = workers_and_sweeper()
    parts = {
        "database": {"ok": is_well("database", database_answers)},
        "broker": {"ok": is_well("broker", broker_answers)},
        "workers": workers,
        "sweeper": sweeper,
    }
    ok = all(part["ok"] for part in parts.values())
    return JsonResponse({"ok": ok, **parts}, status=200 if ok else 503)


def is_well(part: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception as error:
        logger.warning("health: the %s does not answer: %s", part, error)
        return False
    return True


def database_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def broker_answers() -> None:
    ticket_broker().ping()


def workers_and_sweeper() -> tuple[Report, Report]:
    """Report each worker's last sign of life, and when anyone last looked for due runs.

    Where runs execute in the processes that start them, nothing depends on workers being there.
    """
    now = timezone.now()
    try:
        known = list(WorkerProcess.objects.filter(seen_at__gte=now - REMEMBER))
    except DatabaseFault:
        known = []
    needed = conf.EXECUTION == "background"
    alive = [worker for worker in known if is_fresh(worker.seen_at, now)]
    swept_at = max((w.swept_at for w in known if w.swept_at is not None), default=None)
    workers = {
        "ok": bool(alive) or not needed,
        "alive": len(alive),
        "seen": [describe(worker, now) for worker in known],
    }
    return workers, {"ok": is_fresh(swept_at, now) or not needed, "sweptAt": swept_at}


def describe(worker: WorkerProcess, now: datetime) -> Report:
    return {
        "ok": is_fresh(worker.seen_at, now),
        "startedAt": worker.started_at,
        "seenAt": worker.seen_at,
        "driving": worker.driving,
        "slots": worker.slots,
    }


def is_fresh(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < timedelta(seconds=conf.WORKER_TIMEOUT_SECONDS)
