"""One thread writes for all runs of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction

from runs.engine.events import Event
from runs.models import Run, RunEvent
from runs.store import doorbell, journals
from runs.store.ledger import Write, Written
from runs.worker.writer import LARGEST, GroupWriter
from tests.store.entries import entry, event, run_row, write
from tests.store.waiting import DEADLINE, Background, Gate, until
from tests.worker.running import is_inside

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def writer() -> Iterator[GroupWriter]:
    writing = GroupWriter()
    try:
        yield writing
    finally:
        writing.close()


@contextmanager
def commits() -> Iterator[list[int]]:
    """How many runs moved with each commit while inside: after each the doorbell rings once."""
    sizes: list[int] = []
    stop = doorbell.listen(lambda moved: sizes.append(len(moved)))
    try:
        yield sizes
    finally:
        stop()


def stored(writing: GroupWriter, writes: list[Write]) -> list[Any]:
    """Hand all in at once, and wait for what became of each."""

    async def store() -> list[Any]:
        calls = [writing.store(one) for one in writes]
        return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), DEADLINE)

    return asyncio.run(store())


def bad(run: Run) -> Write:
    """A write that no database takes: two events of one number."""
    return Write(run.pk, 1, 0, [entry("p")], [event(0), event(0)])


def test_a_write_is_stored_when_its_author_goes_on() -> None:
    run = run_row()

    with writer() as writing:
        [answer] = stored(writing, [write(run, entry("p", "X"))])

    assert answer == Written(accepted=True, canceled=False)
    assert journals.load(run).entries["p"].output == "X"


def test_writes_that_gather_while_another_commits_go_into_one_transaction() -> None:
    first, *others = [run_row(f"r{n}") for n in range(LARGEST + 1)]

    async def store(writing: GroupWriter) -> list[Any]:
        with _held(first):
            calls = [asyncio.ensure_future(writing.store(write(first, entry("p"))))]
            await asyncio.sleep(0)
            await asyncio.to_thread(until, _is_writing)
            calls += [asyncio.ensure_future(writing.store(write(r, entry("p")))) for r in others]
            await asyncio.sleep(0)
        return await asyncio.wait_for(asyncio.gather(*calls), DEADLINE)

    with commits() as sizes, writer() as writing:
        answers = asyncio.run(store(writing))

    assert all(answer.accepted for answer in answers)
    assert sizes == [1, LARGEST]


def _is_writing() -> bool:
    return is_inside("runs/store/ledger.py", "append")


@contextmanager
def _held(run: Run) -> Iterator[None]:
    """Keep a run's row from being written, in another thread."""
    gate = Gate()

    def hold() -> None:
        with transaction.atomic():
            _lock(run)
            gate.stop()

    holding = Background(hold)
    gate.wait_reached()
    try:
        yield
    finally:
        gate.open()
        holding.outcome()


def test_one_bad_write_does_not_take_others_with_it() -> None:
    runs = [run_row(f"r{n}") for n in range(9)]
    writes = [bad(run) if n == 4 else write(run, entry("p", n)) for n, run in enumerate(runs)]

    with writer() as writing:
        answers = stored(writing, writes)

    assert isinstance(answers[4], Exception)
    assert [one.accepted for n, one in enumerate(answers) if n != 4] == [True] * 8
    outputs = [journals.load(run).entries.get("p") for run in runs]
    assert [one and one.output for one in outputs] == [0, 1, 2, 3, None, 5, 6, 7, 8]
    assert RunEvent.objects.count() == 0


def test_a_value_that_is_no_json_is_a_bad_write_too() -> None:
    good, spoiled = run_row("good"), run_row("spoiled")

    with writer() as writing:
        answers = stored(writing, [write(spoiled, entry("p", {1})), write(good, entry("p", 1))])

    assert isinstance(answers[0], Exception)
    assert answers[1] == Written(accepted=True, canceled=False)


def test_a_stale_write_is_refused_and_the_others_are_stored() -> None:
    runs = [run_row(f"r{n}", fence=1) for n in range(5)]
    writes = [write(run, entry("p"), fence=int(n != 2)) for n, run in enumerate(runs)]

    with writer() as writing:
        answers = stored(writing, writes)

    assert [answer.accepted for answer in answers] == [True, True, False, True, True]


def test_the_writer_goes_on_after_its_connection_broke() -> None:
    run = run_row()
    with writer() as writing:
        stored(writing, [bad(run)])

        [answer] = stored(writing, [write(run, entry("p", "X"))])

    assert answer.accepted


def test_a_thread_that_may_wait_stores_its_own_writes_and_keeps_its_connection() -> None:
    runs = [run_row(f"r{n}") for n in range(3)]
    writes = [write(runs[0], entry("p", 0)), bad(runs[1]), write(runs[2], entry("p", 2))]
    own = connections["default"]

    with commits() as sizes, writer() as writing:
        answers = writing.store_here(writes)
        assert writing.store_here([write(runs[1], entry("p", 1))]) == [Written(True, False)]

    assert connections["default"] is own
    assert [answers[0], answers[2]] == [Written(accepted=True, canceled=False)] * 2
    assert isinstance(answers[1], Exception)
    assert [journals.load(run).entries["p"].output for run in runs] == [0, 1, 2]
    assert sizes == [1, 1, 1]


def test_threads_that_find_somebody_writing_share_the_next_transaction() -> None:
    first, *others = [run_row(f"r{n}") for n in range(6)]

    with commits() as sizes, writer() as writing:
        with _held(first):
            calls = [Background(lambda: writing.store_here([write(first, entry("p"))]))]
            until(_is_writing)
            calls += [Background(partial(_stored_here, writing, run)) for run in others]
            until(lambda: writing._jobs.qsize() == len(others) - 1)  # its thread has the first
        answers = [call.outcome() for call in calls]

    assert answers == [[Written(accepted=True, canceled=False)]] * 6
    assert sizes == [1, 5]


def _stored_here(writing: GroupWriter, run: Run) -> list[Any]:
    return writing.store_here([write(run, entry("p"))])


def test_writes_of_one_run_are_stored_in_their_order() -> None:
    run = run_row()

    async def in_order(writing: GroupWriter) -> None:
        for n in range(30):
            await writing.store(Write(run.pk, 1, 0, [entry("p", n)], [event(n)]))

    with writer() as writing:
        asyncio.run(in_order(writing))

    assert journals.load(run).entries["p"].output == 29
    assert RunEvent.objects.count() == 30


def test_what_was_handed_in_is_stored_before_the_writer_closes() -> None:
    run = run_row()

    async def hand_in(writing: GroupWriter) -> Any:
        call = asyncio.ensure_future(writing.store(write(run, entry("p", "X"))))
        await asyncio.sleep(0)
        await asyncio.to_thread(writing.close)
        return await call

    answer = asyncio.run(hand_in(GroupWriter()))

    assert answer.accepted
    assert journals.load(run).entries["p"].output == "X"


def test_an_author_that_gave_up_waiting_does_not_trouble_the_writer() -> None:
    one, other = run_row("one"), run_row("other")

    async def give_up(writing: GroupWriter) -> Any:
        call = asyncio.ensure_future(writing.store(write(one, entry("p"))))
        await asyncio.sleep(0)
        call.cancel()
        return await writing.store(write(other, entry("p")))

    with writer() as writing:
        assert asyncio.run(give_up(writing)).accepted


def test_an_author_whose_loop_is_gone_does_not_end_the_writer() -> None:
    one, other = run_row("one"), run_row("other")
    with writer() as writing:
        with _held(one):
            loop = asyncio.new_event_loop()
            call = loop.create_task(writing.store(write(one, entry("p"))))
            loop.run_until_complete(asyncio.sleep(0))
            until(_is_writing)
            call.cancel()
            loop.run_until_complete(asyncio.gather(call, return_exceptions=True))
            loop.close()

        [answer] = stored(writing, [write(other, entry("p"))])

    assert answer.accepted


def _lock(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(resource_id="locked")


def test_events_get_no_numbers_twice_however_many_write() -> None:
    runs = [run_row(f"r{n}") for n in range(20)]

    def events(run: Run, count: int) -> list[Event]:
        return [event(n, run.run_id) for n in range(count)]

    with writer() as writing:
        stored(writing, [Write(run.pk, 1, 0, (), events(run, 5)) for run in runs])

    for run in runs:
        assert list(run.events.values_list("seq", flat=True)) == [0, 1, 2, 3, 4]
