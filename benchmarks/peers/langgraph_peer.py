"""LangGraph with a durable checkpointer (``durability="sync"``): a checkpoint a super-step.

Arguments: ``sqlite FOLDER`` or ``postgres URL``. Runs in an environment of its own
(``requirements-rivals.txt``), so it imports nothing of ours but the other end of the line.
"""

from __future__ import annotations

import operator
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, TypedDict

import serving
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from serving import one_after_another


class Counter(TypedDict):
    value: int


class Passing(TypedDict):
    number: int
    rows: list[dict[str, Any]]


class Items(TypedDict):
    items: list[int]
    done: Annotated[list[int], operator.add]


def chain(state: type, steps: int, body: Callable[[Any], Any]) -> StateGraph:
    graph = StateGraph(state)
    before = START
    for number in range(steps):
        graph.add_node(f"s{number}", body)
        graph.add_edge(before, f"s{number}")
        before = f"s{number}"
    graph.add_edge(before, END)
    return graph


def asking() -> StateGraph:
    graph = StateGraph(Counter)
    graph.add_node("before", lambda state: {"value": state["value"] + 1})
    graph.add_node("ask", lambda state: {"value": interrupt("a person has to look")})
    graph.add_node("after", lambda state: {"value": state["value"] + 1})
    graph.add_edge(START, "before")
    graph.add_edge("before", "ask")
    graph.add_edge("ask", "after")
    graph.add_edge("after", END)
    return graph


def spreading() -> StateGraph:
    graph = StateGraph(Items)
    graph.add_node("item", lambda value: {"done": [value + 1]})
    graph.add_conditional_edges(START, lambda state: [Send("item", i) for i in state["items"]])
    graph.add_edge("item", END)
    return graph


def plus_one(state: Any) -> Any:
    return {"value": state["value"] + 1}


def pass_on(state: Any) -> Any:
    return {"number": state["number"] + 1, "rows": state["rows"]}


def sign(state: Any) -> Any:
    return {"value": time.monotonic_ns()}


class Graphs:
    """The graphs, compiled over one checkpointer."""

    def __init__(self, saver: Any) -> None:
        self._saver = saver
        self._compiled: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], StateGraph]) -> Any:
        if name not in self._compiled:
            self._compiled[name] = make().compile(checkpointer=self._saver)
        return self._compiled[name]

    def ten(self) -> Any:
        return self.get("ten", lambda: chain(Counter, 10, plus_one))


def options(limit: int = 100) -> dict[str, Any]:
    config = {"configurable": {"thread_id": str(uuid.uuid4())}, "recursion_limit": limit}
    return {"config": config, "durability": "sync"}


class Workloads:
    """Each workload by its name, on the graphs of one store."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs

    def sequential(self, runs: int) -> dict[str, Any]:
        graph = self._graphs.ten()
        return one_after_another(runs, lambda _: graph.invoke({"value": 0}, **options()), each=10)

    def burst(self, runs: int) -> dict[str, Any]:
        """Eight threads, as its documentation has one graph call a thread."""
        graph = self._graphs.ten()
        began = perf_counter()
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(graph.invoke, {"value": 0}, **options()) for _ in range(runs)]
            assert all(call.result() == {"value": 10} for call in calls)
        return {"count": runs, "seconds": perf_counter() - began}

    def long(self, steps: int) -> dict[str, Any]:
        graph = self._graphs.get(f"long-{steps}", lambda: chain(Counter, steps, plus_one))
        go = options(limit=steps + 10)
        return one_after_another(1, lambda _: graph.invoke({"value": 0}, **go), each=steps)

    def fan_out(self, items: int) -> dict[str, Any]:
        graph = self._graphs.get("spread", spreading)
        given = {"items": list(range(items)), "done": []}
        go = options()
        go["config"]["max_concurrency"] = 10
        return one_after_another(1, lambda _: graph.invoke(given, **go), each=items)

    def suspend(self, runs: int) -> dict[str, Any]:
        graph = self._graphs.get("asking", asking)
        resuming = 0.0

        def trip(_: int) -> None:
            nonlocal resuming
            go = options()
            graph.invoke({"value": 0}, **go)
            began = perf_counter()
            assert graph.invoke(Command(resume=41), **go) == {"value": 42}
            resuming += perf_counter() - began

        return one_after_another(runs, trip) | {"resume_seconds": resuming}

    def latency(self, runs: int) -> dict[str, Any]:
        graph = self._graphs.get("signs", lambda: chain(Counter, 10, sign))
        samples: list[float] = []

        def one(_: int) -> None:
            for update in graph.stream({"value": 0}, stream_mode="updates", **options()):
                now = time.monotonic_ns()
                samples.extend((now - told["value"]) / 1e6 for told in update.values())

        return one_after_another(runs, one, each=10) | {"samples_ms": samples}

    def payload(self, runs: int, kilobytes: int) -> dict[str, Any]:
        graph = self._graphs.get("passing", lambda: chain(Passing, 10, pass_on))
        given = {"number": 0, "rows": serving.rows(kilobytes)}
        return one_after_another(runs, lambda _: graph.invoke(given, **options()), each=10)


def workloads(graphs: Graphs) -> dict[str, Callable[..., dict[str, Any]]]:
    found = Workloads(graphs)
    return {
        "sequential": found.sequential,
        "burst": found.burst,
        "long": found.long,
        "fan_out": found.fan_out,
        "suspend": found.suspend,
        "latency": found.latency,
        "payload": found.payload,
    }


def main() -> None:
    if sys.argv[1] == "sqlite":
        from langgraph.checkpoint.sqlite import SqliteSaver

        opened: Any = SqliteSaver.from_conn_string(str(Path(sys.argv[2]) / "langgraph.sqlite3"))
    else:
        from langgraph.checkpoint.postgres import PostgresSaver

        opened = PostgresSaver.from_conn_string(sys.argv[2])
    with opened as saver:
        saver.setup()
        serving.serve(workloads(Graphs(saver)))


if __name__ == "__main__":
    main()
