from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from runs import create_workflow
from runs.models import AuditEntry, Run
from tests.store.gallery import step

from .conftest import Grant, asking, failing, started

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("registry"),
]


def post(client: Client, url: str, data: dict[str, Any], status: int = 302) -> str:
    response = client.post(url, data)
    assert response.status_code == status, response.content.decode()[:600]
    return response.content.decode()


def fields(client: Client, url: str) -> dict[str, str]:
    """The hidden fields of a page's form, as a browser without scripts would send them."""
    html = client.get(url).content.decode()
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: value for name, value in found if name not in ("csrfmiddlewaretoken", "next")}


def run() -> Run:
    return Run.objects.get()


def trail() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.all()
    return [(entry.action, entry.actor_name, entry.reason) for entry in entries]


# --- answering ---------------------------------------------------------------------------------


def test_an_answer_lets_the_run_go_on_and_is_written_to_the_trail(
    alice: User, grant: Grant
) -> None:
    started(asking(), {"n": 1})
    client = grant(alice, "view_run", "resume_run")
    form = fields(client, "/runs/asking/r/answer/?step=ask")

    post(client, "/runs/asking/r/answer/", form | {"answer.yes": "true", "reason": "of course"})

    assert run().status == "success"
    assert trail() == [("resume", "alice", "of course")]


def test_an_answer_that_does_not_fit_comes_back_with_its_error(root: Client) -> None:
    started(asking(), {"n": 1})
    form = fields(root, "/runs/asking/r/answer/?step=ask")

    html = post(root, "/runs/asking/r/answer/", form, status=400)

    assert 'role="alert"' in html
    assert run().status == "suspended"
    assert trail() == []


def test_an_answer_may_be_json(root: Client) -> None:
    started(asking(), {"n": 1})
    form = fields(root, "/runs/asking/r/answer/?step=ask")
    form |= {"answer.__mode": "json", "answer.__json": '{"yes": true}'}

    post(root, "/runs/asking/r/answer/", form)

    assert run().status == "success"


def test_who_comes_second_is_told_so(root: Client) -> None:
    started(asking(), {"n": 1})
    form = fields(root, "/runs/asking/r/answer/?step=ask") | {"answer.yes": "true"}
    post(root, "/runs/asking/r/answer/", form)

    html = post(root, "/runs/asking/r/answer/", form, status=409)

    assert "does not wait for an answer" in html


def test_an_answer_to_an_earlier_question_is_refused(root: Client) -> None:
    def body(ctx: Any) -> Any:
        return ctx.suspend({"again": ctx.resume_data})

    started(create_workflow("nosy").then(step("ask", body)).commit(), {})
    form = fields(root, "/runs/nosy/r/answer/?step=ask") | {"answer.__json": "1"}
    form["since"] = "1"

    html = post(root, "/runs/nosy/r/answer/", form, status=409)

    assert "Somebody has answered this meanwhile" in html


def test_only_whoever_is_assigned_gets_a_form_and_an_answer(
    alice: User, charlie: User, team: Group, grant: Grant
) -> None:
    started(asking(assignee="group:team"), {"n": 1})
    stranger = grant(charlie, "view_run", "resume_run")
    page = stranger.get("/runs/asking/r/").content.decode()

    html = post(stranger, "/runs/asking/r/answer/", {"step": "ask", "answer.yes": "true"}, 403)

    assert "It is not yours to answer." in page
    assert "waits for an answer of group team" in html
    ours = grant(alice, "view_run", "resume_run")
    form = fields(ours, "/runs/asking/r/answer/?step=ask") | {"answer.yes": "false"}
    post(ours, "/runs/asking/r/answer/", form)
    assert run().status == "success"


def test_one_item_of_a_foreach_is_answered(root: Client) -> None:
    def body(ctx: Any) -> Any:
        return ctx.suspend({"n": ctx.input_data}) if ctx.resume_data is None else ctx.resume_data

    flow = create_workflow("each").foreach(step("item", body), concurrency=2).commit()
    started(flow, [1, 2])

    post(root, "/runs/each/r/answer/", {"step": "item[1]", "answer.__json": "7"})

    found = run().steps.filter(path__startswith="item[").values_list("path", "status")
    assert dict(found) == {"item[0]": "suspended", "item[1]": "success"}


# --- the others --------------------------------------------------------------------------------


def test_cancel_says_what_it_does_and_does_it(root: Client) -> None:
    started(asking(), {"n": 1})

    assert "No step runs at this moment" in root.get("/runs/asking/r/cancel/").content.decode()
    post(root, "/runs/asking/r/cancel/", {"reason": "not needed"})

    assert run().status == "canceled"
    assert trail() == [("cancel", "root", "not needed")]


def test_restart_of_a_run_that_is_not_active_is_refused_in_words(root: Client) -> None:
    started(asking(), {"n": 1})

    html = post(root, "/runs/asking/r/restart/", {}, status=409)

    assert "This workflow run was not active" in html


def test_delete_takes_the_run_and_leaves_the_trail(root: Client) -> None:
    started(asking(), {"n": 1})

    post(root, "/runs/asking/r/delete/", {"reason": "a test"})

    assert not Run.objects.exists()
    assert trail() == [("delete", "root", "a test")]


@pytest.mark.parametrize("act", ["answer", "cancel", "restart", "travel", "delete"])
def test_each_act_needs_its_permission(alice: User, grant: Grant, act: str) -> None:
    started(asking(), {"n": 1})
    client = grant(alice, "view_run")

    assert client.get(f"/runs/asking/r/{act}/").status_code == 403
    assert client.post(f"/runs/asking/r/{act}/").status_code == 403
    assert run().status == "suspended"


@pytest.mark.parametrize("act", ["answer", "cancel", "restart", "travel", "delete"])
def test_each_act_needs_a_form_of_ours(act: str, root: Client) -> None:
    started(asking(), {"n": 1})
    foreign = Client(enforce_csrf_checks=True)
    foreign.cookies = root.cookies

    assert foreign.post(f"/runs/asking/r/{act}/").status_code == 403


# --- time travel -------------------------------------------------------------------------------


def test_travel_shows_what_is_kept_and_what_runs_again(root: Client) -> None:
    started(asking(), {"n": 1})

    html = root.get("/runs/asking/r/travel/?step=ask").content.decode()

    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "Again 1 ask" in shown
    assert "Kept 1 add-1" in shown
    assert "Makes attempt 2 ; attempt 1 stays as it is." in shown
    assert run().attempt == 1


def test_travel_with_other_input(root: Client) -> None:
    started(failing(), {"fails": True, "amount": 7})
    html = root.get("/runs/paying/r/travel/?step=charge&edit=yes").content.decode()
    assert 'name="input.amount"' in html
    assert 'value="7"' in html

    data = {"step": "charge", "edit": "yes", "input.__mode": "form", "input.fails": "false"}
    post(root, "/runs/paying/r/travel/", data | {"input.amount": "8", "reason": "mended"})

    found = run()
    assert (found.attempt, found.status) == (2, "success")
    assert trail() == [("time_travel", "root", "mended")]
    assert found.attempts.last() is not None


def test_a_preview_changes_nothing(root: Client) -> None:
    started(failing(), {"fails": True, "amount": 7})
    data = {"step": "charge", "edit": "yes", "input.__mode": "form", "input.amount": "8"}

    html = post(root, "/runs/paying/r/travel/", data | {"preview": "1"}, status=200)

    assert 'value="8"' in html
    assert run().attempt == 1


def test_a_travel_that_cannot_be_says_why(root: Client) -> None:
    started(failing(), {"fails": True, "amount": 7})

    html = post(root, "/runs/paying/r/travel/", {"step": "nowhere"}, status=400)
    wrong = {"step": "charge", "edit": "yes", "input.__mode": "form", "input.amount": "many"}
    worse = post(root, "/runs/paying/r/travel/", wrong, status=200)

    assert "nowhere" in html
    assert 'aria-invalid="true"' in worse
    assert run().attempt == 1


def test_two_attempts_side_by_side(root: Client) -> None:
    found = started(failing(), {"fails": True, "amount": 7})
    found.time_travel("charge", input_data={"fails": False, "amount": 7})

    html = root.get("/runs/paying/r/diff/?a=1&b=2").content.decode()

    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "0 same 1 changed 0 only left 1 only right" in shown
    assert '- "fails": true' in shown.replace("&quot;", '"')
    assert '+ "fails": false' in shown.replace("&quot;", '"')


# --- back to where it was opened ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "leads_to"),
    [
        ("/admin/runs/run/1/change/", "/admin/runs/run/1/change/"),
        ("https://elsewhere.example/", "/runs/asking/r/"),
        ("//elsewhere.example/", "/runs/asking/r/"),
        ("", "/runs/asking/r/"),
    ],
)
def test_a_form_leads_back_to_where_it_was_opened_on_this_site(
    root: Client, where: str, leads_to: str
) -> None:
    started(asking(), {"n": 1})

    asked = root.get("/runs/asking/r/cancel/", {"next": where}).content.decode()
    done = root.post("/runs/asking/r/cancel/", {"next": where})

    assert f'href="{leads_to}" data-closes-dialog' in asked
    assert done.headers["Location"] == leads_to


def test_a_dialog_is_told_where_to_go_and_the_page_there_says_what_was_done(root: Client) -> None:
    started(asking(), {"n": 1})

    done = root.post("/runs/asking/r/cancel/", {}, headers={"X-Dialog": "1"})

    assert (done.status_code, done.json()) == (200, {"url": "/runs/asking/r/"})
    page = root.get("/runs/asking/r/").content.decode()
    assert "Canceled. Nothing of it starts any more." in page


def test_an_answer_that_was_opened_in_the_admin_returns_there(root: Client) -> None:
    started(asking(), {"n": 1})
    url = "/runs/asking/r/answer/?next=/admin/runs/run/1/change/"

    form = fields(root, url) | {"answer.yes": "true"}
    wrong = root.post("/runs/asking/r/answer/", form | {"answer.yes": "", "next": "/admin/"})
    right = root.post(url, form)

    assert '<input type="hidden" name="next" value="/admin/">' in wrong.content.decode()
    assert right.headers["Location"] == "/admin/runs/run/1/change/"
