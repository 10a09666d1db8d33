"""What holds for every route: who may, what must be there, and in which order it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import get_workflow
from runs.models import Run
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db

W = "workflows/greet-customer"
INPUT = {"inputData": {"name": "ada", "language": "en"}}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    permission: str
    #: Whether the run is named by the query, by the path, or not at all.
    run: str = ""
    body: Any = None
    #: A body of a wrong type, with the field that is wrong.
    wrong: tuple[Any, str] | None = None
    quiet: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, workflow: str = "greet-customer", run: str = "r1") -> str:
        path = self.path.replace("W", f"workflows/{workflow}", 1).replace("RUN", run)
        return f"{path}?runId={run}" if self.run == "query" else path


TRAVEL = {"step": "a"}
BAD_STEP = ({"step": 1}, "step")
BAD_INDEX = ({"forEachIndex": -1}, "forEachIndex")
BAD_RECORDS = ({"step": "a", "context": {"a": 1}}, "context.a")
BAD_CONTEXT = ({"requestContext": 5}, "requestContext")
ROUTES = [
    Route("get", "W", "view_workflow"),
    Route("post", "W/create-run", "view_run", wrong=({"resourceId": 7}, "resourceId")),
    Route("post", "W/start", "start_run", "query", INPUT, ({"perStep": "yes"}, "perStep")),
    Route("post", "W/start-async", "start_run", "", INPUT, BAD_CONTEXT),
    Route("post", "W/stream", "start_run", "new", INPUT, ({"closeOnSuspend": 1}, "closeOnSuspend")),
    Route("post", "W/observe", "view_run", "query"),
    Route("post", "W/resume", "resume_run", "query", {}, ({"step": 5}, "step")),
    Route("post", "W/resume-async", "resume_run", "query", {}, ({"step": [1]}, "step")),
    Route("post", "W/resume-no-wait", "resume_run", "query", {}, BAD_CONTEXT),
    Route("post", "W/resume-stream", "resume_run", "query", {}, BAD_INDEX),
    Route("post", "W/restart", "restart_run", "query", None, BAD_CONTEXT),
    Route("post", "W/restart-async", "restart_run", "query", None, BAD_CONTEXT),
    Route("post", "W/restart-all-active-workflow-runs", "restart_run"),
    Route("post", "W/restart-all-active-workflow-runs-async", "restart_run"),
    Route("post", "W/time-travel", "time_travel_run", "query", TRAVEL, ({}, "step")),
    Route("post", "W/time-travel-async", "time_travel_run", "query", TRAVEL, BAD_STEP),
    Route("post", "W/time-travel-stream", "time_travel_run", "query", TRAVEL, BAD_RECORDS),
    Route("post", "W/runs/RUN/cancel", "cancel_run", "path"),
    Route("get", "W/runs", "view_run"),
    Route("get", "W/runs/RUN", "view_run", "path"),
    Route("delete", "W/runs/RUN", "delete_run", "path"),
]
OF_RUNS = [route for route in ROUTES if route.run in ("query", "path")]
WITH_BODY = [route for route in ROUTES if route.wrong is not None]
every = pytest.mark.parametrize("route", ROUTES, ids=str)


@pytest.fixture
def run() -> Run:
    return get_workflow("greet-customer").create_run(run_id="r1")


def url_with_run(route: Route) -> str:
    """The path with the ids it needs."""
    url = route.url()
    return f"{url}?runId=r1" if route.run == "new" else url


@every
def test_nobody_is_let_in(route: Route, nobody: Api, run: Run) -> None:
    answer = nobody.call(route.method, url_with_run(route), route.body)

    message = "Authentication is needed: send `Authorization: Bearer TOKEN`"
    assert answer.pair == (401, {"error": message})
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@every
def test_who_lacks_the_permission_is_told_which(
    route: Route, api_of: Callable[..., Api], alice: User, run: Run
) -> None:
    others = {other.permission for other in ROUTES} - {route.permission}
    if route.path == "W/create-run":
        others -= {"start_run"}

    answer = api_of(alice, *others).call(route.method, url_with_run(route), route.body)

    message = f"This needs the permission runs.{route.permission}"
    assert answer.pair == (403, {"error": message, "code": "permission_denied"})


@every
def test_an_unknown_workflow_is_not_found(route: Route, api: Api) -> None:
    url = route.url(workflow="nope")

    answer = api.call(route.method, f"{url}?runId=r1" if route.run == "new" else url, route.body)

    assert answer.pair == (404, {"error": "Workflow not found", "code": "workflow_not_found"})


@pytest.mark.parametrize("route", OF_RUNS, ids=str)
@pytest.mark.parametrize("run_id", ["nope", "of-another-workflow", "%00", "a/b"])
def test_an_unknown_run_is_not_found(route: Route, run_id: str, api: Api) -> None:
    get_workflow("order-approval").create_run(run_id="of-another-workflow")

    answer = api.call(route.method, route.url(run=run_id), route.body)

    missing = (404, {"error": "Workflow run not found", "code": "run_not_found"})
    assert answer.pair == missing or (run_id == "%00" and answer.status == 400)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.run in ("query", "new")], ids=str)
@pytest.mark.parametrize("query", ["", "?runId=", "?other=1"])
def test_a_run_id_that_is_required_is_asked_for(route: Route, query: str, api: Api) -> None:
    path = route.path.replace("W", "workflows/nope", 1)

    answer = api.call(route.method, f"{path}{query}", route.body)

    message = "Invalid input: expected string, received undefined"
    issues = [{"field": "runId", "message": message}]
    assert answer.pair == (400, {"error": "Invalid query parameters", "issues": issues})


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
def test_a_body_that_is_no_json_is_refused(route: Route, api: Api) -> None:
    url = route.url(workflow="nope")

    answer = api.call(route.method, f"{url}?runId=r1" if route.run == "new" else url, b"{oops")

    assert answer.status == 400
    assert answer.body["error"] == "Invalid request body"
    assert [issue["field"] for issue in answer.body["issues"]] == ["body"]


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
def test_a_body_of_a_wrong_type_is_refused_before_the_workflow_is_looked_for(
    route: Route, api: Api
) -> None:
    assert route.wrong is not None
    body, field = route.wrong
    url = route.url(workflow="nope")

    answer = api.call(route.method, f"{url}?runId=r1" if route.run == "new" else url, body)

    assert answer.status == 400
    assert answer.body["error"] == "Invalid request body"
    assert [issue["field"] for issue in answer.body["issues"]] == [field]


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
def test_a_body_that_is_no_object_is_refused(route: Route, api: Api) -> None:
    answer = api.call(route.method, url_with_run(route), [1])

    issues = [{"field": "root", "message": "Invalid input: expected object, received array"}]
    assert answer.pair == (400, {"error": "Invalid request body", "issues": issues})


def test_what_is_wrong_is_told_in_the_words_of_the_validator_that_clients_know(api: Api) -> None:
    answer = api.post(f"{W}/create-run", {"resourceId": 7})

    message = "Invalid input: expected string, received number"
    issues = [{"field": "resourceId", "message": message}]
    assert answer.pair == (400, {"error": "Invalid request body", "issues": issues})


def test_no_such_route_is_a_plain_text(api: Api, nobody: Api) -> None:
    for path in ("nope", "workflows/greet-customer/nope", "workflows/greet-customer/watch", ""):
        assert api.get(path).pair == nobody.get(path).pair == (404, "404 Not Found")


def test_unknown_fields_and_nulls_are_as_good_as_absent(api: Api) -> None:
    body = {"resourceId": None, "disableScorers": True, "tracingOptions": 1, "x": {}}

    assert api.post(f"{W}/create-run?runId=r1&x=1", body).pair == (200, {"runId": "r1"})


def test_a_get_may_carry_a_request_context(api: Api, run: Run) -> None:
    assert api.get(f"{W}/runs/r1?requestContext=e30%3D").status == 200


def test_a_method_that_a_route_has_not_is_refused(api: Api) -> None:
    assert api.call("put", f"{W}/runs").pair == (405, {"error": 'Method "PUT" not allowed.'})
