"""Random workflows in the format of the conformance cases (tests/conformance/cases/README.md).

Every step has a *manner*: what its body does. A body's output depends on its input, so that a step
that got a wrong one shows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import strategies as st

Json = Any
Case = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

ANSWER = {"yes": True}
INPUT = {"n": 5}


# --- bodies ----------------------------------------------------------------------------------


def _output(step_id: str) -> Json:
    """Something that depends on the input but does not grow with it."""
    return {"v": {"$len": {"$concat": [[step_id, {"$": "input"}]]}}, "by": step_id}


def _then_return(*before: Json) -> Callable[[str], list[Json]]:
    return lambda step_id: [*before, {"return": _output(step_id)}]


_UNANSWERED = {"$not": {"$exists": {"$": "resume"}}}


def _asks(step_id: str) -> list[Json]:
    ask = {"suspend": {"ask": step_id}, "label": f"label of {step_id}"}
    return [{"if": _UNANSWERED, "do": [ask]}, {"return": [_output(step_id), {"$": "resume"}]}]


def _asks_twice(step_id: str) -> list[Json]:
    asked_once = {"$eq": [{"$": "suspendData.ask"}, 1]}
    return [
        {"if": _UNANSWERED, "do": [{"suspend": {"ask": 1}}]},
        {"if": asked_once, "do": [{"suspend": {"ask": 2}}]},
        {"return": _output(step_id)},
    ]


_BODIES: dict[str, Callable[[str], list[Json]]] = {
    "plain": _then_return(),
    "nothing": lambda step_id: [],
    "state": lambda step_id: [{"setState": {step_id: True}}, {"return": _output(step_id)}],
    "context": lambda step_id: [{"setContext": [step_id, 1]}, {"return": _output(step_id)}],
    "tells": _then_return({"write": {"percent": 50}}, {"custom": {"type": "mine", "data": 1}}),
    "flaky": _then_return({"if": {"$lt": [{"$": "retry"}, 1]}, "do": [{"fail": "once"}]}),
    "fails": lambda step_id: [{"fail": f"{step_id} is out of order"}],
    "fatal": lambda step_id: [{"failFatal": f"{step_id} is out of order"}],
    "tripwire": lambda step_id: [{"tripwire": {"reason": f"{step_id} is out of bounds"}}],
    "bails": lambda step_id: [{"bail": {"bailed": step_id}}],
    "asks": _asks,
    "asks twice": _asks_twice,
    "cancels": _then_return({"cancelRun": True}),
    "aborts": _then_return({"abort": True}),
}
CALM = ("plain", "nothing", "state", "context", "tells", "flaky")
ENDING = ("fails", "fatal", "tripwire", "bails")
ASKING = ("asks", "asks twice")
STOPPING = ("cancels", "aborts")
#: How many calm steps there are for each step of trouble.
MOSTLY_CALM = CALM * 3 + ASKING * 3 + ENDING + STOPPING

_CONDITIONS: dict[str, Json] = {
    "yes": True,
    "no": False,
    "odd": {"$eq": [{"$mod": [{"$len": {"$concat": [[{"$": "input"}]]}}, 2]}, 1]},
}


# --- flows -----------------------------------------------------------------------------------


class _Writer:
    """Writes one case down; ids are given in the order of writing."""

    def __init__(self, draw: Draw, manners: tuple[str, ...], waits: tuple[int, ...]) -> None:
        self._draw, self._manners, self._waits = draw, manners, waits
        self._numbers = count(1)
        self.steps: dict[str, Json] = {}
        self.workflows: dict[str, Json] = {}

    def workflow(self, workflow_id: str, depth: int, manners: tuple[str, ...]) -> str:
        kinds = self._draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=4))
        flow = [entry for kind in kinds for entry in _ENTRIES[kind](self, depth, manners)]
        self.workflows[workflow_id] = {"flow": flow}
        if self._draw(st.integers(0, 4)) == 4:
            self.workflows[workflow_id]["retry"] = {"attempts": 1}
        return workflow_id

    def member(self, depth: int, manners: tuple[str, ...]) -> str:
        if depth and self._draw(st.integers(0, 3)) == 3:
            return self.workflow(f"n{next(self._numbers)}", depth - 1, manners)
        manner = self._draw(st.sampled_from(manners))
        step_id = f"s{next(self._numbers)}"
        self.steps[step_id] = {"body": _BODIES[manner](step_id)}
        if manner == "flaky":
            self.steps[step_id]["retries"] = 1
        return step_id

    def members(self, depth: int, manners: tuple[str, ...]) -> list[str]:
        return [self.member(depth, manners) for _ in range(self._draw(st.integers(1, 3)))]

    # Each kind of entry, with what has to stand before it.

    def then(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        return [self.member(depth, manners)]

    def parallel(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        return [{"parallel": self.members(depth, manners)}]

    def branch(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        test = st.sampled_from(sorted(_CONDITIONS))
        arms = [[_CONDITIONS[self._draw(test)], arm] for arm in self.members(depth, manners)]
        return [{"branch": arms}]

    def loop(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        times, kind = self._draw(st.integers(1, 3)), self._draw(st.sampled_from(_LOOPS))
        member = self.member(depth, manners)
        operator = "$lt" if kind == "dowhile" else "$gte"
        return [{kind: member, "cond": {operator: [{"$": "iter"}, times]}}]

    def foreach(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        length, width = self._draw(st.integers(0, 4)), self._draw(st.sampled_from((1, 1, 2, 3)))
        items = {"mapFn": {"$range": length}, "id": f"m{next(self._numbers)}"}
        return [items, {"foreach": self.member(depth, manners), "concurrency": width}]

    def map(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        return [{"mapFn": {"m": {"$": "input"}}, "id": f"m{next(self._numbers)}"}]

    def sleep(self, depth: int, manners: tuple[str, ...]) -> list[Json]:
        milliseconds = self._draw(st.sampled_from(self._waits))
        return [{"sleep": milliseconds, "id": f"z{next(self._numbers)}"}]


_LOOPS = ("dowhile", "dountil")
_ENTRIES: dict[str, Callable[[_Writer, int, tuple[str, ...]], list[Json]]] = {
    "then": _Writer.then,
    "parallel": _Writer.parallel,
    "branch": _Writer.branch,
    "loop": _Writer.loop,
    "foreach": _Writer.foreach,
    "map": _Writer.map,
    "sleep": _Writer.sleep,
}
_KINDS = ("then", "then", *_ENTRIES)


@st.composite
def cases(
    draw: Draw,
    *,
    manners: tuple[str, ...] = MOSTLY_CALM,
    waits: tuple[int, ...] = (1, 3_600_000),
    depth: int = 2,
) -> Case:
    """Cases of one main workflow; ``waits`` are the milliseconds that its sleeps may take."""
    writer = _Writer(draw, manners, waits)
    writer.workflow("main", depth, manners)
    return {
        "name": "random",
        "main": "main",
        "workflows": writer.workflows,
        "steps": writer.steps,
        "actions": [],
    }
