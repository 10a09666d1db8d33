"""Events: thin in storage, whole on the wire, the same live and in a replay."""

from __future__ import annotations

from typing import Any

from runs.engine import events
from runs.engine.events import Event

from .bodies import adds, asks, echo, flow, raises, says, step
from .driver import Call, Driver
from .journals import NOW, done, error, journal

STEP = {"runId": "r1", "from": "WORKFLOW"}


def wires(run: Driver) -> list[dict[str, Any]]:
    """All events as a replay shows them, without the ids of calls."""
    entries = run.journal.entries
    shown = [events.wire(e, "r1", entries.get(e.path), run.journal.root) for e in run.shelf.events]
    for wire in shown:
        wire["payload"].pop("stepCallId", None)
    return shown


def about(wire: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return wire["type"], wire["payload"]


def test_a_chain_as_streams_show_it() -> None:
    run = Driver(flow().then(adds("a", 1)))

    run.start(1)

    name = {"id": "a", "stepName": "a"}
    assert wires(run) == [
        STEP | {"type": "workflow-start", "payload": {"workflowId": "w"}},
        STEP
        | {
            "type": "workflow-step-start",
            "payload": name | {"payload": 1, "startedAt": NOW, "status": "running"},
        },
        STEP
        | {
            "type": "workflow-step-result",
            "payload": name
            | {
                "payload": 1,
                "startedAt": NOW,
                "status": "success",
                "output": 2,
                "endedAt": NOW,
            },
        },
        STEP
        | {
            "type": "workflow-finish",
            "payload": {
                "workflowStatus": "success",
                "metadata": {},
                "output": {"usage": events.USAGE},
                "finalWorkflowResult": 2,
            },
        },
    ]


def test_a_stored_event_does_not_repeat_what_its_entry_shows() -> None:
    run = Driver(flow().then(adds("a", 1)))

    run.start(1)

    assert [(event.type, event.own) for event in run.shelf.events] == [
        ("workflow-start", {"workflowId": "w"}),
        ("workflow-step-start", {}),
        ("workflow-step-result", {}),
        ("workflow-finish", {"workflowStatus": "success"}),
    ]


def test_events_are_numbered_without_gaps_over_all_executions() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.resume("yes")

    assert [event.seq for event in run.shelf.events] == list(range(len(run.told)))


def test_the_events_of_one_step_share_a_call_id() -> None:
    run = Driver(flow().then(adds("a", 1)).then(adds("b", 1)))
    run.start(1)
    entries = run.journal.entries

    ids = [
        events.wire(event, "r1", entries.get(event.path), None)["payload"]["stepCallId"]
        for event in run.shelf.events
        if event.type in events.ABOUT_STEP
    ]

    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_a_suspension_stays_visible_after_the_resume() -> None:
    run = Driver(flow().then(asks("a")))
    run.start(1)
    run.now += 5000
    run.resume("yes")

    name = {"id": "a", "stepName": "a", "payload": 1, "startedAt": NOW}
    told = [about(wire) for wire in wires(run) if "step" in wire["type"]]
    resumed = {"resumePayload": "yes", "resumedAt": NOW + 5000}
    assert told == [
        ("workflow-step-start", name | {"status": "running"}),
        (
            "workflow-step-suspended",
            name | {"status": "suspended", "suspendPayload": {"ask": 1}, "suspendedAt": NOW},
        ),
        ("workflow-step-start", name | resumed | {"status": "running"}),
        (
            "workflow-step-result",
            name | resumed | {"status": "success", "output": [1, "yes"], "endedAt": NOW + 5000},
        ),
    ]


def test_a_replay_shows_what_the_live_stream_showed() -> None:
    def body(ctx: Call) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"ask": 1})
        if ctx.retry_count == 0:
            raise RuntimeError("once")
        return ctx.input_data

    inner = flow("n").then(step("x", body, retries=1)).sleep(5)
    run = Driver(flow().then(inner).foreach(adds("f", 1), concurrency=2).then(says("z", "end")))
    live: list[dict[str, Any]] = []

    def look() -> None:
        entries, root = run.journal.entries, run.journal.root
        for event in run.shelf.events[len(live) :]:
            live.append(events.wire(event, "r1", entries.get(event.path), root))

    run.begin([1, 2])
    for answer in ("yes", None):
        while not run.settled:
            run.turn()
            look()
            for path in list(run.open):
                run.perform(path)
            if not run.open and run.last.wake_at is not None:
                run.wait()
        if answer is not None:
            run.reply(answer)
            look()

    entries, root = run.journal.entries, run.journal.root
    replay = [events.wire(e, "r1", entries.get(e.path), root) for e in run.shelf.events]
    assert replay == live


def test_steps_of_nested_workflows_are_named_with_dots() -> None:
    run = Driver(flow().then(flow("n").then(flow("m").then(says("x", 1)))))

    run.start()

    starts = [w["payload"]["id"] for w in wires(run) if w["type"] == "workflow-step-start"]
    assert starts == ["n", "n.m", "n.m.x"]


def test_a_foreach_as_streams_show_it() -> None:
    run = Driver(flow().foreach(adds("a", 1)))

    run.start([1])

    name = {"id": "a", "stepName": "a"}
    assert [about(wire) for wire in wires(run)][1:-1] == [
        (
            "workflow-step-start",
            name | {"payload": [1], "startedAt": NOW, "status": "running"},
        ),
        (
            "workflow-step-progress",
            name
            | {
                "completedCount": 1,
                "totalCount": 1,
                "currentIndex": 0,
                "iterationStatus": "success",
                "iterationOutput": 2,
            },
        ),
        ("workflow-step-result", name | {"status": "success", "output": [2], "endedAt": NOW}),
    ]


def test_a_failed_foreach_as_streams_show_it() -> None:
    run = Driver(flow().foreach(raises("a")))

    run.start([1, 2])

    name = {"id": "a", "stepName": "a"}
    result = {"status": "failed", "error": error("no"), "endedAt": NOW}
    assert [about(wire) for wire in wires(run)][3] == ("workflow-step-result", name | result)


def test_a_suspended_foreach_as_streams_show_it() -> None:
    run = Driver(flow().foreach(asks("a"), concurrency=2))

    run.start([1, 2])

    name = {"id": "a", "stepName": "a", "status": "suspended"}
    own = {"suspendPayload": {"ask": 1}, "suspendedAt": NOW}
    assert [about(wire) for wire in wires(run)][4] == ("workflow-step-suspended", name | own)


def test_a_wait_as_streams_show_it() -> None:
    run = Driver(flow().sleep(1))

    run.start(7)

    name = {"id": "sleep_w_0", "stepName": "sleep_w_0"}
    end = {"status": "success", "output": 7, "endedAt": NOW + 1000}
    assert [about(wire) for wire in wires(run)][1:-1] == [
        (
            "workflow-step-waiting",
            name | {"payload": 7, "startedAt": NOW, "status": "waiting"},
        ),
        ("workflow-step-result", name | end),
    ]


def test_a_finish_event_has_the_result_only_of_a_success() -> None:
    finishes = [
        wires(run)[-1]["payload"]
        for run in (_started(says("a", 1)), _started(raises("a")), _started(asks("a")))
    ]

    rest = {"metadata": {}, "output": {"usage": events.USAGE}}
    assert finishes == [
        rest | {"workflowStatus": "success", "finalWorkflowResult": 1},
        rest | {"workflowStatus": "failed"},
        rest | {"workflowStatus": "suspended"},
    ]


def _started(only: Any) -> Driver:
    run = Driver(flow().then(only).then(echo("b")))
    run.start(1)
    return run


def test_a_body_that_writes_is_named_without_a_prefix() -> None:
    event = Event(events.STEP_OUTPUT, "n/x", 1, NOW, {"output": {"v": 1}, "step": "x"})

    assert events.wire(event, "r1", None, None) == {
        "type": "workflow-step-output",
        "runId": "r1",
        "from": "USER",
        "payload": {"output": {"v": 1}, "runId": "r1", "stepName": "x"},
    }


def test_a_custom_chunk_without_data_has_a_payload_and_keeps_what_else_it_has() -> None:
    bare = Event(events.CUSTOM, "a", 1, NOW, {"type": "mine"})
    other = Event(events.CUSTOM, "a", 1, NOW, {"type": "mine", "v": 1, "from": "ME"})
    odd = Event(events.CUSTOM, "a", 1, NOW, {"type": "mine", "payload": 1})

    assert events.wire(bare, "r1", None, None) == STEP | {"type": "mine", "payload": {}}
    assert events.wire(other, "r1", None, None) == STEP | {
        "type": "mine",
        "from": "ME",
        "v": 1,
        "payload": {},
    }
    assert events.wire(odd, "r1", None, None) == STEP | {"type": "mine", "payload": 1}


def test_a_custom_chunk_with_data_or_a_payload_gets_the_run() -> None:
    event = Event(events.CUSTOM, "a", 1, NOW, {"type": "data-mine", "data": 1})
    other = Event(events.CUSTOM, "a", 1, NOW, {"type": "mine", "payload": {"id": "x", "v": 1}})

    assert events.wire(event, "r1", None, None) == STEP | {"type": "data-mine", "data": 1}
    assert events.wire(other, "r1", None, None) == STEP | {
        "type": "mine",
        "payload": {"stepName": "x", "id": "x", "v": 1},
    }


def test_an_event_whose_entry_is_gone_has_an_empty_payload() -> None:
    event = Event(events.STEP_RESULT, "a", 1, NOW)

    assert events.wire(event, "r1", None, None)["payload"] == {}


def test_canceled_and_paused_have_no_payload() -> None:
    known = journal(a=done(1))

    for type_ in (events.CANCELED, events.PAUSED):
        event = Event(type_, "a", 1, NOW)
        assert events.wire(event, "r1", known.entries["a"], known.root)["payload"] == {}
