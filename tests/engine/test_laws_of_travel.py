"""Time travel on random workflows: back to any recorded step, and the run ends as it did.

Targets are named by step ids, as in Mastra's API, and an id names the first use of a step in its
workflow. So the second use of a step that is used twice (``a~2``) is no target here: no call can
name it. It is kept, fed and run again like any other when the target lies behind or before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import assume, given
from hypothesis import strategies as st

from runs.engine import path as paths
from runs.engine.journal import SETTLED, Journal, Kind
from runs.engine.travel import holds

from .driver import Driver
from .laws import Dice, answer_all, essence, go_on, law, live
from .plans import CALM, SUSPENDING, Plan, build, plans
from .shelf import shown

seeds = st.integers(0, 2**16)
places = st.integers(0, 99)
#: Without steps that put out nothing: to those who travel that is an empty object.
peaceful = plans((CALM | SUSPENDING) - {"nothing"})


@law
@given(peaceful, places, seeds)
def test_a_run_travelled_back_in_ends_as_it_did(plan: Plan, place: int, seed: int) -> None:
    run = live(Driver(build(plan)), Dice())
    before = essence(run)
    target = chosen(run, place)

    run.depart(*target)
    go_on(run, Dice(seed, deadly=0.1))
    answer_all(run, Dice(seed))

    assert essence(run) == before


@law
@given(peaceful, places)
def test_what_was_kept_does_not_execute(plan: Plan, place: int) -> None:
    run = live(Driver(build(plan)), Dice())
    target = chosen(run, place)

    run.depart(*target)
    kept = {path for path, entry in run.journal.entries.items() if entry.status in SETTLED}
    run.ran.clear()
    go_on(run, Dice())
    answer_all(run, Dice())

    assert not kept & set(run.ran)


@law
@given(peaceful, places)
def test_nothing_before_the_target_executes(plan: Plan, place: int) -> None:
    run = live(Driver(build(plan)), Dice())
    target = chosen(run, place)
    reached = next(i for i, node in enumerate(run.workflow.flow) if holds(node, target[0]))
    before = [
        path
        for path, entry in run.journal.entries.items()
        if path and "/" not in path and entry.position and entry.position[0] < reached
    ]

    run.depart(*target)
    run.ran.clear()
    go_on(run, Dice())

    assert not [ran for ran in run.ran for path in before if paths.is_within(ran, path)]


@law
@given(peaceful, places)
def test_the_older_attempt_stays_as_it_was(plan: Plan, place: int) -> None:
    run = live(Driver(build(plan)), Dice())
    target = chosen(run, place)
    before = shown(run.shelf.entries(1).values())

    run.depart(*target)
    go_on(run, Dice())
    answer_all(run, Dice())

    assert shown(run.shelf.entries(1).values()) == before
    assert run.journal.attempt == 2


@law
@given(peaceful, places, seeds)
def test_what_is_stored_of_a_new_attempt_is_what_is_in_memory(
    plan: Plan, place: int, seed: int
) -> None:
    def watch(run: Driver) -> None:
        assert shown(run.shelf.load().entries.values()) == shown(run.journal.entries.values())

    run = live(Driver(build(plan)), Dice())
    target = chosen(run, place)

    run.depart(*target)
    go_on(run, Dice(seed), watch)


def chosen(run: Driver, place: int) -> list[str]:
    found = list(targets(run))
    assume(found)
    return found[place % len(found)]


def targets(run: Driver) -> Iterator[list[str]]:
    """The ids down to each recorded step; not into a loop, which would start over."""
    yield from _inside(run.journal, paths.ROOT, [])


def _inside(journal: Journal, scope: str, ids: list[str]) -> Iterator[list[str]]:
    for (where, step_id), path in journal.latest.items():
        if where != scope or "~" in path:
            continue
        yield [*ids, step_id]
        entry = journal.entries[path]
        if entry.kind is Kind.WORKFLOW and entry.iteration is None:
            yield from _inside(journal, paths.inner(path, entry.tries + 1), [*ids, step_id])
