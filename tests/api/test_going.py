"""The calls that make a run go: started, resumed, restarted, taken back in time."""

from __future__ import annotations

from typing import Any

import pytest

from runs import get_workflow
from runs.models import AuditEntry, Run
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)
G, O = "workflows/greet-customer", "workflows/order-approval"  # noqa: E741
INPUT = {"inputData": {"name": "ada", "language": "en"}}
ORDER = {"inputData": {"orderId": "A1", "quantity": 3, "unitPrice": 60}}
YES = {"resumeData": {"approved": True, "approver": "Mia"}}
WRONG = {"inputData": {"name": 5, "language": "en"}}


def types(events: Any) -> list[str]:
    return [event["type"].removeprefix("workflow-") for event in events]


@pytest.fixture
def suspended(api: Api) -> str:
    """The id of a run of order-approval that waits for its manager."""
    assert api.post(f"{O}/start-async?runId=o", ORDER).body["status"] == "suspended"
    return "o"


def status(workflow: str, run_id: str) -> str:
    return Run.objects.get(workflow_id=workflow, run_id=run_id).status


# --- start -----------------------------------------------------------------------------------


def test_start_answers_at_once(api: Api) -> None:
    api.post(f"{G}/create-run?runId=g")

    assert api.post(f"{G}/start?runId=g", INPUT).pair == (
        200,
        {"message": "Workflow run started"},
    )
    assert status("greet-customer", "g") == "success"


def test_start_async_answers_with_the_outcome(api: Api) -> None:
    answer = api.post(f"{G}/start-async?runId=g", INPUT)

    assert answer.status == 200
    assert {name: answer.body[name] for name in ("status", "runId", "result", "input")} == {
        "status": "success",
        "runId": "g",
        "result": {"greeting": "Hello, Ada!", "length": 11},
        "input": INPUT["inputData"],
    }
    assert answer.body["stepExecutionPath"] == ["normalize-name", "compose-greeting"]


def test_start_async_makes_a_run_where_none_is_named(api: Api) -> None:
    answer = api.post(f"{G}/start-async", INPUT | {"resourceId": "acme"})

    assert Run.objects.get().run_id == answer.body["runId"]
    assert Run.objects.get().resource_id == "acme"


def test_a_run_that_fails_is_an_answer_too(api: Api) -> None:
    given = {"inputData": {"amount": 10, "failures": 3}}

    answer = api.post("workflows/flaky-payment/start-async", given)

    assert (answer.status, answer.body["status"]) == (200, "failed")
    assert answer.body["error"] == {
        "message": "Card declined (attempt 3)",
        "name": "CardDeclined",
    }


def test_input_that_does_not_fit_is_refused_and_nothing_is_stored(api: Api) -> None:
    answer = api.post(f"{G}/start-async", WRONG)

    message = "Invalid input data: \n- name: Input should be a valid string"
    code = "WORKFLOW_SCHEMA_VALIDATION_FAILED"
    assert answer.pair == (400, {"error": message, "code": code})
    assert not Run.objects.exists()


def test_start_with_input_that_does_not_fit_is_only_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.post(f"{G}/create-run?runId=g")

    assert api.post(f"{G}/start?runId=g", WRONG).status == 200
    assert "was not started: Invalid input data" in caplog.text
    assert status("greet-customer", "g") == "pending"


def test_a_missing_initial_state_is_refused(api: Api) -> None:
    answer = api.post(
        "workflows/shopping-cart/start-async", {"inputData": {"item": "a", "price": 1}}
    )

    assert answer.status == 400
    assert answer.body["error"].startswith("Invalid initial data: \n- items: ")


def test_starting_a_suspended_run_is_a_conflict(api: Api, suspended: str) -> None:
    answer = api.post(f"{O}/start-async?runId={suspended}", ORDER)

    assert (answer.status, answer.body["code"]) == (409, "run_already_started")


def test_starting_a_finished_run_is_a_new_attempt(api: Api) -> None:
    api.post(f"{G}/start-async?runId=g", INPUT)

    again = api.post(f"{G}/start-async?runId=g", {"inputData": {"name": "bo", "language": "es"}})

    assert again.body["result"]["greeting"] == "Hola, Bo!"
    assert Run.objects.get().attempt == 2


def test_per_step_does_one_entry_and_pauses(api: Api) -> None:
    answer = api.post(f"{G}/start-async?runId=g", INPUT | {"perStep": True})

    assert (answer.body["status"], "result" in answer.body) == ("paused", False)


# --- streams ---------------------------------------------------------------------------------


def test_a_stream_goes_from_start_to_finish(api: Api) -> None:
    answer = api.post(f"{G}/stream?runId=g", INPUT)

    step = ["step-start", "step-result"]
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain"
    assert types(answer.body) == ["start", *step, *step, "finish"]
    assert answer.body[-1]["payload"]["finalWorkflowResult"]["length"] == 11


def test_a_stream_of_a_finished_run_is_a_conflict(api: Api) -> None:
    api.post(f"{G}/start-async?runId=g", INPUT)

    message = (
        'Workflow run g already finished with status "success". '
        "Use /observe to read its stream back, or stream a new runId."
    )
    assert api.post(f"{G}/stream?runId=g", INPUT).pair == (
        409,
        {"error": message, "code": "conflict"},
    )


def test_input_that_does_not_fit_is_a_stream_that_fails(api: Api) -> None:
    answer = api.post(f"{G}/stream?runId=g", WRONG)

    assert answer.status == 200
    assert types(answer.body) == ["start", "finish"]
    payload = answer.body[1]["payload"]
    assert payload["workflowStatus"] == "failed"
    assert payload["metadata"]["error"]["code"] == "WORKFLOW_SCHEMA_VALIDATION_FAILED"
    assert status("greet-customer", "g") == "pending"


def test_observe_replays_all_streams_of_a_run_from_an_offset_on(api: Api, suspended: str) -> None:
    resumed = api.post(f"{O}/resume-stream?runId=o", YES | {"step": "manager-approval"}).body

    everything = api.post(f"{O}/observe?runId=o").body
    ends = [kind for kind in types(everything) if kind in ("start", "finish")]

    assert ends == ["start", "finish", "start", "finish"]
    assert everything[-len(resumed) :] == resumed
    assert api.post(f"{O}/observe?runId=o&offset=4").body == everything[4:]
    assert api.post(f"{O}/observe?runId=o&offset=999").body == []


def test_observe_of_a_run_that_was_never_started_is_empty(api: Api) -> None:
    api.post(f"{G}/create-run?runId=g")

    assert api.post(f"{G}/observe?runId=g").pair == (200, [])


@pytest.mark.parametrize("offset", ["-1", "x", ""])
def test_an_offset_that_makes_no_sense_is_refused(api: Api, offset: str) -> None:
    answer = api.post(f"{G}/observe?runId=g&offset={offset}")

    assert [issue["field"] for issue in answer.body["issues"]] == ["offset"]


# --- resume ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "answered"),
    [("resume", {"message": "Workflow run resumed"}), ("resume-no-wait", {"runId": "o"})],
)
def test_resume_answers_at_once(api: Api, suspended: str, path: str, answered: Any) -> None:
    assert api.post(f"{O}/{path}?runId=o", YES).pair == (200, answered)
    assert status("order-approval", "o") == "success"
    assert api.post(f"{O}/{path}?runId=o", YES).pair == (200, answered)  # too late: only logged


@pytest.mark.parametrize("step", ["manager-approval", ["manager-approval"], None])
def test_resume_async_answers_with_the_outcome(api: Api, suspended: str, step: Any) -> None:
    answer = api.post(f"{O}/resume-async?runId=o", YES | {"step": step})

    fulfilled = {"message": "Order A1 fulfilled (approved by Mia)"}
    assert (answer.status, answer.body["result"]) == (200, {"fulfil-order": fulfilled})


def test_resume_data_that_do_not_fit_leave_the_run_suspended(api: Api, suspended: str) -> None:
    answer = api.post(f"{O}/resume-async?runId=o", {"resumeData": {"approved": True}})
    streamed = api.post(f"{O}/resume-stream?runId=o", {"resumeData": {"approved": True}})

    assert answer.status == 400
    assert answer.body["error"].startswith("Invalid resume data: \n- approver: ")
    assert types(streamed.body) == ["start", "finish"]
    assert status("order-approval", "o") == "suspended"


@pytest.mark.parametrize("path", ["resume-async", "resume-stream"])
def test_a_resume_that_cannot_be_is_a_conflict(api: Api, suspended: str, path: str) -> None:
    wrong = api.post(f"{O}/{path}?runId=o", YES | {"step": "price-order"})
    api.post(f"{O}/resume?runId=o", YES)
    late = api.post(f"{O}/{path}?runId=o", YES)

    message = (
        'This workflow step "price-order" was not suspended. '
        "Available suspended steps: [manager-approval]"
    )
    assert wrong.pair == (409, {"error": message, "code": "step_not_suspended"})
    suspended_no_more = "This workflow run was not suspended"
    assert late.pair == (409, {"error": suspended_no_more, "code": "run_not_suspended"})


# --- restart ---------------------------------------------------------------------------------


def test_restart_of_a_finished_run_answers_with_what_is_recorded(api: Api) -> None:
    first = api.post(f"{G}/start-async?runId=g", INPUT).body

    again = api.post(f"{G}/restart-async?runId=g")

    assert (again.status, again.body["result"]) == (200, first["result"])
    assert Run.objects.get().attempt == 1


@pytest.mark.parametrize("made", ["pending", "suspended"])
def test_restart_of_a_run_that_is_not_active_is_a_conflict(api: Api, made: str) -> None:
    run = get_workflow("order-approval").create_run(run_id="o")
    if made == "suspended":
        run.start(ORDER["inputData"])

    answer = api.post(f"{O}/restart-async?runId=o")

    error = "This workflow run was not active"
    assert answer.pair == (409, {"error": error, "code": "run_not_active"})
    assert api.post(f"{O}/restart?runId=o").pair == (200, {"message": "Workflow run restarted"})


def test_a_run_whose_process_died_is_restarted_and_one_that_lives_is_not(api: Api) -> None:
    abandoned("g")
    abandoned("busy", lease_owner="somebody")

    assert api.post(f"{G}/restart-async?runId=g").body["status"] == "success"
    answer = api.post(f"{G}/restart-async?runId=busy")
    assert (answer.status, answer.body["code"]) == (409, "run_still_running")


def abandoned(run_id: str, lease_owner: str = "") -> None:
    """A run that somebody began and did not end."""
    run = get_workflow("greet-customer").create_run(run_id=run_id, execution="background")
    run.start_async(INPUT["inputData"])
    far = "2999-01-01T00:00:00+00:00"
    if lease_owner:
        from datetime import datetime

        moment = datetime.fromisoformat(far)
        Run.objects.filter(pk=run.pk).update(lease_owner=lease_owner, due_at=moment)


@pytest.mark.parametrize("path", ["", "-async"])
def test_all_active_runs_are_restarted(api: Api, path: str) -> None:
    for run_id in ("a", "b"):
        abandoned(run_id)
    api.post(f"{G}/create-run?runId=pending")

    answer = api.post(f"{G}/restart-all-active-workflow-runs{path}")

    assert answer.pair == (200, {"message": "All active workflow runs restarted"})
    statuses = [status("greet-customer", run_id) for run_id in ("a", "b", "pending")]
    assert statuses == ["success", "success", "pending"]


# --- time travel -----------------------------------------------------------------------------


def test_time_travel_makes_a_new_attempt(api: Api, suspended: str) -> None:
    trip = {"step": "manager-approval", "inputData": {"orderId": "A1", "total": 90}}

    answer = api.post(f"{O}/time-travel-async?runId=o", trip)

    assert answer.body["result"]["fulfil-order"]["message"].endswith("(approved by auto)")
    assert [attempt.status for attempt in Run.objects.get().attempts] == ["suspended", "success"]


def test_time_travel_streams_what_runs_again(api: Api) -> None:
    api.post(f"{G}/start-async?runId=g", INPUT)

    streamed = api.post(f"{G}/time-travel-stream?runId=g", {"step": "compose-greeting"})
    told = api.post(f"{G}/time-travel?runId=g", {"step": "nope"})

    assert types(streamed.body) == ["start", "step-start", "step-result", "finish"]
    assert told.pair == (200, {"message": "Workflow run time travel started"})


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        ({"status": "bogus"}, "context.normalize-name.status must be one of: pending, running, "),
        ({"status": {}}, "context.normalize-name.status must be one of: pending, running, "),
        ({"startedAt": "x"}, "context.normalize-name.startedAt must be a moment in milliseconds"),
        ({"endedAt": True}, "context.normalize-name.endedAt must be a moment in milliseconds"),
        ({"endedAt": 10**18}, "context.normalize-name.endedAt must be a moment in milliseconds"),
    ],
)
def test_records_that_cannot_be_are_refused(api: Api, record: Any, wrong: str) -> None:
    api.post(f"{G}/start-async?runId=g", INPUT)
    body = {"step": "compose-greeting", "context": {"normalize-name": record}}

    answer = api.post(f"{G}/time-travel-async?runId=g", body)

    assert answer.status == 400
    assert answer.body["error"].startswith(wrong)


def test_records_of_nested_steps_that_cannot_be_are_refused(api: Api) -> None:
    refund = "workflows/refund-request"
    api.post(f"{refund}/start-async?runId=r", {"inputData": {"orderId": "A", "amount": 9}})
    inside = {"refund-payment": {"fraud-check": {"status": "bogus"}}}
    body = {"step": "refund-payment.issue-refund", "nestedStepsContext": inside}

    answer = api.post(f"{refund}/time-travel-async?runId=r", body)

    assert answer.status == 400
    assert answer.body["error"].startswith("nestedStepsContext.refund-payment.fraud-check.status")


@pytest.mark.parametrize("path", ["time-travel-async", "time-travel-stream"])
def test_time_travel_to_a_step_that_does_not_exist_is_refused(api: Api, path: str) -> None:
    api.post(f"{G}/start-async?runId=g", INPUT)

    answer = api.post(f"{G}/{path}?runId=g", {"step": "nope"})

    assert (answer.status, answer.body["code"]) == (400, "invalid_target")
    assert "does not exist" in answer.body["error"]


# --- the trail -------------------------------------------------------------------------------


def test_every_change_names_who_made_it(api: Api, suspended: str) -> None:
    api.post(f"{O}/resume-async?runId=o", YES)
    api.post(f"{O}/time-travel?runId=o", {"step": "manager-approval"})
    api.post(f"{O}/runs/o/cancel")
    api.delete(f"{O}/runs/o")

    trail = AuditEntry.objects.values_list("action", "actor_name", "source", "subject")
    assert list(trail) == [
        (action, "root", "api", "order-approval/o")
        for action in ("create", "start", "resume", "time_travel", "cancel", "delete")
    ]
