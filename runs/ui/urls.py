"""The URLs of the pages: ``path("", include("runs.ui.urls"))``, or below any prefix."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from runs.ui import bulk, health, inbox, pages, runs_list, schedules, workflow, workflows
from runs.ui.run import urls as run_urls

app_name = "runs"

urlpatterns = [
    path("", workflows.workflows, name="workflows"),
    path("w/<str:workflow_id>/", workflow.workflow, name="workflow"),
    path("runs/", runs_list.runs, name="runs"),
    path("runs/cancel/", bulk.cancel_runs, name="cancel-runs"),
    *run_urls.urlpatterns,
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/count/", inbox.count, name="inbox-count"),
    path("schedules/", schedules.schedules, name="schedules"),
    path("schedules/<str:schedule_id>/", schedules.schedule, name="schedule"),
    path("health/", health.health, name="health"),
    path("theme/", pages.switch_theme, name="theme"),
    path(
        "login/",
        auth.LoginView.as_view(
            template_name="runs/ui/login.html", redirect_authenticated_user=True
        ),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(next_page="runs:login"), name="logout"),
]
