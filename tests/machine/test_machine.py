"""Random calls of random workflows' runs, with deaths of the process at random points."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runs.engine import path as paths
from runs.engine.journal import ACTIVE, FINAL, Journal, Status
from runs.exceptions import InvalidTarget
from runs.operations import plan_time_travel
from runs.testing import skipping_time

from .cases import ANSWER, INPUT, Case, cases
from .invariants import check, remember, the_plan_was_followed
from .life import HOW, Call, Life
from .profiles import tried
from .targets import answers, recorded

pytestmark = pytest.mark.django_db(transaction=True)

how = st.sampled_from(HOW)
#: At which chance the process dies; 0 is never.
deadly = st.sampled_from((0, 0, 0, 1, 2, 3, 4, 6, 9))
choice = st.integers(0, 99)


class Machine(RuleBasedStateMachine):
    """One run; each rule is a call, after which every invariant is checked."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.around.enter_context(skipping_time())

    @initialize(case=cases())
    def create(self, case: Case) -> None:
        self.life = Life(case)
        self.around.callback(self.life.end)
        self.memory = remember(self.life)

    def teardown(self) -> None:
        self.around.close()

    def call(self, method: str, *arguments: Any, **options: Any) -> Call:
        done = self.life.call(method, *arguments, **options)
        self.memory = check(self.life, done, self.memory)
        return done

    @property
    def journal(self) -> Journal:
        return self.memory.journal

    def stands(self, *statuses: Status) -> bool:
        return self.journal.status in statuses

    # --- calls that are in place --------------------------------------------------------------

    @precondition(lambda self: self.stands(Status.PENDING, *FINAL))
    @rule(how=how, deadly=deadly)
    def start(self, how: str, deadly: int) -> None:
        self.call("start", INPUT, how=how, deadly=deadly)

    @precondition(lambda self: self.stands(Status.SUSPENDED))
    @rule(how=how, deadly=deadly, choice=choice, by_label=st.booleans())
    def resume(self, how: str, deadly: int, choice: int, by_label: bool) -> None:
        options = list(answers(self.journal, by_label=by_label))
        self.call("resume", ANSWER, how=how, deadly=deadly, **options[choice % len(options)])

    @precondition(lambda self: self.stands(*ACTIVE))
    @rule(how=how, deadly=deadly)
    def restart(self, how: str, deadly: int) -> None:
        self.call("restart", how=how, deadly=deadly)

    @rule(how=how)
    def cancel(self, how: str) -> None:
        self.call("cancel", how=how)

    @precondition(lambda self: self.journal.entries and not self.stands(*ACTIVE))
    @rule(how=how, deadly=deadly, choice=choice)
    def time_travel(self, how: str, deadly: int, choice: int) -> None:
        targets = list(recorded(self.journal, paths.ROOT, []))
        if not targets:
            return
        target, before = targets[choice % len(targets)], self.journal
        try:
            plan = plan_time_travel(self.life.run, target)
        except InvalidTarget:
            self.refused("time_travel", target, how=how)
        else:
            done = self.call("time_travel", target, how=how, deadly=deadly)
            the_plan_was_followed(plan, done, before, self.journal)

    # --- calls that are not -------------------------------------------------------------------

    @precondition(lambda self: self.stands(Status.SUSPENDED, *ACTIVE))
    @rule(how=how)
    def start_again(self, how: str) -> None:
        self.refused("start", INPUT, how=how)

    @precondition(lambda self: self.stands(*FINAL))
    @rule(how=how)
    def answer_nothing(self, how: str) -> None:
        self.refused("resume", ANSWER, how=how)

    @precondition(lambda self: self.stands(Status.SUSPENDED))
    @rule(how=how)
    def restart_what_waits(self, how: str) -> None:
        self.refused("restart", how=how)

    @precondition(lambda self: self.stands(*ACTIVE))
    @rule(how=how)
    def travel_away(self, how: str) -> None:
        self.refused("time_travel", self.life.workflow.flow[0].key, how=how)

    def refused(self, method: str, *arguments: Any, **options: Any) -> None:
        done = self.call(method, *arguments, **options)
        assert done.refused is not None
        assert done.executed == []


def test_whatever_is_called_and_wherever_the_process_dies_the_record_holds() -> None:
    run_state_machine_as_test(Machine, settings=tried(60, 4000, stateful_step_count=12))
