"""How long after a worker has written something does somebody see it?

One server as ``manage.py serve`` starts it, and Chromium with the page of a run whose step puts
something out every so often. Meanwhile other runs go through, so many a second. Measured is the
time from the moment an event bears, which is a little before its commit, to the frame that shows
it; and, of that, until its message was in the browser. All clocks are the one of the machine.

    python -m benchmarks.pixels [--rate 20] [--seconds 40] [--every 200] [--workers 2]

Exits with 1 if half of them took longer than 150 ms, or one of a hundred longer than 500 ms.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from playwright.sync_api import Page, sync_playwright

from tests.acceptance.serving import ROOT, Served
from tests.browser.site import Site, opened

BUDGET_MS = {50: 150.0, 99: 500.0}
#: Starts runs from a process of its own, as a script of a user's would.
FEED = """
import time
from runs import get_workflow
began, number = time.monotonic(), 0
while time.monotonic() < began + {seconds}:
    run = get_workflow("order-approval").create_run(execution="background")
    run.start_async({{"orderId": "A%d" % number, "quantity": 1, "unitPrice": 9.5}})
    number += 1
    time.sleep(max(0.0, began + number / {rate} - time.monotonic()))
print(number)
"""
#: When each output was written: its number and the milliseconds of its event.
WRITTEN = """
import json
from runs.models import RunEvent
told = RunEvent.objects.filter(run__run_id="watched", type="workflow-step-output")
print(json.dumps({one.own["output"]["processed"]: one.at.timestamp() * 1000 for one in told}))
"""
#: Notes when a number arrives by the websocket, and when a frame shows it.
WATCH = """
(() => {
  const seen = (window.seen = { told: {}, shown: {} });
  const now = () => performance.timeOrigin + performance.now();
  const note = (where, text, at) => {
    for (const [, number] of text.matchAll(/"processed":\\s*(\\d+)/g)) where[number] ??= at;
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => note(seen.told, data, now()));
    }
  };
  new MutationObserver(() => {
    const text = document.querySelector(".step-log")?.textContent || "";
    requestAnimationFrame(() => setTimeout(() => note(seen.shown, text, now())));
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="From a worker's commit to the screen.")
    parser.add_argument("--rate", type=float, default=20.0, help="runs a second that go through")
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--every", type=int, default=200, help="milliseconds between two outputs")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    count = options.seconds * 1000 // options.every
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = Served(Path(folder) / "data", ("serve", "--workers", str(options.workers)))
        try:
            assert served.url  # its tables are there now
            with opened(served, playwright) as site:
                page = _watching(site, count, options.every)
                with _feeding(served, options.rate, options.seconds):
                    status = "css=.run-head[data-status=success]"
                    page.wait_for_selector(status, timeout=(options.seconds + 120) * 1000)
                seen = page.evaluate("seen")
            written = json.loads(served.shell(WRITTEN).splitlines()[-1])
        finally:
            served.clean_up()
    return _report(written, seen["told"], seen["shown"])


def _watching(site: Site, count: int, every: int) -> Page:
    page = site.context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(WATCH)
    page.goto(site.start("long-job", "watched", {"chunks": count, "delayMs": every}))
    page.wait_for_selector("[data-live=connection][data-state=live]")
    return page


@contextmanager
def _feeding(served: Served, rate: float, seconds: int) -> Iterator[None]:
    code = FEED.format(rate=rate, seconds=seconds)
    feeder = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", code],
        cwd=ROOT,
        env=served.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield
        said, _ = feeder.communicate(timeout=seconds + 60)
        print(f"{said.strip()} runs were started meanwhile, {rate:g} a second asked for")
    finally:
        feeder.kill()


def _report(
    written: Mapping[str, float], told: Mapping[str, float], shown: Mapping[str, float]
) -> int:
    """Numbers that were never shown by themselves were overtaken by the next one."""
    common = sorted(written.keys() & told.keys() & shown.keys(), key=int)[1:]
    print(f"{len(common)} of {len(written)} outputs; milliseconds     p50     p90     p99     max")
    _line("commit to message", [told[n] - written[n] for n in common])
    _line("message to pixel", [shown[n] - told[n] for n in common])
    found = _line("commit to pixel", [shown[n] - written[n] for n in common])
    over = {at: budget for at, budget in BUDGET_MS.items() if found[at] > budget}
    for at, budget in over.items():
        print(f"p{at} is {found[at]:.0f} ms, over its {budget:.0f} ms")
    return 1 if over else 0


def _line(name: str, values: list[float]) -> dict[int, float]:
    cuts = quantiles(values, n=100, method="inclusive")
    found = {at: cuts[at - 1] for at in (50, 90, 99)}
    figures = [*found.values(), max(values)]
    print(f"{name:41}" + "".join(f"{value:8.0f}" for value in figures))
    return found


if __name__ == "__main__":
    sys.exit(main())
