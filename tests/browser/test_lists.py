"""Lists of runs in a real browser: rows change where they are, new runs are counted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.site import PATIENCE, Site

pytestmark = pytest.mark.acceptance

expect.set_options(timeout=PATIENCE)

ORDER = {"orderId": "A1", "quantity": 3, "unitPrice": 99.5}


def test_rows_change_where_they_are_and_new_runs_are_counted(site: Site) -> None:
    site.start("order-approval", "listed", ORDER, "list")
    page = site.page("/runs/?workflow=order-approval&resource=list")
    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "live")
    row = page.locator('[data-run="order-approval/listed"]')
    expect(row.locator(".status")).to_have_text("suspended")

    answer = {"step": "manager-approval", "resumeData": {"approved": True, "approver": "Bo"}}
    site.call("order-approval/resume?runId=listed", answer)
    site.start("order-approval", "newer", ORDER, "list")
    site.start("order-approval", "elsewhere", ORDER, "not on the list")

    expect(row.locator(".status")).to_have_text("success")
    expect(page.locator("[data-live=new-runs]")).to_have_text("1 new, show it")
    expect(page.locator("tbody [data-run]")).to_have_count(1)
    page.click("[data-live=new-runs] a")
    expect(page.locator("tbody [data-run]")).to_have_count(2)


def test_figures_of_workflows_follow_what_runs(site: Site) -> None:
    page = site.page("/")
    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "live")
    row = page.locator('[data-workflow="tenant-echo"]')
    expect(row).to_contain_text("never")
    page.keyboard.press("j")
    names = page.locator("tr[data-workflow] a.strong").all_text_contents()

    site.start("tenant-echo", "figured", {"ask": "who"})
    site.start("flaky-payment", "figured-too", {"amount": 1, "failures": 0})

    expect(row.locator(".status")).to_have_text("success")
    expect(page.locator('[data-workflow="flaky-payment"] .status')).to_have_text("success")
    expect(page.locator("tr.here")).to_have_count(1)
    expect(page.locator("tr[data-workflow] a.strong")).to_have_text(names)


def test_a_run_that_the_list_would_not_show_is_not_new(site: Site) -> None:
    for number in range(11):
        site.start("order-approval", f"beyond-{number}", ORDER, "beyond")
    page = site.page("/w/order-approval/")
    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "live")

    site.call("order-approval/runs/beyond-0/cancel", {})
    site.call("order-approval/runs/beyond-10/cancel", {})
    expect(page.locator('[data-run="order-approval/beyond-10"] .status')).to_have_text("canceled")
    site.start("order-approval", "beyond-11", ORDER, "beyond")

    expect(page.locator("[data-live=new-runs]")).to_have_text("1 new, show it")


def test_what_a_schedule_starts_is_shown_with_it(site: Site) -> None:
    page = site.page("/schedules/?workflow=tenant-echo")
    page.fill("#s-cron", "*/2 * * * * *")
    page.fill('[name="input.ask"]', "who")
    page.click("button[name=create]")
    row = page.locator("[data-schedule]").filter(has_text="tenant-echo")
    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "live")

    expect(row.locator(".last .status")).to_have_text("success")
    row.locator("a").first.click()
    fires = page.locator("#fires tr")
    before = fires.count()
    expect(fires.nth(before)).to_be_visible()
    page.click("button[value=delete]")


def test_runs_are_canceled_in_the_admin_while_a_colleague_looks_at_them(site: Site) -> None:
    for number in range(3):
        site.start("order-approval", f"admin-{number}", ORDER, "in-bulk")
    address = "/admin/runs/run/?q=in-bulk"
    page, colleague = site.page(address), site.page(address, "other")
    expect(colleague.locator("[data-live=connection]")).to_have_attribute("data-state", "live")
    statuses = colleague.locator("#result_list .runs-status")
    expect(statuses).to_have_text(["suspended"] * 3)

    page.check("#action-toggle")
    page.select_option("select[name=action]", "cancel")
    page.click("button[name=index]")
    expect(page.locator("#content")).to_contain_text("3 runs will be asked to cancel")
    page.fill("#id_reason", "not needed")
    page.click("input[value='Cancel 3 runs']")

    expect(page.locator(".messagelist")).to_contain_text("3 runs: cancel was asked for")
    expect(statuses).to_have_text(["canceled"] * 3)
    expect(colleague.locator("[data-runs-because]")).to_have_text([""] * 3)


def test_a_card_that_a_colleague_has_answered_says_so(site: Site) -> None:
    site.start("order-approval", "two-of-us", ORDER, "inbox")
    page = site.page("/inbox/")
    expect(page.locator("[data-live=connection]")).to_have_attribute("data-state", "live")
    card = page.locator("[data-question]").filter(has_text="two-of-us")
    expect(card.locator("form")).to_have_count(1)

    colleague = site.page("/runs/order-approval/two-of-us/", "other")
    colleague.check('input[name="answer.approved"][value="true"]')
    colleague.fill('[name="answer.approver"]', "Bo")
    colleague.click(".inspector form button.primary")

    expect(card).to_contain_text("other answered this first")
    expect(card.locator("form")).to_have_count(0)
