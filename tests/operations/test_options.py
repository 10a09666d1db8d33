"""Options of the calls: what no call has is refused, before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runs import Workflow, create_workflow
from runs.models import Run
from tests.store.gallery import add

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]

CALLS: dict[str, Callable[[Run], Any]] = {
    "start": lambda run: run.start({}, inital_state={}),
    "start_async": lambda run: run.start_async({}, inital_state={}),
    "resume": lambda run: run.resume({}, inital_state={}),
    "resume_async": lambda run: run.resume_async({}, inital_state={}),
    "time_travel": lambda run: run.time_travel("a", inital_state={}),
    "time_travel_async": lambda run: run.time_travel_async("a", inital_state={}),
    "plan_time_travel": lambda run: run.plan_time_travel("a", inital_state={}),
    "stream": lambda run: run.stream({}, inital_state={}).result(),
    "resume_stream": lambda run: run.resume_stream({}, inital_state={}).result(),
    "time_travel_stream": lambda run: run.time_travel_stream("a", inital_state={}).result(),
}
COROUTINES: dict[str, Callable[[Run], Any]] = {
    "astart": lambda run: run.astart({}, inital_state={}),
    "astart_async": lambda run: run.astart_async({}, inital_state={}),
    "aresume": lambda run: run.aresume({}, inital_state={}),
    "atime_travel": lambda run: run.atime_travel("a", inital_state={}),
}


def misspelled() -> Workflow:
    return create_workflow("misspelled").then(add(1)).commit()


@pytest.fixture
def run() -> Run:
    return misspelled().create_run(execution="inline")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_option_that_no_call_has_is_refused(run: Run, call: Callable[[Run], Any]) -> None:
    with pytest.raises(TypeError, match=r"^There is no option 'inital_state'; there are "):
        call(run)
    assert Run.objects.get(pk=run.pk).status == "pending"


@pytest.mark.parametrize("call", COROUTINES.values(), ids=COROUTINES)
async def test_nor_does_a_coroutine_take_it(call: Callable[[Run], Any]) -> None:
    run = await misspelled().acreate_run(execution="inline")
    with pytest.raises(TypeError, match=r"^There is no option 'inital_state'; there are "):
        await call(run)
    assert (await Run.objects.aget(pk=run.pk)).status == "pending"
