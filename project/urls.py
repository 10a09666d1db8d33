"""Where things are."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from runs.api.health import health as health_report
from runs.ui.health import health as health_page


def health(request: HttpRequest) -> HttpResponseBase:
    """A page for people, who ask for HTML; the report for load balancers and programs."""
    kind = request.get_preferred_type(["application/json", "text/html"])
    return health_page(request) if kind == "text/html" else health_report(request)


class Icon(RedirectView):
    """What browsers ask for on pages that name no icon: those of the admin and of the API."""

    def get_redirect_url(self, *_: object, **__: object) -> str:
        return static("runs/favicon.svg")


urlpatterns = [
    path("favicon.ico", Icon.as_view()),
    path("health/", health, name="health"),
    path("", include("runs.ui.urls")),
    path("api/", include("runs.api.urls")),
    path("admin/", admin.site.urls),
]

handler403 = "runs.ui.pages.forbidden"
handler404 = "runs.ui.pages.not_found"
