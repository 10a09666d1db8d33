from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from runs import create_workflow
from runs.models import Run, RunEvent
from tests.store.gallery import add, step

from .conftest import Grant, asking, failing, started

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]

TABS = ("graph", "timeline", "steps", "events", "json")


def page(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, response.content.decode()[:400]
    return response.content.decode()


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_head_says_how_it_stands_and_why(root: Client) -> None:
    started(asking(assignee="group:finance"), {"n": 1}, resource_id="customer-7")

    shown = text(page(root, "/runs/asking/r/"))

    assert "suspended" in shown
    assert "ask waits for an answer of group finance" in shown
    assert "Resource customer-7" in shown


def test_what_needs_somebody_is_selected(root: Client) -> None:
    started(asking(), {"n": 1})

    html = page(root, "/runs/asking/r/")

    assert "Waits for an answer" in html
    assert "May we?" in html
    assert 'name="answer.yes"' in html


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_is_an_address(root: Client, tab: str) -> None:
    started(asking(), {"n": 1})

    html = page(root, f"/runs/asking/r/?tab={tab}&step=add-1")

    assert f'data-tab="{tab}" data-key' in html
    assert '<h2 class="wrap">add-1</h2>' in html


def test_a_run_of_a_thousand_steps_takes_few_queries(
    root: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    flow = create_workflow("long")
    for number in range(1_000):
        flow = flow.then(add(0, f"s{number}"))
    started(flow.commit(), {"n": 1})

    with django_assert_max_num_queries(20):
        page(root, "/runs/long/r/")
    with django_assert_max_num_queries(20):
        page(root, "/runs/long/r/live/?tab=graph")


def test_what_users_wrote_is_escaped(root: Client) -> None:
    evil = "<script>alert(1)</script>"

    def body(ctx: Any) -> Any:
        ctx.writer.write({evil: evil})
        return {evil: evil}

    workflow = create_workflow("evil<b>").then(step("<i>step", body)).commit()
    started(workflow, {"n": evil}, run_id=evil, resource_id=evil)
    url = reverse("runs:run", args=("evil<b>", evil))

    for tab in TABS:
        html = page(root, f"{url}?tab={tab}")
        assert evil not in html
        assert "<i>step" not in html
        assert "evil<b>" not in html


@pytest.mark.parametrize("run_id", ["a/b", "..", "a b", "50%", "ü?#&", "answer"])
def test_whatever_an_id_is_made_of_it_has_an_address(root: Client, run_id: str) -> None:
    run = started(asking(), {"n": 1}, run_id=run_id)

    html = page(root, reverse("runs:run", args=("asking", run.run_id)))

    assert "ask waits for an answer" in html


# --- who may see it ----------------------------------------------------------------------------


def test_a_stranger_is_asked_to_log_in(client: Client) -> None:
    started(asking(), {"n": 1})

    assert client.get("/runs/asking/r/")["Location"].startswith("/login/")


def test_a_missing_run_and_another_tenants_look_the_same(
    root: Client, alice: User, grant: Grant
) -> None:
    from runs.models import ResourceRestriction

    started(asking(), {"n": 1}, resource_id="theirs")
    ResourceRestriction.objects.create(user=alice, resource_ids=["ours"])
    client = grant(alice, "view_run")

    theirs = page(client, "/runs/asking/r/", status=404)
    missing = page(client, "/runs/asking/nothing/", status=404)

    strip = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|data-now="\d+"|value="/runs/[^"]*"')
    assert strip.sub("", theirs) == strip.sub("", missing)
    for path in ("live", "events", "value/record", "diff", "answer", "cancel", "travel"):
        page(
            grant(alice, "resume_run", "cancel_run", "time_travel_run", "view_payload"),
            f"/runs/asking/r/{path}/",
            status=404,
        )


def test_who_may_not_see_data_sees_that_something_ran(alice: User, grant: Grant) -> None:
    started(failing("the account is empty"), {"fails": True, "amount": 4711})
    client = grant(alice, "view_run")

    for tab in TABS:
        html = page(client, f"/runs/paying/r/?tab={tab}")
        assert "the account is empty" in html
        assert "4711" not in html
    assert "not what it holds" in page(client, "/runs/paying/r/")
    page(client, "/runs/paying/r/value/input/?step=charge", status=403)


def test_acts_are_offered_to_those_who_may(alice: User, grant: Grant) -> None:
    started(asking(), {"n": 1})

    def offered(client: Client) -> list[str]:
        return re.findall(r'data-act-link="(\w+)"', page(client, "/runs/asking/r/"))

    assert offered(grant(alice, "view_run")) == []
    assert offered(grant(alice, "resume_run", "cancel_run")) == ["answer", "cancel"]


# --- pieces ------------------------------------------------------------------------------------


def test_the_live_pieces_are_those_of_the_page(root: Client) -> None:
    started(asking(), {"n": 1})

    state = root.get("/runs/asking/r/live/").json()

    assert (state["status"], state["selected"]) == ("suspended", "ask")
    assert state["next"] == RunEvent.objects.count()
    assert set(state["pieces"]) == {"header", "inspector", "timeline"}
    assert state["nodes"]["ask"]["status"] == "suspended"
    assert "May we?" in state["pieces"]["inspector"]


def test_an_old_attempt_stays_to_be_seen(root: Client) -> None:
    run = started(failing(), {"fails": True})
    run.time_travel("charge", input_data={"fails": False})

    now = text(page(root, "/runs/paying/r/"))
    then = text(page(root, "/runs/paying/r/?attempt=1"))

    assert "success" in now
    assert "an earlier attempt, kept as it ended" in then
    assert "no funds" in then
    page(root, "/runs/paying/r/?attempt=3", status=404)


def test_a_large_value_is_cut_and_can_be_downloaded(root: Client) -> None:
    large = {"rows": ["x" * 100] * 1_000}
    workflow = create_workflow("large").then(step("make", lambda ctx: large)).commit()
    started(workflow, {"n": 1})

    html = page(root, "/runs/large/r/?step=make")
    response = root.get("/runs/large/r/value/output/?step=make")

    assert "The first 2 kB of 103.0 kB" in html
    assert response.json() == large
    assert response["Content-Disposition"] == 'attachment; filename="large-r-output.json"'


def test_the_items_that_need_somebody_come_first(root: Client) -> None:
    def body(ctx: Any) -> Any:
        return ctx.suspend({"n": ctx.input_data}) if ctx.input_data == 2 else ctx.input_data

    workflow = create_workflow("each").foreach(step("item", body), concurrency=4).commit()
    started(workflow, [0, 1, 2, 3])

    html = page(root, "/runs/each/r/?step=item")

    strip = re.findall(r'title="Item (\d): (\w+)"', html)
    assert strip == [("2", "suspended"), ("0", "success"), ("1", "success"), ("3", "success")]


def test_turns_of_a_loop_are_stepped_through(root: Client) -> None:
    workflow = create_workflow("loop").dountil(add(1), lambda ctx: ctx.input_data["n"] > 2).commit()
    started(workflow, {"n": 0})

    html = page(root, "/runs/loop/r/?step=add-1%232")

    assert "Turn 2 of 3" in text(html)
    assert re.findall(r"stepper.*?</nav>", html, re.S)[0].count("data-select") == 2


def test_a_run_whose_code_is_gone_is_still_shown(root: Client, registry: None) -> None:
    from runs.definition.registry import isolated_registry

    with isolated_registry():
        started(asking(), {"n": 1})

    html = page(root, "/runs/asking/r/")

    assert "any more. What it did can be read; it cannot go on." in text(html)
    assert Run.objects.get().status == "suspended"
    page(root, "/runs/asking/r/?tab=json")


# --- the log -----------------------------------------------------------------------------------


def noisy(count: int) -> Run:
    def body(ctx: Any) -> Any:
        for number in range(count):
            ctx.writer.write({"number": number})

    return started(create_workflow("noisy").then(step("talk", body)).commit(), {})


def seqs(html: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'data-seq="(\d+)"', html)]


def test_a_long_log_is_read_in_stretches(root: Client) -> None:
    noisy(450)
    total = RunEvent.objects.count()

    assert seqs(page(root, "/runs/noisy/r/?tab=events")) == list(range(300, total))
    assert seqs(page(root, "/runs/noisy/r/events/?start=100")) == list(range(100, 200))
    assert seqs(page(root, "/runs/noisy/r/?tab=events&start=200")) == list(range(200, 300))
    assert root.get("/runs/noisy/r/events/?start=100")["X-Total"] == str(total)


def test_a_filtered_log_is_read_from_its_end(root: Client) -> None:
    noisy(150)

    html = page(root, "/runs/noisy/r/?tab=events&show=output")
    older = page(root, "/runs/noisy/r/?tab=events&show=output&before=52")

    assert seqs(html) == list(range(52, 152))
    assert seqs(older) == list(range(2, 52))
    assert seqs(page(root, "/runs/noisy/r/?tab=events&show=waits")) == []
    assert "No event is like that" in page(root, "/runs/noisy/r/?tab=events&path=nowhere")


def test_nonsense_in_the_address_is_no_error(root: Client) -> None:
    started(asking(), {"n": 1})

    for query in ("tab=x", "start=x", "start=99999999999999999999", "step=nowhere", "before=-1"):
        page(root, f"/runs/asking/r/?tab=events&{query}")
    page(root, "/runs/asking/r/value/nothing/?step=ask", status=404)
    page(root, "/runs/asking/r/diff/?a=9", status=404)


def test_a_finished_run_is_run_again_from_a_form_with_its_input(
    root: Client, alice: User, grant: Grant
) -> None:
    flow = asking()
    started(flow, {"n": 1}, "waits")
    started(flow, {"n": 7}, "over", resource_id="customer-7").cancel()

    page = root.get("/runs/asking/over/").content.decode()
    form = root.get("/w/asking/?from=over").content.decode()
    hidden = grant(alice, "view_run", "start_run").get("/runs/asking/over/").content.decode()

    assert 'href="/w/asking/?from=over#start"' in page
    assert "#start" not in root.get("/runs/asking/waits/").content.decode()
    assert "#start" not in hidden
    assert "&quot;n&quot;: 7" in form and 'value="customer-7"' in form
