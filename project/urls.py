"""Where things are."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from runs.api.health import health

urlpatterns = [
    path("", include("runs.ui.urls")),
    path("api/", include("runs.api.urls")),
    path("admin/", admin.site.urls),
    path("health/", health, name="health"),
]

handler403 = "runs.ui.pages.forbidden"
handler404 = "runs.ui.pages.not_found"
