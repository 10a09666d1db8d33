"""Time travel with a preview: what would be kept, and what would run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

from runs.engine import path as paths
from runs.engine import travel as engine_travel
from runs.engine.journal import ACTIVE, Entry, Journal, Kind, Status
from runs.exceptions import RunStillRunning
from runs.models import Run
from runs.operations import begin, travel
from runs.operations.arguments import step_path
from runs.operations.options import TravelOptions, known
from runs.store import journals


@dataclass(frozen=True, slots=True)
class TravelPlan:
    """What a time travel would do. All are paths of steps, in the order in which they began.

    ``kept`` stay as they were recorded: done, or waiting for an answer; ``assumed`` count as done
    although nothing (or only the caller's context) is known of them; ``again`` were recorded and
    would run again, as far as the run then takes the same way.
    """

    target: str
    attempt: int
    kept: list[str]
    assumed: list[str]
    again: list[str]


def plan_time_travel(run: Run, step: Any, **options: Unpack[TravelOptions]) -> TravelPlan:
    """Say what ``time_travel`` with these arguments would do, without doing anything.

    Raises what that would raise.
    """
    options = known(TravelOptions, options)
    row = begin.row_of(run, lock=False, missing=travel.MISSING)
    if row.status in ACTIVE:
        raise RunStillRunning("This workflow run is still running, cannot time travel")
    workflow = begin.workflow_of(run)
    old = journals.load(row)
    trip = travel.check(workflow, old, travel.trip_of(step_path(step), options))
    new = engine_travel.travel(old, workflow, trip, options.get("initial_state"))
    stays = [entry for entry in _steps(new) if _stays(entry)]
    # What is taken over keeps its number, what stands in for something gets a new one.
    kept = [entry.path for entry in stays if entry.begun <= old.order]
    return TravelPlan(
        target=".".join(trip.target),
        attempt=new.attempt,
        kept=kept,
        assumed=[entry.path for entry in stays if entry.begun > old.order],
        again=[entry.path for entry in _steps(old) if entry.path not in {e.path for e in stays}],
    )


def _stays(entry: Entry) -> bool:
    """Whether a step is not run by the trip: it counts as done, or goes on waiting."""
    done = entry.taken and entry.status is not Status.SKIPPED
    return done or entry.status is Status.SUSPENDED


def _steps(journal: Journal) -> list[Entry]:
    entries = [
        entry
        for entry in journal.entries.values()
        if entry.path != paths.ROOT and entry.kind is not Kind.DECISION
    ]
    return sorted(entries, key=lambda entry: entry.begun)
