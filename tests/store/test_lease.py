from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from runs.models import Run
from runs.store import lease
from runs.store.lease import Claim
from tests.store.entries import run_row
from tests.store.waiting import Background, Gate, together

pytestmark = pytest.mark.django_db

PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def due(run_id: str = "r", *, owner: str = "", at: datetime | None = PAST, **columns: Any) -> Run:
    return run_row(run_id, due_at=at, lease_owner=owner, **columns)


# --- what may be claimed ---------------------------------------------------------------------


def test_a_claim_raises_the_number_and_holds_the_run_for_one_lease(settings: Any) -> None:
    settings.RUNS_LEASE_SECONDS = 30
    run = due(fence=4)
    before = timezone.now()

    claim = lease.claim(run.pk, "me")

    after = timezone.now()
    run.refresh_from_db()
    assert claim == Claim(run.pk, 5, recovered=False)
    assert (run.fence, run.lease_owner, run.recoveries) == (5, "me", 0)
    assert run.due_at is not None
    assert before + timedelta(seconds=29) < run.due_at < after + timedelta(seconds=31)


def test_a_lease_and_the_sweep_that_finds_it_dead_take_no_longer_than_is_said(
    settings: Any,
) -> None:
    settings.RUNS_LEASE_SECONDS, settings.RUNS_SWEEP_SECONDS = 30, 5
    run = due()

    lease.claim(run.pk, "me")

    run.refresh_from_db()
    assert run.due_at is not None
    assert run.due_at + timedelta(seconds=5) <= timezone.now() + timedelta(seconds=30)


@pytest.mark.parametrize("at", [FUTURE, None], ids=["a timer still runs", "nothing is to be done"])
def test_a_run_that_is_not_due_is_not_claimed(at: datetime | None) -> None:
    run = due(at=at)

    assert (lease.claim(run.pk, "me"), lease.claim_due("me", 9)) == (None, [])
    assert Run.objects.filter(fence=0, lease_owner="", due_at=at).exists()


def test_a_run_whose_lease_goes_on_is_not_claimed_by_anybody() -> None:
    run = due()
    lease.claim(run.pk, "first")

    assert lease.claim(run.pk, "second") is None
    assert lease.claim(run.pk, "first") is None
    assert lease.claim_due("second", 9) == []


def test_a_run_whose_lease_has_ended_is_recovered() -> None:
    run = due(owner="gone", fence=2)

    claim = lease.claim(run.pk, "me")

    run.refresh_from_db()
    assert claim == Claim(run.pk, 3, recovered=True)
    assert (run.lease_owner, run.recoveries) == ("me", 1)


def test_a_run_whose_timer_has_fired_is_claimed_and_not_counted_as_recovered() -> None:
    run = due(status="waiting")

    assert lease.claim_due("me", 9) == [Claim(run.pk, 1, recovered=False)]
    run.refresh_from_db()
    assert run.recoveries == 0


def test_a_run_that_does_not_exist_cannot_be_claimed() -> None:
    assert lease.claim(12345, "me") is None


def test_the_oldest_are_claimed_first_and_no_more_than_asked_for() -> None:
    runs = {n: due(str(n), at=PAST + timedelta(days=n)) for n in (3, 1, 2)}

    claims = lease.claim_due("me", 2)

    assert [claim.run_pk for claim in claims] == [runs[1].pk, runs[2].pk]


def test_a_run_is_given_up_by_its_columns() -> None:
    now = lease.now_ms()

    assert lease.free(now) == {"lease_owner": "", "due_at": now}
    assert lease.free(None) == {"lease_owner": "", "due_at": None}


# --- one winner ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_one_run_at_once_one_gets_it() -> None:
    run = due()

    def by(owner: str) -> Callable[[], Any]:
        return lambda: lease.claim(run.pk, owner)

    claims = together(*(by(f"owner {n}") for n in range(8)))

    [(winner, claim)] = [(n, claim) for n, claim in enumerate(claims) if claim is not None]
    run.refresh_from_db()
    assert claim == Claim(run.pk, 1, recovered=False)
    assert (run.lease_owner, run.fence) == (f"owner {winner}", 1)


@pytest.mark.django_db(transaction=True)
def test_sweepers_share_what_is_due_and_nobody_gets_what_another_has() -> None:
    runs = [due(str(n)) for n in range(40)]

    def sweeping(owner: str) -> Callable[[], list[Claim]]:
        def sweep() -> list[Claim]:
            claims: list[Claim] = []
            while Run.objects.filter(lease_owner="").exists():
                claims += lease.claim_due(owner, 3)
            return claims

        return sweep

    found = together(*(sweeping(f"owner {n}") for n in range(4)))

    claimed = sorted(claim.run_pk for claims in found for claim in claims)
    assert claimed == [run.pk for run in runs]
    assert set(Run.objects.values_list("fence", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_sweeper_passes_over_what_another_is_claiming() -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("this database has one writer at a time")
    busy, idle = due("busy"), due("idle")
    gate = Gate()

    def hold() -> None:
        with transaction.atomic():
            Run.objects.select_for_update().get(pk=busy.pk)
            gate.stop()

    other = Background(hold)
    gate.wait_reached()

    claims = lease.claim_due("me", 9)

    gate.open()
    assert [claim.run_pk for claim in claims] == [idle.pk]
    assert other.outcome() is None


# --- keeping and giving up -------------------------------------------------------------------


def test_a_heartbeat_keeps_only_the_runs_that_are_named(settings: Any) -> None:
    settings.RUNS_LEASE_SECONDS = 30
    named, lost = due("named", owner="me"), due("lost", owner="me")
    before = timezone.now()

    lease.heartbeat("me", [named.pk])

    named.refresh_from_db()
    lost.refresh_from_db()
    assert named.due_at is not None
    assert named.due_at - before > timedelta(seconds=29)
    assert lost.due_at == PAST


def test_a_heartbeat_does_not_touch_what_somebody_else_has_taken_over() -> None:
    run = due(owner="successor", fence=7)

    assert lease.heartbeat("me", [run.pk]) == {}
    run.refresh_from_db()
    assert (run.due_at, run.lease_owner, run.fence) == (PAST, "successor", 7)


def test_a_heartbeat_tells_which_runs_are_to_be_canceled() -> None:
    now = timezone.now()
    canceled = due("canceled", owner="me", canceled_at=now)
    going_on = due("going on", owner="me")
    due("somebody's", owner="other", canceled_at=now)
    not_named = due("not named", owner="me", canceled_at=now)

    assert lease.heartbeat("me", [canceled.pk, going_on.pk]) == {
        canceled.pk: True,
        going_on.pk: False,
    }
    assert not_named.pk not in lease.heartbeat("me", [canceled.pk])


def test_abandoned_runs_are_due_at_once_and_count_as_recovered() -> None:
    mine = [due(str(n), at=FUTURE, owner="me") for n in range(2)]
    other = due("other", at=FUTURE, owner="somebody")

    assert lease.abandon("me") == 2
    claims = lease.claim_due("new", 9)
    assert [(claim.run_pk, claim.recovered) for claim in claims] == [(r.pk, True) for r in mine]
    other.refresh_from_db()
    assert (other.lease_owner, other.due_at) == ("somebody", FUTURE)
