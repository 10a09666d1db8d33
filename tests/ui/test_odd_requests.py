"""Addresses and forms that nobody's browser made: a page says what is wrong, and nothing breaks."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from runs import create_step, create_workflow
from runs.models import Run, Workflow

pytestmark = pytest.mark.django_db

#: More digits than Python turns into a number, and a number that no column holds.
ENDLESS, HUGE = "9" * 5000, "9" * 30
NUL = "%00"
AS_FORM = {"input.__mode": "json", "input.__mode_to": "form"}


@pytest.fixture
def run(operator: User) -> Run:
    Workflow.objects.create(id="pay")
    return Run.objects.create(workflow_id="pay", run_id="r", status="success")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/runs/?page=older.20260101T000000.0.{HUGE}", 200),
        (f"/runs/pay/r/?attempt={HUGE}", 404),
        (f"/runs/pay/r/?attempt={ENDLESS}", 404),
        (f"/runs/pay/r/diff/?a={ENDLESS}", 404),
        (f"/runs/pay/r/events/?start={ENDLESS}", 200),
        (f"/inbox/?shown={HUGE}-1-ask&shown={ENDLESS}-1-ask", 200),
        (f"/runs/?text={NUL}", 400),
        (f"/runs/?resource={NUL}", 400),
        (f"/runs/?workflow=pay{NUL}", 400),
        (f"/runs/pay/r{NUL}/", 404),
        (f"/w/pay{NUL}/", 404),
        (f"/schedules/a{NUL}/", 404),
        (f"/runs/pay/r/?tab=events&path={NUL}", 400),
    ],
)
def test_an_odd_address_breaks_nothing(client: Client, address: str, status: int) -> None:
    assert client.get(address).status_code == status


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_the_first_and_the_last_of_all_days_are_no_filters(
    client: Client, settings: object, zone: str
) -> None:
    settings.TIME_ZONE = zone  # type: ignore[attr-defined]

    page = client.get("/runs/?since=0001-01-01&until=9999-12-31").content.decode()

    assert 'data-run="pay/r"' in page
    assert "Remove the filter" not in page


@pytest.fixture
def workflows(registry: None) -> None:
    step = create_step("s", execute=lambda ctx: ctx.input_data)
    items = {"type": "array", "items": {"type": "string"}}
    create_workflow("list", input_schema=items).then(step).commit()
    moment = {"type": "string", "format": "date-time"}
    create_workflow("when", input_schema=moment).then(step).commit()


@pytest.mark.usefixtures("run", "workflows")
@pytest.mark.parametrize(
    ("address", "posted", "status"),
    [
        ("/runs/cancel/", {"pick": HUGE}, 302),
        ("/runs/cancel/", {"pick": ENDLESS}, 302),
        ("/runs/pay/r/cancel/", {"reason": "a\0b"}, 400),
        ("/inbox/", {"question": f"{ENDLESS}-1-ask"}, 302),
        ("/w/list/", {"input.__row": ENDLESS, "input.__rows": "add:input"}, 200),
        ("/w/list/", {"input.__json": "[" * 900 + "]" * 900, **AS_FORM}, 200),
        ("/w/list/", {"input.__json": "[" * 600 + "]" * 600, **AS_FORM}, 200),
        ("/w/list/", {"input.__json": "[" * 600 + "]" * 600, "input.__mode": "json"}, 422),
        ("/w/list/", {"input.__json": '["\\ud800"]', **AS_FORM}, 200),
        ("/w/list/", {"input.__json": f"[1{'0' * 30}]", "input.__mode": "json"}, 422),
        ("/w/list/", {"input.__json": f"[{ENDLESS}]", "input.__mode": "json"}, 422),
        ("/w/when/", {"input.__json": '"0001-01-01T00:00:00+14:00"', **AS_FORM}, 200),
    ],
)
def test_an_odd_form_breaks_nothing(
    client: Client, address: str, posted: dict[str, str], status: int
) -> None:
    assert client.post(address, posted).status_code == status
