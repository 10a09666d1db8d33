"""The pages in a real browser: at every width, by keyboard alone, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.site import PATIENCE, Site

pytestmark = pytest.mark.acceptance

expect.set_options(timeout=PATIENCE)

Theme: TypeAlias = Literal["light", "dark"]
#: A window of 1280 pixels at 400 % is one of 320 to the page.
WIDTHS = (320, 360, 1280, 1920)
ORDER = {"orderId": "A1", "quantity": 3, "unitPrice": 99.5}
LIGHT, DARK = "rgb(246, 247, 249)", "rgb(14, 17, 22)"
LISTS = ("/", "/runs/", "/runs/?text=nothing-is-called-so", "/inbox/", "/schedules/", "/health/")
PAGES = (
    *LISTS,
    "/w/order-approval/",
    "/w/document-pipeline/?step=summarise",
    "/w/batch-approval/",
    "/schedules/?workflow=nightly-report",
    "/runs/order-approval/looked-at/",
    "/runs/nothing/at-all/",
)


@pytest.fixture(scope="module", autouse=True)
def looked_at(whole_site: Site) -> None:
    """A run that waits: it is on most pages."""
    whole_site.start("order-approval", "looked-at", ORDER)


@pytest.fixture
def looking(site: Site) -> Iterator[Page]:
    """One page, with what the browser complains about, which is to be nothing."""
    page = site.context().new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    yield page
    assert complaints == []


def serious(page: Page, theme: Theme, **options: Any) -> list[tuple[str, str]]:
    page.emulate_media(color_scheme=theme)
    issues = Axe().run(page, options=options).response["violations"]
    return [
        (f"{issue['id']} in {theme}", issue["nodes"][0]["html"][:120])
        for issue in issues
        if issue["impact"] in ("serious", "critical")
    ]


def too_wide(page: Page) -> list[int]:
    """The widths at which one would have to scroll sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(width)
    return found


def test_nothing_keeps_anybody_from_using_a_page_at_any_width(looking: Page) -> None:
    found = {}
    for path in PAGES:
        looking.goto(path, wait_until="domcontentloaded")
        dark = serious(looking, "dark", runOnly=["color-contrast"])
        found[path] = (serious(looking, "light"), dark, too_wide(looking))

    assert found == dict.fromkeys(PAGES, ([], [], []))


def test_the_keyboard_alone_leads_everywhere(looking: Page) -> None:
    looking.goto("/")
    looking.keyboard.press("Tab")
    expect(looking.locator(".skip")).to_be_focused()

    looking.keyboard.press("g")
    looking.keyboard.press("r")
    expect(looking).to_have_url(re.compile(r"/runs/$"))
    looking.keyboard.press("j")
    expect(looking.locator("tr.here")).to_have_count(1)
    looking.keyboard.press("x")
    expect(looking.locator("tr.here input[type=checkbox]")).to_be_checked()
    looking.keyboard.press("/")
    expect(looking.locator("#search")).to_be_focused()
    looking.keyboard.type("g r j")
    expect(looking.locator("#search")).to_have_value("g r j")
    looking.keyboard.press("Escape")
    looking.keyboard.press("?")
    expect(looking.locator("dialog#keys")).to_be_visible()
    looking.keyboard.press("Escape")
    expect(looking.locator("dialog#keys")).to_be_hidden()


def test_rows_of_a_form_are_added_and_removed_on_the_spot(looking: Page) -> None:
    looking.goto("/w/batch-approval/")
    rows = looking.locator("#start .rows > li")
    expect(rows).to_have_count(1)
    looking.fill('[name="input.0.who"]', "ann")

    looking.click("[data-add-row]")
    looking.fill('[name="input.1.who"]', "bob")
    looking.click("[data-remove-row] >> nth=0")

    expect(rows).to_have_count(1)
    expect(looking.locator('[name="input.1.who"]')).to_have_value("bob")


def test_a_graph_is_zoomed_by_keys_by_buttons_and_by_the_wheel(looking: Page) -> None:
    looking.goto("/w/document-pipeline/")
    level = looking.locator("[data-zoom-level]")
    expect(level).to_have_text("100 %")

    looking.keyboard.press("+")
    expect(level).to_have_text("125 %")
    looking.click("[data-zoom=in]")
    expect(level).to_have_text("156 %")
    looking.hover("[data-graph-box]")
    looking.keyboard.down("Control")
    looking.mouse.wheel(0, -400)
    looking.keyboard.up("Control")
    expect(level).to_have_text("300 %")
    looking.reload()
    expect(level).to_have_text("300 %")
    looking.keyboard.press("f")
    expect(looking.locator("svg.graph")).to_be_in_viewport(ratio=0.5)
    looking.keyboard.press("0")
    expect(level).to_have_text("100 %")


def test_a_mistake_in_json_is_said_while_it_is_typed(looking: Page) -> None:
    looking.goto("/w/order-approval/")
    looking.click("button:has-text('JSON')")
    field = looking.locator("#id_input_json")

    field.fill('{\n  "orderId": "A1",\n}')
    fault = looking.locator("#id_input_json_fault")
    expect(fault).to_have_text("Line 3, column 1: there is a comma too many before this.")
    expect(field).to_have_attribute("aria-invalid", "true")

    field.fill('{"orderId": "A1"}')
    expect(fault).to_be_hidden()
    expect(field).to_have_attribute("aria-invalid", "false")


def test_everything_works_without_scripts(site: Site) -> None:
    page = site.page("/w/batch-approval/", java_script_enabled=False)
    page.fill('[name="input.0.who"]', "ann")
    page.fill('[name="input.0.amount"]', "60")
    page.click("[data-add-row]")
    expect(page.locator("#start .rows > li")).to_have_count(2)
    expect(page.locator('[name="input.0.who"]')).to_have_value("ann")
    page.fill('[name="input.1.who"]', "bob")
    page.fill('[name="input.1.amount"]', "10")
    page.click("#start details.advanced summary")
    page.fill("#run_id", "without-scripts")
    page.click("button[name=start]")
    assert page.url.endswith("/runs/batch-approval/without-scripts/")

    page.goto("/inbox/")
    card = page.locator(".card", has_text="without-scripts")
    while not card.count():  # a worker is on its way; each look is a request
        page.reload()
    card.locator('input[type=radio][value="true"]').check()
    card.get_by_role("button", name="Answer").click()

    expect(page.locator(".messages")).to_contain_text("review-expense")


def test_many_runs_are_canceled_after_a_preview(site: Site) -> None:
    for number in range(3):
        site.start("order-approval", f"many-{number}", ORDER, resource_id="many")
    page = site.page("/runs/?resource=many")
    expect(page.locator("tbody tr")).to_have_count(3)

    page.check("#pick-all")
    page.click("text=Cancel the selected")
    expect(page.locator("h1")).to_have_text("Cancel 3 runs?")
    page.fill("#reason", "not needed")
    page.click("button[name=confirm]")

    expect(page.locator("h1")).to_have_text("Canceled 3 of 3")


def test_colors_are_switched_and_kept(looking: Page) -> None:
    looking.goto("/runs/")

    looking.click(".theme button")

    expect(looking.locator("html")).to_have_attribute("data-theme", "dark")
    looking.goto("/")
    expect(looking.locator("html")).to_have_attribute("data-theme", "dark")
    ground = looking.locator("body")
    expect(ground).to_have_css("background-color", DARK)
    looking.click(".theme button")
    looking.emulate_media(color_scheme="dark")
    expect(ground).to_have_css("background-color", LIGHT)
    looking.click(".theme button")
    expect(ground).to_have_css("background-color", DARK)
