"""Random workflows for property tests: a plan is plain data, ``build`` makes a workflow of it.

A plan is a tuple of entries, so a failing example prints as what can be pasted into a test::

    (("parallel", ("plain", "suspends")), ("foreach", 3, 2, "flaky"))

A step is named by its manner (see ``_BODIES``). What it puts out depends on its id and all of its
input, so a value that went astray shows in the result. Where bodies of a foreach run side by side,
Mastra's rules let the first trouble decide; there a plan has at most one manner of trouble, which
always says the same, so that the outcome does not depend on who comes first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from zlib import crc32

from hypothesis import strategies as st

from runs import NonRetryableError, RetryConfig, Step, TripWire, create_step, create_workflow
from runs.definition.workflow import Workflow

from .driver import Call
from .journals import NOW

Json = Any
Plan = tuple[Any, ...]

CALM = frozenset({"plain", "object", "nothing", "state", "flaky", "late"})
FAILING = frozenset({"fails", "fatal", "tripwire"})
SUSPENDING = frozenset({"suspends", "suspends twice", "suspends flaky"})
TROUBLE = FAILING | SUSPENDING | {"bails"}
ALL = CALM | TROUBLE
#: A plan that runs more bodies than this would only take time.
HEAVIEST = 80


# --- bodies ----------------------------------------------------------------------------------


def digest(step_id: str, value: Json) -> int:
    return crc32(json.dumps([step_id, value], sort_keys=True).encode()) % 997


def _fails(ctx: Call, step_id: str) -> Json:
    raise RuntimeError("out of order")


def _fatal(ctx: Call, step_id: str) -> Json:
    raise NonRetryableError("out of order")


def _tripwire(ctx: Call, step_id: str) -> Json:
    raise TripWire("out of bounds")


def _flaky(ctx: Call, step_id: str) -> Json:
    if ctx.retry_count < 2:
        raise RuntimeError(f"try {ctx.retry_count} of {step_id}")
    return digest(step_id, ctx.input_data)


def _state(ctx: Call, step_id: str) -> Json:
    ctx.set_state({step_id: True})
    return digest(step_id, ctx.input_data)


def _suspends(ctx: Call, step_id: str) -> Json:
    if ctx.resume_data is None:
        return ctx.suspend({"ask": step_id}, labels=[f"label of {step_id}"])
    return digest(step_id, [ctx.input_data, ctx.resume_data])


def _suspends_twice(ctx: Call, step_id: str) -> Json:
    if ctx.resume_data is None:
        return ctx.suspend({"ask": 1})
    if ctx.suspend_data == {"ask": 1}:
        return ctx.suspend({"ask": 2})
    return digest(step_id, [ctx.input_data, ctx.suspend_data])


def _suspends_flaky(ctx: Call, step_id: str) -> Json:
    if ctx.resume_data is None:
        return ctx.suspend()
    return _flaky(ctx, step_id)


_BODIES: dict[str, Callable[[Call, str], Json]] = {
    "plain": lambda ctx, step_id: digest(step_id, ctx.input_data),
    "object": lambda ctx, step_id: {"v": digest(step_id, ctx.input_data)},
    "nothing": lambda ctx, step_id: None,
    "state": _state,
    "flaky": _flaky,
    "late": _flaky,
    "fails": _fails,
    "fatal": _fatal,
    "tripwire": _tripwire,
    "bails": lambda ctx, step_id: ctx.bail({"bailed": step_id}),
    "suspends": _suspends,
    "suspends twice": _suspends_twice,
    "suspends flaky": _suspends_flaky,
}


def _step(manner: str, step_id: str) -> Step:
    retries = 2 if manner in ("flaky", "late", "suspends flaky") else None
    body = _BODIES[manner]
    return create_step(
        step_id,
        execute=lambda ctx: body(ctx, step_id),
        retries=retries,
        retry_delay=1.0 if manner == "late" else None,
    )


# --- from a plan to a workflow ---------------------------------------------------------------


def build(plan: Plan, attempts: int = 0) -> Workflow:
    """The workflow of a plan; ids are given in the order of the plan."""
    return _workflow("root", plan, attempts, count(1))


def _workflow(name: str, plan: Plan, attempts: int, numbers: Any) -> Workflow:
    made = create_workflow(name, retry_config=RetryConfig(attempts))
    steps: list[Any] = []
    for kind, *details in plan:
        if kind == "again":
            made.then(steps[-1] if steps else _member("plain", numbers))
        elif kind == "then":
            steps.append(_member(details[0], numbers))
            made.then(steps[-1])
        else:
            _ADD[kind](made, numbers, *details)
    return made


def _member(member: Any, numbers: Any) -> Any:
    if isinstance(member, str):
        return _step(member, f"s{next(numbers)}")
    plan, attempts = member
    return _workflow(f"n{next(numbers)}", plan, attempts, numbers)


def _parallel(made: Workflow, numbers: Any, members: tuple[Any, ...]) -> None:
    made.parallel([_member(member, numbers) for member in members])


def _branch(made: Workflow, numbers: Any, arms: tuple[Any, ...]) -> None:
    made.branch([(_CONDITIONS[truth], _member(member, numbers)) for truth, member in arms])


def _dowhile(made: Workflow, numbers: Any, times: int, member: Any) -> None:
    made.dowhile(_member(member, numbers), lambda ctx: ctx.iteration_count < times)


def _dountil(made: Workflow, numbers: Any, times: int, member: Any) -> None:
    made.dountil(_member(member, numbers), lambda ctx: ctx.iteration_count >= times)


def _foreach(made: Workflow, numbers: Any, length: int, width: Any, member: Any) -> None:
    made.map(lambda ctx: [digest(str(index), ctx.input_data) for index in range(length)])
    concurrency = (lambda ctx: len(ctx.input_data)) if width == "all" else width
    made.foreach(_member(member, numbers), concurrency=concurrency)


def _sleep(made: Workflow, numbers: Any, kind: str, seconds: int) -> None:
    moment = datetime.fromtimestamp(NOW / 1000 + seconds, UTC)
    match kind:
        case "for":
            made.sleep(seconds)
        case "for computed":
            made.sleep(lambda ctx: seconds)
        case "until":
            made.sleep_until(moment)
        case "until computed":
            made.sleep_until(lambda ctx: moment + timedelta(seconds=seconds))


_ADD: dict[str, Callable[..., None]] = {
    "parallel": _parallel,
    "branch": _branch,
    "dowhile": _dowhile,
    "dountil": _dountil,
    "foreach": _foreach,
    "map": lambda made, numbers: made.map(lambda ctx: {"m": digest("map", ctx.input_data)}),
    "sleep": _sleep,
}

_CONDITIONS: dict[str, Callable[[Call], Json]] = {
    "yes": lambda ctx: {},
    "no": lambda ctx: "",
    "odd": lambda ctx: digest("coin", ctx.input_data) % 2,
    "even": lambda ctx: digest("coin", ctx.input_data) % 2 == 0,
}


# --- what is in a plan -----------------------------------------------------------------------


def manners(member: Any) -> frozenset[str]:
    """The manners of all steps of a plan, or of one member of an entry."""
    if isinstance(member, str):
        return frozenset({member}) & ALL
    if isinstance(member, tuple):
        return frozenset().union(*map(manners, member))
    return frozenset()


def is_settled_by_order(plan: Any) -> bool:
    """Whether a foreach has trouble side by side: what its siblings did depends on the order."""
    if not isinstance(plan, tuple):
        return False
    if plan[:1] == ("foreach",) and plan[2] != 1 and manners(plan[3]) & TROUBLE:
        return True
    return any(map(is_settled_by_order, plan))


def weight(plan: Plan) -> int:
    """About how often bodies of a plan run."""
    total, last = 0, 1
    for kind, *details in plan:
        if kind == "then":
            last = _heaviness(details[0])
        total += last if kind in ("then", "again") else _WEIGHTS[kind](*details)
    return total


def _heaviness(member: Any) -> int:
    return _BODY_RUNS.get(member, 1) if isinstance(member, str) else weight(member[0])


_BODY_RUNS = {"suspends": 2, "suspends twice": 3, "suspends flaky": 4, "flaky": 3, "late": 3}
_WEIGHTS: dict[str, Callable[..., int]] = {
    "parallel": lambda members: sum(map(_heaviness, members)),
    "branch": lambda arms: sum(_heaviness(member) for _, member in arms),
    "dowhile": lambda times, member: times * _heaviness(member),
    "dountil": lambda times, member: times * _heaviness(member),
    "foreach": lambda length, _, member: 1 + length * _heaviness(member),
    "map": lambda: 1,
    "sleep": lambda *_: 1,
}


# --- random plans ----------------------------------------------------------------------------


def plans(manners: frozenset[str] = ALL, depth: int = 2) -> st.SearchStrategy[Plan]:
    """Plans whose steps have one of these manners, nested at most ``depth`` workflows deep."""
    return _flows(manners, depth).filter(lambda plan: weight(plan) <= HEAVIEST)


def _flows(manners: frozenset[str], depth: int) -> st.SearchStrategy[Plan]:
    return st.lists(_entries(manners, depth), min_size=1, max_size=4).map(tuple)


@cache
def _entries(manners: frozenset[str], depth: int) -> st.SearchStrategy[Plan]:
    member = _members(manners, depth)
    arms = st.tuples(st.sampled_from(sorted(_CONDITIONS)), member)
    times = st.integers(1, 3)
    loops = st.tuples(st.sampled_from(["dowhile", "dountil"]), times, member)
    sleeps = st.sampled_from(["for", "for computed", "until", "until computed"])
    return st.one_of(
        st.tuples(st.just("then"), member),
        st.just(("again",)),
        st.tuples(st.just("parallel"), st.lists(member, min_size=1, max_size=3).map(tuple)),
        st.tuples(st.just("branch"), st.lists(arms, min_size=1, max_size=3).map(tuple)),
        loops,
        st.tuples(st.just("foreach"), st.integers(0, 4), st.just(1), member),
        _side_by_side(manners, depth),
        st.just(("map",)),
        st.tuples(st.just("sleep"), sleeps, st.integers(0, 3)),
    )


def _members(manners: frozenset[str], depth: int) -> st.SearchStrategy[Any]:
    steps = st.sampled_from(sorted(manners))
    if depth == 0:
        return steps
    nested = st.deferred(lambda: st.tuples(_flows(manners, depth - 1), st.integers(0, 1)))
    return st.one_of(steps, steps, nested)


def _side_by_side(manners: frozenset[str], depth: int) -> st.SearchStrategy[Plan]:
    """A foreach with concurrency: at most one manner of trouble inside."""
    choices = [manners & CALM, *((manners & CALM) | {one} for one in sorted(manners & TROUBLE))]
    return st.sampled_from([choice for choice in choices if choice]).flatmap(
        lambda chosen: st.tuples(
            st.just("foreach"),
            st.integers(0, 4),
            st.sampled_from([2, 3, "all"]),
            _members(chosen, depth),
        )
    )
