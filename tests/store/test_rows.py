from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.events import Event
from runs.engine.journal import Entry, Kind, Status
from runs.models import StepSnapshot
from runs.models.fields import dumps, loads
from runs.store import journals, ledger, rows
from tests.store.entries import entry, run_row, write

FULL = Entry(
    path="outer!2/charge[3]",
    step_id="charge",
    kind=Kind.WORKFLOW,
    status=Status.SUSPENDED,
    position=(2, 0),
    input={"own": "input"},
    output=[1, None, "three"],
    error={"message": "no", "name": "ValueError", "code": "c"},
    tripwire={"reason": "r", "retry": True, "metadata": {"m": 1}},
    non_retryable=True,
    started_at=1_700_000_000_001,
    ended_at=1_700_000_000_002,
    suspend_payload={"q": "?"},
    suspend_output={"returned": 1},
    suspended_at=1_700_000_000_003,
    resume_payload={"a": "!"},
    resumed_at=1_700_000_000_004,
    resuming=True,
    labels=("boss", "deputy"),
    assignees=("user:alice", "group:finance"),
    tried=({"endedAt": 1_700_000_000_001, "error": {"message": "no", "name": "E"}},),
    metadata={"team": "x"},
    iteration=4,
    tries=2,
    wake_at=1_700_000_000_005,
    state={"s": {"deep": [1]}},
    begun=7,
    ended=8,
    starts=3,
    was_canceled=True,
    taken=True,
    patched=("s",),
    path_before=("a", "b"),
)
#: Set in tests of their own: they say where values are that this entry has itself.
REFERENCES = {"input_ref", "output_ref", "kept_from"}


def test_the_full_entry_sets_every_field_to_something_unusual() -> None:
    plain = Entry("p", "s", Kind.STEP, Status.RUNNING)

    alike = {f.name for f in fields(Entry) if getattr(FULL, f.name) == getattr(plain, f.name)}

    assert alike == REFERENCES


@pytest.mark.django_db
def test_an_entry_comes_back_with_every_field() -> None:
    run = run_row()

    ledger.append_one(write(run, FULL))

    assert list(journals.load(run).entries.values()) == [FULL]


@pytest.mark.django_db
def test_an_entry_with_nothing_set_comes_back_as_it_was() -> None:
    run = run_row()
    bare = Entry("p", "s", Kind.DECISION, Status.RUNNING)

    ledger.append_one(write(run, bare))

    assert list(journals.load(run).entries.values()) == [bare]


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_status_and_kind_is_kept(status: Status, kind: Kind) -> None:
    run = run_row()

    ledger.append_one(write(run, entry("p", status=status, kind=kind)))

    [stored] = journals.load(run).entries.values()
    assert (stored.status, stored.kind) == (status, kind)


@pytest.mark.django_db
def test_the_second_write_of_an_entry_changes_its_row() -> None:
    run = run_row()
    first = replace(FULL, status=Status.RUNNING, output=None, error=None, labels=(), tries=0)
    ledger.append_one(write(run, first))

    ledger.append_one(write(run, FULL))

    assert list(journals.load(run).entries.values()) == [FULL]
    assert StepSnapshot.objects.count() == 1


@pytest.mark.django_db
def test_a_later_write_can_take_values_away() -> None:
    run = run_row()
    ledger.append_one(write(run, FULL))
    emptied = Entry(
        FULL.path, FULL.step_id, FULL.kind, Status.RUNNING, FULL.position, begun=9, starts=4
    )

    ledger.append_one(write(run, emptied))

    assert list(journals.load(run).entries.values()) == [emptied]


@pytest.mark.django_db
def test_entries_of_one_path_in_two_runs_and_two_attempts_are_four() -> None:
    one, other = run_row("one", attempt=2), run_row("other", attempt=2)

    for run in (one, other):
        for attempt in (1, 2):
            output = f"{run.run_id}-{attempt}"
            ledger.append_one(write(run, entry("p", output), attempt=attempt))

    found = {
        journals.load(run, attempt).entries["p"].output
        for run in (one, other)
        for attempt in (1, 2)
    }
    assert found == {"one-1", "one-2", "other-1", "other-2"}


@pytest.mark.django_db
def test_an_old_attempt_is_read_apart_from_the_current_one() -> None:
    run = run_row(attempt=2)
    ledger.append_one(write(run, entry("p", "old"), attempt=1))
    ledger.append_one(write(run, entry("q", "new"), attempt=2))

    current, old = journals.load(run), journals.load(run, 1)

    assert (current.attempt, list(current.entries)) == (2, ["q"])
    assert (old.attempt, list(old.entries)) == (1, ["p"])


@pytest.mark.django_db
def test_entries_come_back_in_the_order_in_which_they_began() -> None:
    run = run_row()
    begun = {"c": 1, "a": 2, "d": 3, "b": 4}

    ledger.append_one(write(run, *(entry(path, begun=begun[path]) for path in "abcd")))

    journal = journals.load(run)
    assert (list(journal.entries), journal.order) == (["c", "a", "d", "b"], 4)


# --- values in one place ---------------------------------------------------------------------


@pytest.mark.django_db
def test_a_value_with_a_reference_is_not_stored_again() -> None:
    run = run_row()
    referring = entry("b", "X", input="X", input_ref="out:a", output_ref="out:a")

    ledger.append_one(write(run, entry("a", "X"), referring))

    row = StepSnapshot.objects.get(path="b")
    assert (row.input, row.input_ref, row.output, row.output_ref) == (
        None,
        "out:a",
        None,
        "out:a",
    )


REFERRED: list[tuple[str, Any]] = [
    ("in:a", "input of a"),
    ("out:a", "output of a"),
    ("item:1:list", "second"),
    ("arms:a|b", {"a": "output of a", "b": "output of b"}),
    ("arms:", {}),
    ("list:2:each", ["item 0", "item 1"]),
    ("list:0:each", []),
    ("out:nothing", None),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("ref", "value"), REFERRED, ids=[ref for ref, _ in REFERRED])
def test_a_reference_is_filled_in_when_its_journal_is_loaded(ref: str, value: Any) -> None:
    run = run_row()
    named = [
        entry("a", "output of a", input="input of a", begun=1, ended=2),
        entry("b", "output of b", begun=3, ended=4),
        entry("list", begun=5, ended=6, input=["first", "second"]),
        entry("each[0]", "item 0", begun=7, ended=8),
        entry("each[1]", "item 1", begun=9, ended=10),
    ]

    last = entry("last", begun=11, ended=12, input_ref=ref, output_ref=ref)
    ledger.append_one(write(run, *named, last))

    loaded = journals.load(run).entries["last"]
    assert (loaded.input, loaded.output) == (value, value)


@pytest.mark.django_db
def test_a_chain_of_references_is_followed_to_its_end() -> None:
    run = run_row()
    first = entry("p0", {"the": "value"}, begun=1, ended=2)
    others = [
        entry(f"p{n}", begun=2 * n + 1, ended=2 * n + 2, output_ref=f"out:p{n - 1}")
        for n in range(1, 30)
    ]

    ledger.append_one(write(run, *others, first))

    assert journals.load(run).entries["p29"].output == {"the": "value"}


@pytest.mark.django_db
def test_some_entries_are_loaded_with_all_that_they_refer_to() -> None:
    run = run_row()
    ledger.append_one(
        write(
            run,
            entry("a", "A", begun=1, ended=2),
            entry("b", begun=3, ended=4, output_ref="out:a"),
            entry("c", begun=5, ended=6, output_ref="arms:b"),
            entry("unrelated", "U", begun=7, ended=8),
        )
    )

    found = journals.load_entries(run.pk, 1, {"c"})

    assert {path: one.output for path, one in found.items()} == {
        "a": "A",
        "b": "A",
        "c": {"b": "A"},
    }


@pytest.mark.django_db
def test_a_kept_entry_has_its_values_in_the_attempt_it_is_kept_from() -> None:
    run = run_row(attempt=2)
    ledger.append_one(write(run, entry("a", "OUT", input="IN"), attempt=1))

    kept = entry("a", "OUT", input="IN", kept_from=1, taken=True)
    ledger.append_one(write(run, kept, attempt=2))

    row = StepSnapshot.objects.get(attempt=2)
    assert (row.input, row.output) == (None, None)
    assert journals.load(run).entries == {"a": kept}


@pytest.mark.django_db
def test_values_of_a_kept_entry_are_found_through_the_references_it_had_there() -> None:
    run = run_row(attempt=2)
    origin = entry("b", "OUT", begun=3, ended=4, input="OUT", input_ref="out:a", output_ref="out:a")
    ledger.append_one(write(run, entry("a", "OUT", begun=1, ended=2), origin, attempt=1))

    kept = replace(origin, input_ref=None, output_ref=None, kept_from=1)
    ledger.append_one(write(run, kept, attempt=2))

    assert journals.load(run).entries == {"b": kept}
    assert journals.load_entries(run.pk, 2, ["b"])["b"] == kept


@pytest.mark.django_db
def test_more_kept_entries_than_one_statement_can_name_are_all_found() -> None:
    run = run_row(attempt=2)
    origin = [entry(f"p[{n}]", n, begun=2 * n, ended=2 * n + 1) for n in range(1100)]
    ledger.append_one(write(run, *origin, attempt=1))

    ledger.append_one(write(run, *(replace(one, kept_from=1) for one in origin), attempt=2))

    outputs = [one.output for one in journals.load(run).entries.values()]
    assert outputs == list(range(1100))


# --- JSON as text ----------------------------------------------------------------------------

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(json_values)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    stored = loads(dumps(value))

    # Python finds 1, 1.0 and True equal; their JSON tells them apart.
    assert json.dumps(stored) == json.dumps(value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, {"deep": [10**30]}], ids=str)
def test_an_integer_beyond_64_bits_is_refused_rather_than_rounded(value: Any) -> None:
    try:
        stored = dumps(value)
    except (TypeError, OverflowError):
        return

    assert json.dumps(loads(stored)) == json.dumps(value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    [0, False, "", [], {}, "null", 2**63, -1.5e-300, "\x00", "ü \u2028 \U0001f600", {"": {"": []}}],
    ids=repr,
)
def test_values_that_are_easily_lost_are_stored_as_they_are(value: Any) -> None:
    run = run_row()

    ledger.append_one(write(run, entry("p", value, input=value, error={"m": value})))

    [stored] = journals.load(run).entries.values()
    assert (stored.output, stored.input, stored.error) == (value, value, {"m": value})
    assert type(stored.output) is type(value)


def test_an_event_comes_back_from_its_row() -> None:
    event = Event("workflow-step-output", "a/b", 3, 1_700_000_000_000, {"output": [1]}, 9)

    assert rows.to_event(rows.of_event(5, event)) == event


def test_an_event_that_says_nothing_of_its_own_comes_back_too() -> None:
    event = Event("workflow-start", "", 1, 1_700_000_000_000, {}, 0)

    assert rows.to_event(rows.of_event(5, event)) == event
