"""Runs of processes of this machine that are known to be dead.

A lease ends by itself some seconds after its worker died. Whoever starts processes here may know
better: an owner's name holds its host and process id, and that process is not there any more.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from runs.conf import conf
from runs.models import Run, WorkerProcess
from runs.store import lease


def free_orphans() -> int:
    """Make the runs of dead processes of this machine due at once. Returns how many they are."""
    holders = Run.objects.exclude(lease_owner="").values_list("lease_owner", flat=True)
    workers = WorkerProcess.objects.values_list("id", flat=True)
    dead = {owner for owner in {*holders.order_by().distinct(), *workers} if _is_dead(owner)}
    freed = sum(lease.abandon(owner) for owner in dead)
    WorkerProcess.objects.filter(id__in=dead).delete()
    return freed


def _is_dead(owner: str) -> bool:
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdecimal() or _exists(int(pid)):
        return False
    # Several machines that share a server may bear one name; those that share a file do not.
    return connection.vendor == "sqlite" or not _was_seen(owner)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has died and only its parent has not asked yet what of."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    # The name of the program stands before the state, and may have any characters in it.
    return status.rpartition(")")[2].split()[:1] == ["Z"]


def _was_seen(owner: str) -> bool:
    lately = timezone.now() - timedelta(seconds=3 * conf.HEARTBEAT_SECONDS)
    return WorkerProcess.objects.filter(id=owner, seen_at__gte=lately).exists()
