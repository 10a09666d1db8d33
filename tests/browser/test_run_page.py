"""The page of a run in a real browser, with real workers, while things happen."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import PATIENCE, Site

pytestmark = pytest.mark.acceptance

expect.set_options(timeout=PATIENCE)

ORDER = {"orderId": "A1", "quantity": 3, "unitPrice": 99.5}
#: So many that a browser that is slow to show them sees some of them done and others not.
ITEMS = 180
#: Remembers how many items of a foreach were shown as done, one number after the other.
COUNT_CELLS = """
window.grown = new Set();
new MutationObserver(() => {
  const done = document.querySelectorAll(".strip a[data-status=success]").length;
  if (done) grown.add(done);
}).observe(document.querySelector("[data-piece=inspector]"), { childList: true, subtree: true });
"""


def is_live(page: Page) -> None:
    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "live")


def has_status(page: Page, status: str) -> None:
    expect(page.locator(".run-head")).to_have_attribute("data-status", status)


def node(page: Page, path: str) -> Any:
    return page.locator(f'[data-graph] [data-path="{path}"]').first


def mark(page: Page) -> None:
    """Leave something in the page that a reload would take away."""
    page.evaluate("document.title += ' (not loaded again)'")


def was_not_reloaded(page: Page) -> None:
    assert page.title().endswith("(not loaded again)")


def test_a_run_is_started_from_the_form_watched_and_answered(site: Site) -> None:
    page = site.page("/w/order-approval/")
    page.fill('[name="input.orderId"]', "A1")
    page.fill('[name="input.quantity"]', "3")
    page.fill('[name="input.unitPrice"]', "99.5")
    page.click("button[name=start]")

    has_status(page, "suspended")
    is_live(page)
    mark(page)
    expect(node(page, "manager-approval")).to_have_attribute("data-status", "suspended")
    assert '"total": 298.5' in (page.text_content(".question") or "")

    # Somebody else answers; this page moves on without being loaded again.
    other = site.page(re.sub(r"^https?://[^/]+", "", page.url), "other")
    other.check('input[name="answer.approved"][value="true"]')
    other.fill('[name="answer.approver"]', "Bo")
    other.click(".inspector form button.primary")

    has_status(page, "success")
    has_status(other, "success")
    expect(node(page, "fulfil-order")).to_have_attribute("data-status", "success")
    expect(node(page, "reject-order")).to_have_attribute("data-status", "skipped")
    expect(page.locator(".timeline li")).to_have_count(3)
    was_not_reloaded(page)


def test_what_is_being_typed_survives_what_happens(site: Site) -> None:
    batch = [{"who": f"w{n}", "amount": 60} for n in range(3)]
    page = site.page(site.start("batch-approval", "typing", batch))
    has_status(page, "suspended")
    is_live(page)
    page.click(".reason summary")
    page.fill("#answer-reason", "because I am")
    page.focus("#answer-reason")

    page.evaluate("window.dispatchEvent(new PopStateEvent('popstate'))")
    page.keyboard.type(" typing")

    expect(page.locator("#answer-reason")).to_have_value("because I am typing")


def test_a_long_job_is_canceled_in_the_middle_of_its_step(site: Site) -> None:
    page = site.page(site.start("long-job", "to-cancel", {"chunks": 600, "delayMs": 100}))
    has_status(page, "running")
    is_live(page)
    mark(page)
    expect(page.locator(".step-log")).to_contain_text('"processed": 2')

    page.keyboard.press("c")
    expect(page.locator("dialog h1")).to_have_text("Cancel this run?")
    page.fill("dialog [name=reason]", "enough")
    page.click("dialog button.danger")

    expect(page.locator(".messages")).to_have_text("Canceled. Nothing of it starts any more.")
    has_status(page, "canceled")
    expect(node(page, "process-chunks")).not_to_have_attribute("data-status", "running")
    expect(node(page, "finish-job")).to_have_attribute("data-status", "none")


def test_a_failed_payment_is_redone_with_other_input_and_compared(site: Site) -> None:
    page = site.page(site.start("flaky-payment", "to-redo", {"amount": 12, "failures": 3}))
    has_status(page, "failed")
    expect(page.locator(".failure")).to_contain_text("Card declined (attempt 3)")
    expect(page.locator(".timeline li rect.work")).to_have_count(3)

    page.keyboard.press("t")
    expect(page.locator("dialog .preview")).to_contain_text("charge-card")
    page.check('dialog input[name="edit"][value="yes"]')
    page.fill('dialog [name="input.failures"]', "0")
    page.click("dialog button.primary")

    has_status(page, "success")
    page.click("text=Compare")
    expect(page.locator("table.diff .removed")).to_contain_text(['"failures": 3'])
    expect(page.locator("table.diff .added")).to_contain_text(['"failures": 0'])
    expect(page.locator(".diff-counts")).to_contain_text("1 only right")


def test_a_foreach_is_followed_item_by_item(site: Site) -> None:
    text = "\n\n".join(f"paragraph {n}" for n in range(ITEMS))
    site.call("document-pipeline/create-run?runId=each", {})
    page = site.page("/runs/document-pipeline/each/?step=analyse-paragraph")
    is_live(page)
    page.evaluate(COUNT_CELLS)

    site.call("document-pipeline/start?runId=each", {"inputData": {"text": text}})

    has_status(page, "success")
    cells = page.locator(".strip a[data-status=success]")
    expect(cells).to_have_count(ITEMS)
    grown = page.evaluate("[...grown]")
    assert grown == sorted(grown) and grown[-1] == ITEMS and len(grown) > 2
    cells.nth(7).click()
    expect(page.locator(".inspector")).to_contain_text("analyse-paragraph[7]")
    assert "step=analyse-paragraph%5B7%5D" in page.url
    page.go_back()
    expect(page.locator(".inspector-head")).to_contain_text("analyse-paragraph")


def test_loading_again_in_the_middle_misses_nothing(site: Site) -> None:
    page = site.page(
        site.start("long-job", "reloaded", {"chunks": 40, "delayMs": 60}) + "?tab=events"
    )
    expect(page.locator(".log")).to_contain_text('"processed": 3')
    page.reload()

    has_status(page, "success")
    total = int(page.text_content(".run-facts a") or "0")
    expect(page.locator(".log .line")).to_have_count(total)
    numbers = page.locator(".log .line").evaluate_all("all => all.map(one => +one.dataset.seq)")
    assert sorted(numbers) == list(range(total))
    expect(page.locator(".log .line-type").last).to_have_text("workflow-finish")


def test_ten_seconds_without_a_connection_are_caught_up(site: Site) -> None:
    page = site.page(site.start("order-approval", "offline", ORDER))
    has_status(page, "suspended")
    is_live(page)
    mark(page)

    page.context.set_offline(True)
    answer = {"step": "manager-approval", "resumeData": {"approved": True, "approver": "Bo"}}
    site.call("order-approval/resume?runId=offline", answer)
    dot = page.locator("[data-live=connection]")
    expect(dot).to_have_attribute("data-state", "offline")
    expect(dot).to_contain_text("showing state of")
    has_status(page, "suspended")
    page.context.set_offline(False)

    has_status(page, "success")
    is_live(page)
    was_not_reloaded(page)


def test_a_connection_that_has_gone_silent_is_none(site: Site) -> None:
    path = site.start("order-approval", "silent", ORDER)
    page = site.context().new_page()
    said = [json.dumps({"type": "hello", "next": 0, "heartbeatSeconds": 0.2})]
    page.route_web_socket(re.compile("/ws/"), lambda socket: said and socket.send(said.pop()))

    page.goto(path)

    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "offline")


def test_a_question_to_the_server_that_failed_is_asked_again(site: Site) -> None:
    page = site.page(site.start("order-approval", "unheard", ORDER) + "?tab=events")
    has_status(page, "suspended")
    is_live(page)
    mark(page)
    for address in ("**/unheard/live/*", "**/unheard/events/*"):
        page.route(address, lambda route: route.abort())
    answer = {"step": "manager-approval", "resumeData": {"approved": True, "approver": "Bo"}}

    with page.expect_event("requestfailed"):
        site.call("order-approval/resume?runId=unheard", answer)
    record = f"{site.url}/api/workflows/order-approval/runs/unheard"
    while site.read(record)["status"] != "success":
        page.wait_for_timeout(100)
    with page.expect_event("requestfailed"):
        pass  # whatever was told of it has been asked for, in vain
    page.unroute_all()

    has_status(page, "success")
    expect(page.locator(".log .line-type").last).to_have_text("workflow-finish")
    was_not_reloaded(page)


def test_a_dialog_whose_answer_does_not_arrive_says_so(site: Site) -> None:
    page = site.page(site.start("order-approval", "lost", ORDER))
    is_live(page)
    page.keyboard.press("c")
    page.fill("dialog [name=reason]", "enough")
    page.route("**/lost/cancel/", lambda route: route.abort())

    page.click("dialog button.danger")

    expect(page.locator("dialog [role=alert]")).to_contain_text("The server did not answer")
    expect(page.locator("dialog [name=reason]")).to_have_value("enough")


def test_another_tenant_sees_nothing(site: Site) -> None:
    ours = site.start("order-approval", "ours", ORDER, "ours")
    theirs = site.start("order-approval", "theirs", ORDER, "theirs")

    page = site.page(ours, "tenant")
    missing = site.page("/runs/order-approval/no-such-run/", "tenant")

    assert page.text_content("main") == missing.text_content("main")
    has_status(site.page(theirs, "tenant"), "suspended")
    closed = page.evaluate(
        """path => new Promise(done => {
            const socket = new WebSocket(location.origin.replace("http", "ws") + path);
            let said = null;
            socket.onmessage = ({data}) => (said = JSON.parse(data).type);
            socket.onclose = ({code}) => done([code, said]);
        })""",
        f"/ws{ours}",
    )
    assert closed == [4404, "goodbye"]


def test_everything_but_liveness_works_without_scripts(site: Site) -> None:
    address = site.start("order-approval", "plain", ORDER)
    watch = site.page(address)
    has_status(watch, "suspended")
    page = site.page(address, java_script_enabled=False)

    page.click("text=Time travel to here")
    expect(page.locator(".preview")).to_contain_text("manager-approval")
    page.click("text=Back")
    page.click("a[data-act-link=answer]")
    page.check('input[name="answer.approved"][value="false"]')
    page.fill('[name="answer.approver"]', "Cy")
    page.click("form[data-keep] button.primary")

    expect(page.locator(".messages")).to_contain_text("manager-approval was answered")
    has_status(watch, "success")
    page.goto(f"{address}?tab=steps")
    expect(page.locator('[role=treeitem][data-path="reject-order"]')).to_contain_text("success")
