"""Takes the pictures of README and docs: ``make pictures``.

Starts an installation of its own, lets a few demo workflows run, and photographs pages in both
themes into docs/pictures.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.acceptance.serving import ROOT, Served, until
from tests.browser.site import Site, opened

PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 860}
DOCUMENT = {"text": "one two three\n\nfour elephants\n\nlast"}

#: What runs before the pictures are taken: workflow, run id, input, resource.
RUNS = (
    ("greet-customer", "hello-ada", {"name": "ada LOVELACE", "language": "fr"}, None),
    ("document-pipeline", "report-2026-11", DOCUMENT, None),
    ("countdown", "apollo", {"from": 3}, None),
    ("flaky-payment", "payment-17", {"amount": 120, "failures": 2}, "customer-12"),
    ("flaky-payment", "payment-18", {"amount": 80, "failures": 3}, "customer-88"),
    ("refund-request", "refund-9", {"orderId": "o9", "amount": 900}, "customer-12"),
    ("ticket-triage", "ticket-5", {"text": "invoice is wrong", "priority": 4}, None),
    (
        "batch-approval",
        "expenses-november",
        [{"who": "ann", "amount": 20}, {"who": "bob", "amount": 70}, {"who": "cy", "amount": 90}],
        None,
    ),
    (
        "order-approval",
        "order-4711",
        {"orderId": "A4711", "quantity": 3, "unitPrice": 99.5},
        "customer-88",
    ),
)
#: Name of the picture and address of the page.
PAGES = (
    ("run", "/runs/order-approval/order-4711/"),
    ("workflow", "/w/document-pipeline/"),
    ("workflows", "/"),
    ("inbox", "/inbox/"),
)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = Served(Path(folder) / "data", ("serve", "--workers", "1"))
        try:
            assert served.url  # it is there now, and its tables are
            with opened(served, playwright) as site:
                prepare(site)
                for theme in ("light", "dark"):
                    photograph(site, theme)
        finally:
            served.clean_up()


def prepare(site: Site) -> None:
    for workflow, run_id, data, resource_id in RUNS:
        site.start(workflow, run_id, data, resource_id)
    for workflow, run_id, *_ in RUNS:
        url = f"{site.url}/api/workflows/{workflow}/runs/{run_id}?fields=result"
        until(lambda url=url: site.read(url)["status"] not in ("pending", "running"), run_id)


def photograph(site: Site, theme: str) -> None:
    page: Page = site.context(viewport=SIZE, color_scheme=theme).new_page()
    for name, path in PAGES:
        page.goto(path)
        page.wait_for_timeout(600)  # fonts, and the dot that says live
        page.screenshot(path=PICTURES / f"{name}-{theme}.png")
        print(PICTURES / f"{name}-{theme}.png")


if __name__ == "__main__":
    main()
