"""Whether a step that failed is tried again, and when."""

from __future__ import annotations

import pytest

from runs import NonRetryableError, RetryConfig
from runs.engine.retry import JITTER, RetryPolicy, policy_for

from .bodies import asks, echo, flow, raises, step
from .driver import Call, Driver
from .journals import NOW, asked, failed, journal, running, statuses, turn
from .wire import failure, success

# --- the policy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (RetryPolicy(), [None]),
        (RetryPolicy(1), [0.0, None]),
        (RetryPolicy(2, delay=3.0), [3.0, 3.0, None]),
        (RetryPolicy(3, delay=3.0, backoff=0.5), [3.0, 1.5, 0.75, None]),
    ],
)
def test_a_policy_says_how_long_to_wait_after_each_failed_try(
    policy: RetryPolicy, delays: list[float | None]
) -> None:
    assert [policy.delay_after(tries) for tries in range(1, len(delays) + 1)] == delays


def test_a_backoff_lengthens_each_wait_and_varies_it_a_little() -> None:
    policy = RetryPolicy(3, delay=1.0, backoff=2.0, jitter=JITTER)

    waits = [policy.delay_after(tries) or 0 for tries in (1, 2, 3)]

    assert all(
        exact <= wait <= exact * (1 + JITTER)
        for exact, wait in zip((1.0, 2.0, 4.0), waits, strict=True)
    )


@pytest.mark.parametrize(
    ("retries", "resumed", "expected"),
    [(None, False, 4), (None, True, 0), (2, False, 2), (2, True, 2), (0, False, 0)],
)
def test_a_steps_own_retries_win_and_stay_on_resume(
    retries: int | None, resumed: bool, expected: int
) -> None:
    policy = policy_for(
        step_retries=retries, step_delay=None, backoff=1.0, attempts=4, delay=9.0, resumed=resumed
    )

    assert policy == RetryPolicy(expected, 9.0, 1.0)


def test_a_steps_own_delay_wins() -> None:
    policy = policy_for(
        step_retries=1, step_delay=0.5, backoff=3.0, attempts=4, delay=9.0, resumed=False
    )

    assert policy == RetryPolicy(1, 0.5, 3.0, JITTER)


@pytest.mark.parametrize(
    ("backoff", "jitter", "expected"),
    [(1.0, None, 0.0), (2.0, None, JITTER), (1.0, 0.5, 0.5), (2.0, 0.0, 0.0)],
)
def test_a_step_may_say_how_far_its_delays_are_spread(
    backoff: float, jitter: float | None, expected: float
) -> None:
    policy = policy_for(
        step_retries=1,
        step_delay=1.0,
        backoff=backoff,
        attempts=0,
        delay=0.0,
        resumed=False,
        jitter=jitter,
    )

    assert policy.jitter == expected
    assert all(1 <= (policy.delay_after(1) or 0) <= 1 + expected for _ in range(100))


# --- in a run --------------------------------------------------------------------------------


def test_a_step_is_tried_again_as_often_as_it_says() -> None:
    run = Driver(flow().then(raises("a", retries=2)))

    result = run.start(1)

    assert run.ran == ["a", "a", "a"]
    assert result.steps == {"input": 1, "a": failure()}
    assert run.journal.entries["a"].tries == 3


def test_all_tries_tell_one_start_and_one_result() -> None:
    run = Driver(flow().then(raises("a", times=2, retries=2)))

    result = run.start(1)

    assert result.steps == {"input": 1, "a": success(None, 1)}
    assert run.told == ["start", "step-start a", "step-result a", "finish"]


def test_the_body_is_told_which_try_it_is() -> None:
    seen = []

    def body(ctx: Call) -> None:
        seen.append(ctx.retry_count)
        raise RuntimeError("no")

    Driver(flow().then(step("a", body, retries=2))).start(1)

    assert seen == [0, 1, 2]


def test_the_workflow_says_how_often_for_steps_that_do_not() -> None:
    workflow = (
        flow(retry_config=RetryConfig(1)).then(raises("a", times=1)).then(raises("b", retries=0))
    )
    run = Driver(workflow)

    run.start(1)

    assert run.ran == ["a", "a", "b"]


def test_the_next_try_waits_for_its_delay() -> None:
    run = Driver(flow().then(raises("a", times=1, retries=1, retry_delay=2.5)))
    run.begin(1)
    run.turn()
    run.perform("a")

    answer = run.turn()

    assert (asked(answer), answer.wake_at) == ([], NOW + 2500)
    assert run.journal.entries["a"].wake_at == NOW + 2500
    run.wait()
    assert asked(run.turn()) == [("execute", "a", 1)]


def test_a_try_that_is_due_no_longer_waits() -> None:
    run = Driver(flow().then(raises("a", times=1, retries=1, retry_delay=2.5)))
    run.begin(1)
    run.step()
    run.turn()
    run.wait()

    run.turn()

    assert run.shelf.load().entries["a"].wake_at is None


def test_the_delay_goes_on_over_a_crash() -> None:
    run = Driver(flow().then(raises("a", times=1, retries=1, retry_delay=2.5)))
    run.begin(1)
    run.step()
    run.turn()

    run.crash()

    assert run.turn().wake_at == NOW + 2500
    assert run.drive().status == "success"
    assert run.ran == ["a", "a"]


def test_a_crash_during_a_try_does_not_count_as_a_try() -> None:
    run = Driver(flow().then(raises("a", times=1, retries=1)))
    run.begin(1)
    run.step()
    run.turn()

    run.crash()
    result = run.drive()

    assert (result.status, run.journal.entries["a"].tries) == ("success", 1)


def test_what_must_not_be_tried_again_is_not() -> None:
    run = Driver(flow().then(raises("a", NonRetryableError("never"), retries=5)))

    result = run.start(1)

    stored = {"message": "never", "name": "NonRetryableError"}
    assert run.ran == ["a"]
    assert result.error == stored
    assert result.steps["a"] == failure(error=stored, nonRetryable=True)


def test_what_must_not_be_tried_again_passes_through_nested_workflows() -> None:
    nested = flow("n").then(raises("x", NonRetryableError("never")))
    run = Driver(flow(retry_config=RetryConfig(3)).then(nested))

    result = run.start(1)

    assert run.ran == ["n/x"]
    assert result.steps["n"]["nonRetryable"] is True


def test_suspending_is_no_failure() -> None:
    run = Driver(flow().then(asks("a", retries=3)))

    result = run.start(1)

    assert (run.ran, result.status) == (["a"], "suspended")


def test_the_workflows_retries_do_not_apply_on_resume_and_the_steps_do() -> None:
    def body(ctx: Call) -> object:
        if ctx.resume_data is None:
            return ctx.suspend()
        raise RuntimeError("no")

    for options, tries in (({}, 2), ({"retries": 1}, 3)):
        run = Driver(flow(retry_config=RetryConfig(4)).then(step("a", body, **options)))
        run.start(1)
        run.resume("yes")

        assert len(run.ran) == tries


def test_a_failed_try_leaves_the_state_alone() -> None:
    def body(ctx: Call) -> object:
        ctx.set_state({"tries": ctx.retry_count})
        if ctx.retry_count < 2:
            raise RuntimeError("no")
        return ctx.state

    run = Driver(flow().then(step("a", body, retries=2)).then(echo("b")))

    run.start(1, state={"first": 1})

    assert run.journal.entries["a"].output == {"first": 1}
    assert run.result(include_state=True).state == {"first": 1, "tries": 2}


def test_a_failed_entry_stays_failed() -> None:
    known = journal(input=1, a=failed())

    turn(flow().then(raises("a", retries=5)), known)

    assert statuses(known) == {"a": "failed"}


def test_tries_that_were_recorded_are_not_made_again() -> None:
    known = journal(input=1, a=running(input=1, tries=2))
    run = Driver(flow().then(raises("a", retries=2)))
    run.journal = known
    run._take_up()

    run.drive()

    assert run.ran == ["a"]
