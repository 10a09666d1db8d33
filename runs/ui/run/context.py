"""What the templates of a run's page get: the same for the whole page and for its live pieces."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from runs import operations
from runs.access import without_payloads
from runs.ui.graph import render_graph, render_tree
from runs.ui.pages import whole
from runs.ui.run import answering, header, inspector, log
from runs.ui.run.address import Address
from runs.ui.run.payloads import payload
from runs.ui.run.rows import Row, root_of
from runs.ui.run.states import marks
from runs.ui.run.subject import Subject
from runs.ui.run.timeline import timeline

Json = Any

#: The tabs of the page: name in the URL, title, key.
TABS = (
    ("graph", "Graph", "1"),
    ("timeline", "Timeline", "2"),
    ("steps", "Steps", "3"),
    ("events", "Events", "4"),
    ("json", "JSON", "5"),
)


def context_of(request: HttpRequest, about: Subject, *, only_live: bool = False) -> dict[str, Json]:
    """All of the page, or (``only_live``) what may change while somebody looks at it."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in {name for name, _, _ in TABS} else "graph"
    wanted = request.GET.get("step", "")
    row = inspector.choose(about.rows, wanted or None)
    address = Address(about.url(), tab, request.GET.get("attempt", ""), wanted)
    context: dict[str, Json] = {
        "about": about,
        "run": about.run,
        "address": address,
        "tab": tab,
        "tabs": [(name, title, key, address.of_tab(name)) for name, title, key in TABS],
        "attempts": [(one, address.of_attempt(one.attempt)) for one in about.attempts],
        "wanted": wanted,
        "row": row,
        "selected": row.place if row is not None else "",
        "because": header.because(about),
        "acts": header.acts(about, row),
        "times": header.times(about),
        "marks": marks(about.rows, about.nodes, about.now),
    }
    if row is not None:
        context |= _inspected(about, row)
    panes = _LIVE_PANES if only_live else _PANES
    return context | (panes[tab](request, about, context) if tab in panes else {})


def _inspected(about: Subject, row: Row) -> dict[str, Json]:
    may_view = about.may_view_payload
    found = inspector.inspect(about.run, about.attempt, row, about.rows, may_view=may_view)
    answer = answering.form_of(about, row) if about.may_answer(row) else None
    return {"inspector": found, "answer": answer}


# --- what the tabs show ------------------------------------------------------------------------


def _graph(request: HttpRequest, about: Subject, context: dict[str, Json]) -> dict[str, Json]:
    link = context["address"].of_step
    graph = render_graph(
        about.nodes,
        context["marks"],
        link=link,
        selected=context["selected"],
        label=f"Graph of {about.run.workflow_id}",
    )
    return {"graph": graph} | _timeline(request, about, context)


def _timeline(request: HttpRequest, about: Subject, context: dict[str, Json]) -> dict[str, Json]:
    every = request.GET.get("rows") == "all"
    return {"timeline": timeline(about.rows, about.now, attempt=about.attempt, every_row=every)}


def _steps(request: HttpRequest, about: Subject, context: dict[str, Json]) -> dict[str, Json]:
    link = context["address"].of_step
    tree = render_tree(about.nodes, context["marks"], link=link, selected=context["selected"])
    return {"tree": tree}


def _events(request: HttpRequest, about: Subject, context: dict[str, Json]) -> dict[str, Json]:
    return {"log": log_of(request, about), "log_groups": list(log.GROUPS)}


def log_of(request: HttpRequest, about: Subject) -> log.Log:
    """The part of the log that a request asks for."""
    may_view = about.may_view_payload
    show, text = request.GET.get("show", ""), request.GET.get("path", "").strip()
    start, before = (whole(request.GET.get(name, "")) for name in ("start", "before"))
    if show or text or before is not None:
        return log.latest(about.run, show=show, text=text, before=before, with_payloads=may_view)
    if start is None:
        return log.tail(about.run, with_payloads=may_view)
    return log.window(about.run, start, with_payloads=may_view)


def _json(request: HttpRequest, about: Subject, context: dict[str, Json]) -> dict[str, Json]:
    return {"record": payload("record", "Run", record_of(about), may_view=True)}


def record_of(about: Subject) -> Json:
    """The run as the API has it; what its code no longer defines is read from its rows alone."""
    run, workflow = about.run, about.workflow
    if workflow is None:
        root = root_of(about.rows)
        return {"runId": run.run_id, "workflowName": run.workflow_id, "status": run.status} | (
            {"startedAt": root.started_at} if root is not None else {}
        )
    record = operations.get_workflow_run_by_id(workflow, run.run_id)
    return record if about.may_view_payload else without_payloads(record)


_PANES = {
    "graph": _graph,
    "timeline": _timeline,
    "steps": _steps,
    "events": _events,
    "json": _json,
}
_LIVE_PANES = {"graph": _timeline, "timeline": _timeline}
