"""What there is to draw: the serialized step graph, with paths and words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runs.definition.ids import Keys
from runs.engine import path as paths

Json = Any

_LAMBDA = re.compile(r"^lambda\b[^:]*:\s*(.*)$", re.DOTALL)
_FUNCTION = re.compile(r"^(?:@.*\n)*\s*(?:async\s+)?def\s+(\w+)")
_INPUT_MEMBER = re.compile(r"""\b\w+\.input_data(?:\[["'](\w+)["']\]|\.(\w+))""")


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One entry of a flow. ``path`` is where it is in the definition, without repetition marks."""

    kind: str
    path: str
    id: str
    #: What stands in the box: the id, or what a wait or frame does in a few words.
    label: str
    #: More of it for who asks: a description, or the source of a function.
    title: str = ""
    #: Under which condition an arm of a branch runs, and its source.
    condition: str = ""
    condition_source: str = ""
    can_suspend: bool = False
    #: Members of a frame: side by side, or one below the other in a nested workflow.
    children: tuple[GraphNode, ...] = ()

    def walk(self) -> Iterator[GraphNode]:
        yield self
        for child in self.children:
            yield from child.walk()


#: Where a recorded path is in the graph.
graph_path = paths.unmarked


def read_graph(graph: Sequence[Json], scope: str = paths.ROOT) -> tuple[GraphNode, ...]:
    """The nodes of a serialized step graph, in order."""
    return _Reader(scope).nodes(graph)


class _Reader:
    """Gives out the keys of one workflow in the order in which its builder did."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._keys = Keys()
        self._controls = {"parallel": 0, "branch": 0}

    def nodes(self, graph: Sequence[Json]) -> tuple[GraphNode, ...]:
        return tuple(self.node(entry) for entry in graph)

    def node(self, entry: Json) -> GraphNode:
        match entry["type"]:
            case "step":
                return self._step(entry["step"])
            case "workflow":
                return self._workflow(entry)
            case "parallel" | "conditional" as kind:
                return self._side_by_side(kind, entry)
            case "loop":
                return self._around("loop", entry["step"], *_loop_words(entry))
            case "foreach":
                return self._around("foreach", entry["step"], *_foreach_words(entry))
            case kind:
                return self._plain(kind, entry)

    def _path(self, id: str) -> str:
        return paths.join(self._scope, self._keys.take(id))

    def _step(self, step: Json) -> GraphNode:
        return GraphNode(
            kind="step",
            path=self._path(step["id"]),
            id=step["id"],
            label=step["id"],
            title=step.get("description", ""),
            can_suspend=step.get("canSuspend", False),
        )

    def _workflow(self, entry: Json) -> GraphNode:
        path = self._path(entry["id"])
        return GraphNode(
            kind="workflow",
            path=path,
            id=entry["id"],
            label=entry["id"],
            title=entry.get("description", ""),
            children=read_graph(entry["serializedStepFlow"], path),
        )

    def _side_by_side(self, kind: str, entry: Json) -> GraphNode:
        name = "parallel" if kind == "parallel" else "branch"
        path = self._path(f"{name}_{self._controls[name]}")
        self._controls[name] += 1
        members = self.nodes(entry["steps"])
        if kind == "parallel":
            label = f"parallel · {len(members)} together"
        else:
            label = "branch · each that holds"
            conditions = entry.get("serializedConditions", ())
            members = tuple(
                _under(member, condition)
                for member, condition in zip(members, conditions, strict=True)
            )
        return GraphNode(
            kind=kind, path=path, id=paths.step_ids(path)[-1], label=label, children=members
        )

    def _around(self, kind: str, entry: Json, label: str, title: str) -> GraphNode:
        member = self.node(entry)
        return GraphNode(
            kind=kind, path=member.path, id=member.id, label=label, title=title, children=(member,)
        )

    def _plain(self, kind: str, entry: Json) -> GraphNode:
        label, title = _plain_words(kind, entry)
        return GraphNode(
            kind=kind, path=self._path(entry["id"]), id=entry["id"], label=label, title=title
        )


def _under(member: GraphNode, condition: Json) -> GraphNode:
    values = {name: getattr(member, name) for name in GraphNode.__dataclass_fields__}
    source = condition["fn"]
    return GraphNode(**{**values, "condition": words(source), "condition_source": source})


def _plain_words(kind: str, entry: Json) -> tuple[str, str]:
    source = entry.get("fn", "")
    if kind == "mapping":
        return entry["id"], entry.get("mapConfig", "")
    if kind == "sleep":
        return f"sleep {words(source) if source else _milliseconds(entry['duration'])}", source
    return f"sleep until {words(source) if source else entry['date']}", source


def _milliseconds(value: float) -> str:
    return f"{value:g} ms" if value < 1000 else f"{value / 1000:g} s"


def _loop_words(entry: Json) -> tuple[str, str]:
    source = entry["serializedCondition"]["fn"]
    word = "while" if entry["loopType"] == "dowhile" else "until"
    return f"repeat {word} {words(source)}", source


def _foreach_words(entry: Json) -> tuple[str, str]:
    options = entry.get("opts", {})
    if "fn" in options:
        return "for each · as many at once as it says", options["fn"]
    count = options.get("concurrency", 1)
    return f"for each · {'one by one' if count == 1 else f'{count} at once'}", ""


def words(source: str) -> str:
    """A function in a few words: what a lambda computes, or the name of a function."""
    source = source.strip()
    if found := _LAMBDA.match(source):
        text = _INPUT_MEMBER.sub(lambda m: m.group(1) or m.group(2), found.group(1))
        return re.sub(r"\b\w+\.input_data\b", "input", re.sub(r"\s+", " ", text)).strip()
    if found := _FUNCTION.match(source):
        return found.group(1).replace("_", " ").strip()
    return source
