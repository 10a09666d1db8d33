"""Starts inside transactions of the caller's, every other of which is rolled back."""

from __future__ import annotations

import threading

from tests.drills.load import PATIENCE_SECONDS, served, start
from tests.drills.site import site, wait_until_finished
from tests.drills.verdict import Verdict, balance

THREADS = 8


class ChangedMind(Exception):
    """What the caller's own code raises."""


def drill(*, database: str, runs: int) -> Verdict:
    """Exactly the runs whose transaction committed exist, and each has run."""
    verdict = Verdict()
    with site(database) as place, served(place) as processes:
        from runs.models import Run

        threads = [
            threading.Thread(target=_start_every, args=(number, runs)) for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        committed = [_name(number) for number in range(0, runs, 2)]
        wait_until_finished(processes, len(committed), PATIENCE_SECONDS)
        there = set(Run.objects.values_list("run_id", flat=True))
        verdict.figures |= {"transactions": runs, "of these committed": len(committed)}
        verdict.expect(there == set(committed), f"other runs than committed: {len(there)}")
        balance(verdict, committed, place.effects)
        verdict.expect(
            {effect.run_id for effect in place.effects} == set(committed),
            "a run did something whose transaction was rolled back",
        )
    return verdict


def _name(number: int) -> str:
    return f"run-{number}"


def _start_every(first: int, runs: int) -> None:
    from django.db import connection, transaction

    for number in range(first, runs, THREADS):
        try:
            with transaction.atomic():
                start(_name(number))
                if number % 2:
                    raise ChangedMind
        except ChangedMind:
            continue
    connection.close()
