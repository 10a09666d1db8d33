"""The inbox: what waits for me, with the answer beside the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from runs.access import Caller
from runs.definition import registry
from runs.definition.schema import Schema
from runs.engine import path as paths
from runs.engine.resumes import resume_schema_at
from runs.exceptions import RequestError
from runs.forms import SchemaForm
from runs.models import Run
from runs.models.fields import to_ms
from runs.operations import resume_async
from runs.operations.calls import bound
from runs.operations.inbox import Question, last_answer, questions_for
from runs.shown import ago
from runs.ui.live_list import LiveList, live_list
from runs.ui.pages import caller_of, page, render, waiting_for, whole

Json = Any
#: Forms on one page.
SHOWN = 20


@dataclass(frozen=True)
class Card:
    """A question with its form. ``form`` is None where the code no longer has the workflow."""

    question: Question
    form: SchemaForm | None
    error: str = ""

    @property
    def key(self) -> str:
        return key_of(self.question)

    @property
    def place(self) -> str:
        """The step as people call it, with the number of the item it is about."""
        return paths.dotted(self.question.path) + "".join(
            f", item {index + 1}" for index in _indexes(self.question.path)
        )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def inbox(request: HttpRequest) -> HttpResponseBase:
    caller = caller_of(request)
    if request.method == "POST":
        caller.require("resume_run")
        return _answer(request, caller)
    live = live_list(statuses=["suspended"])
    questions = _questions(caller)
    return _show(request, questions, live=live, gone=_gone(request, caller, questions))


@require_GET
@page
def count(request: HttpRequest) -> HttpResponseBase:
    """The number beside the inbox, for pages that are live."""
    return HttpResponse(waiting_for(caller_of(request)), content_type="text/plain")


def _questions(caller: Caller) -> list[Question]:
    if not caller.may("resume_run"):
        return []
    return questions_for(caller.user, caller.visible(Run.objects.all()))


def _gone(
    request: HttpRequest, caller: Caller, questions: Sequence[Question]
) -> list[tuple[str, str]]:
    """Of the cards that a page shows (``shown``) those that wait no more, with what to say."""
    waiting = {key_of(one) for one in questions}
    shown = request.GET.getlist("shown")[:SHOWN]
    return [(key, _who_was_first(caller, key)) for key in shown if key not in waiting]


def _show(
    request: HttpRequest,
    questions: Sequence[Question],
    tried: Card | None = None,
    live: LiveList | None = None,
    gone: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    cards = [
        tried if tried is not None and key_of(one) == tried.key else Card(one, _form(one))
        for one in questions[:SHOWN]
    ]
    context = {"cards": cards, "more": len(questions) - len(cards), "live": live, "gone": gone}
    return render(request, "runs/ui/inbox.html", context, status=200 if tried is None else 422)


def _answer(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    questions = _questions(caller)
    key = request.POST.get("question", "")
    question = next((one for one in questions if key_of(one) == key), None)
    if question is None:
        messages.warning(request, _who_was_first(caller, key))
        return redirect("runs:inbox")
    form = _posted(question, request)
    if not form.is_valid:
        return _show(request, questions, Card(question, form))
    try:
        with caller.acting(request.POST.get("reason", "").strip()[:500]):
            _resume(question, form.json_value)
    except RequestError as error:
        return _show(request, questions, Card(question, form, error.message))
    messages.success(request, f"{question.step_id} of {question.run.workflow_id} was answered.")
    return redirect("runs:inbox")


def _resume(question: Question, data: Json) -> None:
    workflow = registry.get_workflow(question.run.workflow_id)
    run = bound(question.run, workflow, None)
    index = next(iter(_indexes(question.path)), None)
    resume_async(run, data, step=list(paths.step_ids(question.path)), for_each_index=index)


def _who_was_first(caller: Caller, key: str) -> str:
    """What to tell somebody whose question was answered meanwhile."""
    pk = whole(key.partition("-")[0])
    run = None if pk is None else caller.visible(Run.objects.all()).filter(pk=pk).first()
    answer = None if run is None else last_answer(run)
    if answer is None or not answer.actor_name:
        return "This does not wait for an answer any more."
    return f"{answer.actor_name} answered this first, {ago(answer.at)}."


# --- forms -------------------------------------------------------------------------------------


def key_of(question: Question) -> str:
    """Names one asking of one step: a later one of the same step is another."""
    since = to_ms(question.since) if isinstance(question.since, datetime) else 0
    return f"{question.run.pk}-{since}-{question.path}"


def _prefix(question: Question) -> str:
    return f"q{question.run.pk}-{question.path}"


def _form(question: Question) -> SchemaForm | None:
    workflow = registry.all_workflows().get(question.run.workflow_id)
    if workflow is None:
        return None
    schema = resume_schema_at(workflow, question.path)
    return SchemaForm(_shape(schema), prefix=_prefix(question), title="Answer")


def _posted(question: Question, request: HttpRequest) -> SchemaForm:
    workflow = registry.get_workflow(question.run.workflow_id)
    schema = resume_schema_at(workflow, question.path)
    form = SchemaForm.posted(_shape(schema), request.POST, prefix=_prefix(question), title="Answer")
    form.check(schema)
    return form


def _shape(schema: Schema | None) -> Json:
    return None if schema is None else schema.json_schema


def _indexes(path: str) -> list[int]:
    """The numbers of the items that a path goes through, outermost first."""
    return [
        int(segment[segment.rindex("[") + 1 : -1])
        for segment in path.split("/")
        if segment.endswith("]")
    ]
