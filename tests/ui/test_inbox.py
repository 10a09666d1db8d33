"""The inbox: questions of mine, answered beside each other; who comes late is told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from runs import create_step, create_workflow
from runs.definition import Workflow
from runs.models import ResourceRestriction, Run

from .conftest import ALL, Go, allow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("inline")]
ANSWER = {
    "type": "object",
    "required": ["ok"],
    "properties": {"ok": {"type": "boolean"}, "note": {"type": "string", "maxLength": 5}},
}
EVIL = "<script>alert(1)</script>"


def asking(id: str, assignee: Any = None) -> Workflow:
    def ask(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return ctx.suspend({"ask": EVIL}, assignee=assignee)
        return ctx.resume_data

    step = create_step(id="ask", resume_schema=ANSWER)(ask)
    return create_workflow(id).then(step).commit()


def question_of(page: str) -> str:
    found = re.search(r'name="question" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def answers(page: str, **fields: str) -> dict[str, str]:
    """What the browser would send for the first card."""
    prefix = re.search(r'data-schema-form="([^"]+)"', page)
    assert prefix is not None
    named = {f"{prefix[1]}.{name}": value for name, value in fields.items()}
    return {"question": question_of(page), f"{prefix[1]}.__mode": "form", **named}


def test_nobody_waiting_is_said(operator: User, body: Go, registry: None) -> None:
    assert "Nobody waits for you" in body(reverse("runs:inbox"))


def test_a_question_is_shown_with_a_form_and_its_answer_goes_on(
    client: Client, operator: User, body: Go, registry: None
) -> None:
    asking("w").create_run(run_id="r").start()
    page = body(reverse("runs:inbox"))

    response = client.post(reverse("runs:inbox"), answers(page, ok="true"))

    assert "&lt;script&gt;" in page and EVIL not in page
    assert response["Location"] == reverse("runs:inbox")
    assert Run.objects.get().status == "success"


def test_the_number_in_the_menu_is_how_many_wait(operator: User, body: Go, registry: None) -> None:
    flow = asking("w")
    for _ in range(3):
        flow.create_run().start()

    assert 'data-count="3"' in body(reverse("runs:runs"))


def test_the_number_in_the_menu_leaves_out_what_waits_for_others(
    client: Client, operator: User, bob: User, body: Go, registry: None
) -> None:
    asking("open").create_run().start()
    asking("financial", assignee="group:finance").create_run().start()
    asking("done").create_run().cancel()

    counts = [body(reverse("runs:inbox-count"))]
    operator.groups.add(Group.objects.create(name="finance"))
    counts.append(body(reverse("runs:inbox-count")))
    client.force_login(allow(bob, "view_run"))
    counts.append(body(reverse("runs:inbox-count")))

    assert counts == ["1", "2", "0"]


def test_questions_of_others_do_not_hide_mine(
    operator: User, body: Go, registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.operations.inbox.CHUNK", 2)
    others = asking("financial", assignee="group:finance")
    for _ in range(5):
        others.create_run().start()
    asking("open").create_run(run_id="mine").start()

    page = body(reverse("runs:inbox"))

    assert 'data-count="1"' in page
    assert page.count('name="question"') == 1 and "mine" in page


def test_an_answer_that_does_not_fit_stays_in_its_card(
    client: Client, operator: User, body: Go, registry: None
) -> None:
    asking("w").create_run().start()

    response = client.post(
        reverse("runs:inbox"),
        answers(body(reverse("runs:inbox")), ok="true", note="far too long"),
    )

    assert response.status_code == 422
    assert "far too long" in response.content.decode()
    assert Run.objects.get().status == "suspended"


def test_who_comes_late_is_told_who_was_first(
    client: Client, operator: User, bob: User, body: Go, registry: None
) -> None:
    asking("w").create_run().start()
    seen = answers(body(reverse("runs:inbox")), ok="true")
    client.post(reverse("runs:inbox"), seen)
    client.force_login(allow(bob, *ALL))

    late = client.post(reverse("runs:inbox"), seen, follow=True)

    assert "alice answered this first" in late.content.decode()


def test_one_sees_what_names_oneself_a_group_or_nobody(
    client: Client, operator: User, charlie: User, team: Group, body: Go, registry: None
) -> None:
    for name in (None, "user:alice", "group:team", "user:charlie", "group:other"):
        asking(f"for-{name}".replace(":", "-"), name).create_run().start()

    mine = re.findall(r"/w/(for-[^/]+)/", body(reverse("runs:inbox")))
    client.force_login(allow(charlie, *ALL))
    his = re.findall(r"/w/(for-[^/]+)/", body(reverse("runs:inbox")))

    assert mine == ["for-None", "for-user-alice", "for-group-team"]
    assert his == ["for-None", "for-user-charlie"]


def test_what_is_not_mine_to_see_is_not_mine_to_answer(
    client: Client, operator: User, body: Go, registry: None
) -> None:
    asking("w").create_run(resource_id="theirs").start()
    seen = answers(body(reverse("runs:inbox")), ok="true")
    ResourceRestriction.objects.create(user=operator, resource_ids=["mine"])

    client.post(reverse("runs:inbox"), seen)

    assert "Nobody waits for you" in body(reverse("runs:inbox"))
    assert Run.objects.get().status == "suspended"


def test_one_item_of_a_foreach_is_answered_by_itself(
    client: Client, operator: User, body: Go, registry: None
) -> None:
    def ask(ctx: Any) -> Any:
        return ctx.suspend({"who": ctx.input_data}) if ctx.resume_data is None else 1

    step = create_step(id="ask", resume_schema=ANSWER)(ask)
    flow = create_workflow("many").foreach(step, concurrency=3).commit()
    flow.create_run().start(["a", "b"])
    page = body(reverse("runs:inbox"))

    client.post(reverse("runs:inbox"), answers(page, ok="true"))

    after = body(reverse("runs:inbox"))
    assert "ask, item 1" in page and "ask, item 2" in page
    assert "ask, item 1" not in after and "ask, item 2" in after


def test_who_may_not_answer_has_an_empty_inbox(
    client: Client, viewer: User, body: Go, registry: None
) -> None:
    asking("w").create_run().start()

    assert "Nobody waits for you" in body(reverse("runs:inbox"))
    assert client.post(reverse("runs:inbox"), {"question": "1-1-ask"}).status_code == 403


def test_the_inbox_takes_as_many_queries_for_many_as_for_few(
    client: Client, operator: User, registry: None, django_assert_max_num_queries: Any
) -> None:
    flow = asking("w", "group:team")
    for _ in range(15):
        flow.create_run().start()

    with django_assert_max_num_queries(13):
        client.get(reverse("runs:inbox"))
