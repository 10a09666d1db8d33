"""Everything is killed in the middle of runs: they go on, by themselves or when told to by HTTP."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acceptance.serving import PATIENCE_SECONDS, Served, until

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("prepared")]
Json = Any
RUNS = [f"parcel-{number}" for number in range(4)]
#: Long enough for all of them to be held at once before the first is released.
HOLD_MS = 6000


class Api:
    def __init__(self, served: Served, token: str) -> None:
        self._base, self._token = f"{served.url}api/workflows/ship-order/", token

    def call(self, method: str, path: str, body: Json = None) -> Json:
        with urllib.request.urlopen(
            self._request(method, path, body), timeout=PATIENCE_SECONDS
        ) as response:
            return json.load(response)

    def observe(self, run_id: str) -> list[Json]:
        request = self._request("POST", f"observe?runId={run_id}")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return [json.loads(piece) for piece in response.read().split(b"\x1e") if piece]

    def _request(self, method: str, path: str, body: Json = None) -> urllib.request.Request:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.Request(self._base + path, data, headers, method=method)

    def status(self, run_id: str) -> str:
        return str(self.call("GET", f"runs/{run_id}?fields=result")["status"])

    def holds(self, run_id: str) -> bool:
        steps = self.call("GET", f"runs/{run_id}")["steps"]
        return bool(steps.get("hold-shipment", {}).get("status") == "running")


def starts_of(events: list[Json], step: str) -> int:
    started = [e["payload"] for e in events if e["type"] == "workflow-step-start"]
    return sum(payload["id"] == step for payload in started)


@pytest.fixture
def killed(prepared: None, serve: Callable[..., Served]) -> str:
    """A token of an installation that was killed while its runs were in their second step."""
    served = serve()
    served.becomes_healthy()
    token = served.command("create_token", "admin").strip()
    api = Api(served, token)
    for run_id in RUNS:
        api.call("POST", f"create-run?runId={run_id}")
        given = {"inputData": {"parcel": run_id, "holdMs": HOLD_MS}}
        api.call("POST", f"start?runId={run_id}", given)
    for run_id in RUNS:
        until(lambda run_id=run_id: api.holds(run_id), f"{run_id} to be held")  # type: ignore[misc]
    served.signal_everything(signal.SIGKILL)
    served.everything_goes()
    return token


def check_finished(api: Api) -> None:
    for run_id in RUNS:
        record = api.call("GET", f"runs/{run_id}")
        events = api.observe(run_id)
        assert record["status"] == "success"
        assert record["result"] == {"message": f"Dispatched L-{run_id}"}
        assert starts_of(events, "prepare-shipment") == 1  # it was recorded, and did not run again
        assert starts_of(events, "dispatch-shipment") == 1


def test_with_recovery_off_each_run_goes_on_when_it_is_restarted(
    serve: Callable[..., Served], killed: str
) -> None:
    served = serve(RUNS_RECOVERY="0")
    api = Api(served, killed)
    until(lambda: served.health()[0], "the web server")  # workers may still be on their way

    assert [api.status(run_id) for run_id in RUNS] == ["running"] * len(RUNS)
    with ThreadPoolExecutor(len(RUNS)) as pool:
        results = list(pool.map(lambda run: api.call("POST", f"restart-async?runId={run}"), RUNS))

    assert [result["status"] for result in results] == ["success"] * len(RUNS)
    check_finished(api)


def test_with_recovery_on_all_runs_go_on_by_themselves(
    serve: Callable[..., Served], killed: str
) -> None:
    served = serve()
    api = Api(served, killed)
    until(lambda: served.health()[0], "the web server")

    for run_id in RUNS:
        until(lambda run_id=run_id: api.status(run_id) == "success", run_id)  # type: ignore[misc]

    check_finished(api)
