"""Runs whose process is known to be dead, and what becomes of them without recovery."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from runs import create_step, create_workflow
from runs.models import Run, WorkerProcess
from runs.store import lease
from runs.worker.orphans import free_orphans

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dead() -> str:
    """The name of an owner whose process was there, and is not any more."""
    process = subprocess.Popen(["true"])
    process.wait()
    return f"{socket.gethostname()}:{process.pid}:0a1b2c3d"


def held_by(owner: str) -> Run:
    workflow = create_workflow("w").then(create_step("s", execute=lambda ctx: 1)).commit()
    run = workflow.create_run(execution="background")
    run.start_async()
    until = timezone.now() + timedelta(minutes=1)
    Run.objects.filter(pk=run.pk).update(lease_owner=owner, due_at=until)
    run.refresh_from_db()
    return run


@pytest.fixture
def run(registry: None, dead: str) -> Run:
    WorkerProcess.objects.create(
        id=dead, host="h", pid=1, slots=1, seen_at=timezone.now() - timedelta(minutes=1)
    )
    return held_by(dead)


def test_runs_of_dead_processes_are_due_at_once_and_their_workers_forgotten(run: Run) -> None:
    assert lease.claim(run.pk, "me") is None

    assert free_orphans() == 1

    claim = lease.claim(run.pk, "me")
    assert claim is not None and claim.recovered
    assert not WorkerProcess.objects.exists()


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="this system cannot leave a zombie be")
def test_a_process_that_died_and_was_not_asked_what_of_is_dead(registry: None) -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    run = held_by(f"{socket.gethostname()}:{process.pid}:0a1b2c3d")

    freed = free_orphans()

    process.wait()
    assert freed == 1
    assert lease.claim(run.pk, "me") is not None


@pytest.mark.parametrize(
    "owner",
    [f"{socket.gethostname()}:{os.getpid()}:x", "elsewhere:1:x", "x"],
    ids=["of a live process", "of another machine", "of no known form"],
)
def test_runs_of_others_are_left_alone(registry: None, owner: str) -> None:
    run = held_by(owner)

    assert free_orphans() == 0
    assert lease.claim(run.pk, "me") is None


def test_without_recovery_nobody_takes_a_run_that_lost_its_worker(
    run: Run, settings: Settings
) -> None:
    settings.RUNS_RECOVERY = False
    free_orphans()

    assert lease.claim(run.pk, "me") is None
    assert lease.claim_due("me", 10) == []
    run.refresh_from_db()
    assert run.status == "running"


def test_without_recovery_a_restart_makes_it_go_on(run: Run, settings: Settings) -> None:
    settings.RUNS_RECOVERY = False
    free_orphans()

    run.restart_async()

    assert [claim.run_pk for claim in lease.claim_due("me", 10)] == [run.pk]


def test_without_recovery_what_was_just_started_is_taken(
    registry: None, settings: Settings
) -> None:
    settings.RUNS_RECOVERY = False
    workflow = create_workflow("w").then(create_step("s", execute=lambda ctx: 1)).commit()
    run = workflow.create_run(execution="background")
    run.start_async()

    assert lease.claim(run.pk, "me") is not None
