"""The names under which a run remembers what happened where."""

from __future__ import annotations

import pytest

from runs.engine import path as paths


def test_paths_are_put_together_from_the_root() -> None:
    assert paths.join(paths.ROOT, "a") == "a"
    assert paths.join("n", "a") == "n/a"


def test_marks_tell_repetitions_apart() -> None:
    assert paths.iteration("poll", 2) == "poll#2"
    assert paths.item("ship", 3) == "ship[3]"
    assert paths.decision("poll#2") == "poll#2?"
    assert [paths.inner("n", tries) for tries in (0, 1, 2)] == ["n", "n", "n!2"]


@pytest.mark.parametrize(
    ("path", "scope"),
    [("a", ""), ("n/a", "n"), ("n!2/a", "n!2"), ("n/m[3]/a", "n/m[3]"), ("n/m[3]", "n")],
)
def test_the_parent_is_the_scope_with_its_marks(path: str, scope: str) -> None:
    assert paths.parent(path) == scope


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("a", ""),
        ("n/a", "n"),
        ("n!2/a", "n"),
        ("ship[3]", "ship"),
        ("ship[3]/card", "ship[3]"),
        ("ship[3]!2/card", "ship[3]"),
        ("n!2/ship[3]", "n!2/ship"),
        ("n!2/m!3/a", "n!2/m"),
    ],
)
def test_above_a_path_is_the_entry_it_lies_in(path: str, above: str) -> None:
    assert paths.above(path) == above


@pytest.mark.parametrize("path", ["n", "n/a", "n#2", "n[3]", "n!2/a", "n?"])
def test_what_lies_within_an_entry(path: str) -> None:
    assert paths.is_within(path, "n")
    assert paths.is_within(path, paths.ROOT)


@pytest.mark.parametrize("path", ["m", "nn", "n2/a", "n~2", "m/n", ""])
def test_what_does_not_lie_within_an_entry(path: str) -> None:
    assert not paths.is_within(path, "n")


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("", ()),
        ("a", ("a",)),
        ("a~2/b#3", ("a", "b")),
        ("n!2/ship[3]/card?", ("n", "ship", "card")),
        ("50%25%23", ("50%#",)),
        ("a%2Fb/c%7E2", ("a/b", "c~2")),
    ],
)
def test_the_step_ids_along_a_path(path: str, ids: tuple[str, ...]) -> None:
    assert paths.step_ids(path) == ids


def test_events_show_a_path_with_dots() -> None:
    assert paths.dotted("n!2/ship[3]/card") == "n.ship.card"


def test_a_foreach_item_has_a_run_id_of_its_own_and_always_the_same() -> None:
    ids = [paths.nested_run_id("r1", f"n[{index}]") for index in (0, 1, 0)]

    assert ids[0] == ids[2] != ids[1]
