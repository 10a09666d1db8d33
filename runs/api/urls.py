"""The routes. Ids of runs may hold slashes: clients put them into paths as they are."""

from __future__ import annotations

from django.urls import path, re_path, register_converter
from drf_spectacular.views import SpectacularJSONAPIView

from runs.api import restart, resume, runs, schedules, start, studio, time_travel, workflows
from runs.api.document import DocumentView
from runs.api.errors import no_route


class RunIdConverter:
    """Any text, slashes and line breaks included."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RunIdConverter, "run")

W = "workflows/<str:workflow_id>"
S = "schedules/<str:schedule_id>"

urlpatterns = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("docs/", DocumentView.as_view(), name="api-docs"),
    path("workflows", workflows.WorkflowsView.as_view()),
    path("workflows/run-counts", workflows.RunCountsView.as_view()),
    path(W, workflows.WorkflowView.as_view()),
    path(f"{W}/create-run", runs.CreateRunView.as_view()),
    path(f"{W}/start", start.StartView.as_view()),
    path(f"{W}/start-async", start.StartAsyncView.as_view()),
    path(f"{W}/stream", start.StreamView.as_view()),
    path(f"{W}/observe", start.ObserveView.as_view()),
    path(f"{W}/resume", resume.ResumeView.as_view()),
    path(f"{W}/resume-async", resume.ResumeAsyncView.as_view()),
    path(f"{W}/resume-no-wait", resume.ResumeNoWaitView.as_view()),
    path(f"{W}/resume-stream", resume.ResumeStreamView.as_view()),
    path(f"{W}/restart", restart.RestartView.as_view()),
    path(f"{W}/restart-async", restart.RestartAsyncView.as_view()),
    path(f"{W}/restart-all-active-workflow-runs", restart.RestartAllView.as_view()),
    path(f"{W}/restart-all-active-workflow-runs-async", restart.RestartAllAsyncView.as_view()),
    path(f"{W}/time-travel", time_travel.TimeTravelView.as_view()),
    path(f"{W}/time-travel-async", time_travel.TimeTravelAsyncView.as_view()),
    path(f"{W}/time-travel-stream", time_travel.TimeTravelStreamView.as_view()),
    path(f"{W}/runs", runs.RunsListView.as_view()),
    path(f"{W}/runs/<run:run_id>/cancel", runs.CancelView.as_view()),
    path(f"{W}/runs/<run:run_id>", runs.RunView.as_view()),
    path("schedules", schedules.SchedulesView.as_view()),
    path(S, schedules.ScheduleView.as_view()),
    path(f"{S}/pause", schedules.PauseScheduleView.as_view()),
    path(f"{S}/resume", schedules.ResumeScheduleView.as_view()),
    path(f"{S}/run", schedules.RunScheduleView.as_view()),
    path(f"{S}/triggers", schedules.ScheduleTriggersView.as_view()),
    *studio.urlpatterns,
    re_path("", no_route),
]
