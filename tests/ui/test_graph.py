"""The graph: nodes get the paths under which runs record, and drawing escapes what it shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from runs import create_step, create_workflow
from runs.definition import Workflow
from runs.ui.graph import Mark, graph_path, read_graph, render_graph, render_tree
from runs.ui.graph.layout import Block, lay_out
from runs.ui.graph.nodes import words

SVG = "{http://www.w3.org/2000/svg}"


def step(id: str):
    return create_step(id=id)(lambda ctx: ctx.input_data)


@pytest.fixture
def everything(registry: None) -> Workflow:
    """Every kind of entry, some of them twice and within each other."""
    a, b, c = step("a"), step("b"), step("c")
    inner = create_workflow("inner").then(a).foreach(b, concurrency=3).commit()
    return (
        create_workflow("everything")
        .then(a)
        .then(a)
        .parallel([b, inner])
        .branch([(lambda ctx: ctx.input_data["ok"], c), (lambda ctx: True, a)])
        .dowhile(b, lambda ctx: ctx.input_data < 3)
        .foreach(inner, concurrency=2)
        .map({"x": {"value": 1}}, id="join")
        .sleep(2.5)
        .commit()
    )


def drawn(text: str) -> ElementTree.Element:
    """A parser that sees the drawing as one document; names of HTML's SVG have no prefix."""
    named = text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(named.replace(" data-graph", ' data-graph=""'))


def test_nodes_have_the_paths_under_which_runs_record(everything: Workflow) -> None:
    nodes = read_graph(everything.serialized_step_graph)

    found = [(node.kind, node.path) for top in nodes for node in top.walk()]

    assert found == [
        ("step", "a"),
        ("step", "a~2"),
        ("parallel", "parallel_0"),
        ("step", "b"),
        ("workflow", "inner"),
        ("step", "inner/a"),
        ("foreach", "inner/b"),
        ("step", "inner/b"),
        ("conditional", "branch_0"),
        ("step", "c"),
        ("step", "a~3"),
        ("loop", "b~2"),
        ("step", "b~2"),
        ("foreach", "inner~2"),
        ("workflow", "inner~2"),
        ("step", "inner~2/a"),
        ("foreach", "inner~2/b"),
        ("step", "inner~2/b"),
        ("mapping", "join"),
        ("sleep", "sleep_everything_0"),
    ]


def test_the_keys_are_those_of_the_definition(everything: Workflow) -> None:
    nodes = read_graph(everything.serialized_step_graph)

    assert [everything.node_at(node.path) is None for node in nodes] == [False] * len(nodes)


def test_a_recorded_path_is_found_in_the_graph_without_its_marks() -> None:
    assert graph_path("inner~2[4]!2/b[0]") == "inner~2/b"
    assert graph_path("poll#12") == "poll"


def test_a_function_is_said_in_a_few_words() -> None:
    assert words('lambda ctx: ctx.input_data["approved"] is True') == "approved is True"
    assert words("lambda c: c.input_data.amount > 50") == "amount > 50"
    assert words("lambda ctx: ctx.input_data <= 0") == "input <= 0"
    assert words("async def is_urgent(ctx):\n    return True") == "is urgent"


def within(block: Block) -> Iterator[tuple[Block, Block]]:
    for child in block.children:
        yield block, child
        yield from within(child)


def test_nothing_overlaps_and_frames_hold_their_content(everything: Workflow) -> None:
    blocks = lay_out(read_graph(everything.serialized_step_graph))

    for above, below in itertools.pairwise(blocks):
        assert above.bottom < below.y
        assert above.middle == pytest.approx(below.middle)
    for frame, child in (pair for block in blocks for pair in within(block)):
        assert frame.x < child.x and child.x + child.width < frame.x + frame.width
        assert frame.y < child.y and child.bottom < frame.bottom


def test_statuses_and_notes_are_attributes_and_texts_of_the_nodes(everything: Workflow) -> None:
    marks = {"a": Mark("success", "0.1 s"), "inner/b": Mark("running", "3 of 5")}

    root = drawn(render_graph(read_graph(everything.serialized_step_graph), marks))

    statuses = [(g.get("data-path"), g.get("data-status")) for g in root.iter(f"{SVG}g")]
    notes = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "note"]
    assert ("a", "success") in statuses
    assert ("a~2", "none") in statuses
    assert statuses.count(("inner/b", "running")) == 2
    assert notes[:2] == ["0.1 s", "not started"]


def test_a_graph_of_a_definition_has_no_statuses(everything: Workflow) -> None:
    root = drawn(render_graph(read_graph(everything.serialized_step_graph)))

    assert [g for g in root.iter(f"{SVG}g") if g.get("data-status")] == []


def test_what_a_definition_says_is_escaped_in_graph_and_tree(registry: None) -> None:
    evil = "<script>alert(1)</script>"
    flow = create_workflow("w").then(create_step(id=evil, description=evil)(lambda ctx: 1)).commit()
    nodes = read_graph(flow.serialized_step_graph)

    graph = render_graph(nodes, {}, link=lambda path: f'?step="{path}')
    tree = render_tree(nodes, {}, link=lambda path: f'?step="{path}')

    assert "<script" not in graph + tree
    assert '="?step=&quot;' in graph
    assert '="?step=&quot;' in tree


def test_the_tree_has_each_node_once_in_document_order(everything: Workflow) -> None:
    nodes = read_graph(everything.serialized_step_graph)

    tree = render_tree(nodes, link=lambda path: f"?step={path}")

    assert tree.count('role="treeitem"') == sum(1 for top in nodes for _ in top.walk())
    assert tree.index('data-path="a"') < tree.index('data-path="inner"')
