"""Values are stored once; what refers to one is found again."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine import refs

from .bodies import adds, bails, echo, flow, says
from .driver import Driver
from .journals import bailed, done, foreach, journal, nested, running
from .shelf import shown

a, b = adds("a", 1), adds("b", 10)
BIG = {"v": "x" * 1000}


@pytest.mark.parametrize(
    ("ref", "value"),
    [
        ("in:a", 1),
        ("out:a", 2),
        ("item:1:f", "y"),
        ("arms:a|n/b", {"a": 2, "b": 3}),
        ("arms:a|gone", {"a": 2}),
        ("arms:", {}),
        ("list:2:f", [10, 20]),
        ("list:3:f", [10, 20, None]),
        ("list:0:f", []),
        ("in:gone", None),
        ("out:gone", None),
        ("item:1:gone", None),
    ],
)
def test_a_reference_finds_its_value(ref: str, value: Any) -> None:
    known = journal(
        {
            "a": done(2, input=1),
            "n": nested(running()),
            "n/b": done(3),
            "f": foreach(running(input=["x", "y"])),
            "f[0]": done(10),
            "f[1]": done(20),
        }
    )

    assert refs.value_of(ref, known.get) == value


@pytest.mark.parametrize("ref", ["", "else:a", None])
def test_an_unknown_reference_is_an_error(ref: str | None) -> None:
    with pytest.raises(ValueError, match="unknown reference"):
        refs.value_of(ref, journal().get)


@pytest.mark.parametrize(
    ("ref", "targets"),
    [
        ("in:a", ["a"]),
        ("out:n!2/a", ["n!2/a"]),
        ("item:1:f", ["f"]),
        ("arms:a|n/b", ["a", "n/b"]),
        ("arms:", []),
        ("list:2:f", ["f[0]", "f[1]"]),
        (None, []),
    ],
)
def test_a_reference_names_the_paths_it_needs(ref: str | None, targets: list[str]) -> None:
    assert list(refs.targets(ref)) == targets


def test_chains_of_references_are_filled_in() -> None:
    known = journal(
        {
            "a": done(2, input_ref="in:"),
            "n": nested(running(input_ref="out:a")),
            "n/x": done(3, input_ref="in:n"),
            "n/y": done(input_ref="out:n/x", output_ref="in:n/y"),
            "b": bailed(input_ref="arms:a|n/x"),
        },
        input=1,
    )

    refs.hydrate(known.entries)

    assert {path: (entry.input, entry.output) for path, entry in known.entries.items()} == {
        "": (1, None),
        "a": (1, 2),
        "n": (2, None),
        "n/x": (2, 3),
        "n/y": (3, 3),
        "b": ({"a": 2, "x": 3}, None),
    }


def test_every_value_is_stored_once() -> None:
    workflow = (
        flow()
        .then(says("a", BIG))
        .then(flow("n").then(says("x", BIG)))
        .parallel([echo("b"), echo("c")])
        .sleep(1)
        .map(lambda ctx: [BIG, BIG])
        .foreach(echo("f"), concurrency=2)
    )
    run = Driver(workflow)

    run.start(BIG)

    two = [BIG, BIG]
    assert run.shelf.stored_values() == {
        "": (BIG, None),
        "a": (None, BIG),
        "n": (None, None),
        "n/x": (None, BIG),
        "b": (None, BIG),
        "c": (None, BIG),
        "sleep_w_0": (None, None),
        "mapping_w_0": (None, two),
        "f": (None, None),
        "f[0]": (None, BIG),
        "f[1]": (None, BIG),
    }
    assert shown(run.shelf.load().entries.values()) == shown(run.journal.entries.values())


def test_the_value_of_a_bail_is_stored_once() -> None:
    run = Driver(flow().foreach(bails("a", BIG)))

    run.start([1, 2])

    assert run.shelf.stored_values() == {
        "": ([1, 2], None),
        "a": (None, None),
        "a[0]": (None, BIG),
    }
    assert run.shelf.load().root.output == BIG


def test_an_input_changed_by_its_schema_is_its_own() -> None:
    schema = {"type": "object", "properties": {"v": {"default": 7}}}
    run = Driver(flow().then(echo("a", input_schema=schema)))

    run.start({"other": 1})

    assert run.shelf.stored_values()["a"] == ({"v": 7}, {"v": 7})


def test_an_input_its_schema_leaves_alone_is_a_reference() -> None:
    schema = {"type": "object", "properties": {"v": {"default": 7}}}
    run = Driver(flow().then(echo("a", input_schema=schema)))

    run.start({"v": 8})

    assert run.shelf.stored_values()["a"] == (None, {"v": 8})
