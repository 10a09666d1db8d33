"""What is too large, too deep or no JSON is refused, and leaves nothing behind."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from runs.models import Run
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db
W = "workflows/greet-customer"


def test_a_body_of_100_megabytes_is_refused(api: Api) -> None:
    body = b'{"inputData": "' + b"x" * 100_000_000 + b'"}'

    answer = api.post(f"{W}/start-async", body)

    error = "The request body is larger than 8388608 bytes"
    assert answer.pair == (413, {"error": error, "code": "body_too_large"})
    assert not Run.objects.exists()


def test_a_body_may_have_the_largest_size(api: Api, settings: Settings) -> None:
    body = b'{"resourceId": "acme"}'
    settings.RUNS_MAX_BODY_BYTES = len(body)

    assert api.post(f"{W}/create-run", body).status == 200
    assert api.post(f"{W}/create-run", body + b" ").status == 413


def test_a_value_that_is_too_large_for_a_run_is_refused(api: Api, settings: Settings) -> None:
    settings.RUNS_MAX_PAYLOAD_BYTES = 1000

    answer = api.post(f"{W}/start-async", {"inputData": {"name": "x" * 2000, "language": "en"}})

    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")
    assert not Run.objects.exists()


@pytest.mark.parametrize("depth", [101, 1_000, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_that_is_nested_too_deeply_is_refused(api: Api, depth: int, opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    body = b'{"inputData":' + opening * depth + b"1" + closing * depth + b"}"

    answer = api.post(f"{W}/start-async", body)

    assert (answer.status, answer.body["error"]) == (400, "Invalid request body")
    assert [issue["field"] for issue in answer.body["issues"]] == ["body"]


def test_json_may_be_nested_reasonably(api: Api) -> None:
    body = b'{"requestContext": {"a":' + b"[" * 90 + b"]" * 90 + b"}}"

    assert api.post(f"{W}/restart?runId=nope", body).status == 404


@pytest.mark.parametrize(
    "body",
    [b"NaN", b'{"inputData": NaN}', b'{"a": Infinity}', b"\xff", b'"\\ud800"', b"{} {}", b"nul"],
)
def test_what_is_no_json_is_refused(api: Api, body: bytes) -> None:
    answer = api.post(f"{W}/start-async", body)

    assert (answer.status, answer.body["error"]) == (400, "Invalid request body")


@pytest.mark.parametrize("body", [b"", b"   ", b"null", b"{}"])
def test_no_body_is_as_good_as_an_empty_one(api: Api, body: bytes) -> None:
    assert api.post(f"{W}/create-run?runId=r", body).pair == (200, {"runId": "r"})


def test_the_declared_type_does_not_matter_but_a_form_is_no_json(api: Api) -> None:
    text = {"Content-Type": "text/plain;charset=UTF-8"}
    form = {"Content-Type": "multipart/form-data; boundary=x"}

    assert api.post(f"{W}/create-run", {"resourceId": "a"}, **text).status == 200
    assert api.post(f"{W}/create-run", b"--x--", **form).status == 400
