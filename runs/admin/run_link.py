"""The run behind a row of yours, in your own ``ModelAdmin``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import shown
from runs.admin.reading import caller_of
from runs.admin.run_parts import SCRIPTS, because_html, followed, status_html
from runs.admin.steering import page_of
from runs.models import Run
from runs.operations.because import because_of


class RunLink(admin.ModelAdmin):  # type: ignore[type-arg]
    """A column and a panel that show the run behind each row, live.

    ::

        @admin.register(Order)
        class OrderAdmin(RunLink):
            list_display = ("number", "run_status")
            run_field = "run"                    # a foreign key to Run; or:

            def run_resource_id(self, order):    # what its runs are about
                return f"order-{order.pk}"

    With ``run_resource_id`` the newest run of that resource is shown. A page of the list costs four
    short queries more, however long it is. Runs that a user may not see are not shown.
    """

    #: Name of a foreign key to Run on the model; empty to go by ``run_resource_id``.
    run_field: str = ""
    #: Only runs of this workflow; empty for all.
    run_workflow: str = ""
    run_panel_title: ClassVar[str] = "Run"

    class Media:
        css = {"all": ("runs/admin.css",)}
        js = SCRIPTS

    def run_resource_id(self, row: Any) -> str:
        """What the runs of a row are about; to be overridden where there is no foreign key."""
        raise NotImplementedError(f"{type(self).__name__} needs run_field or run_resource_id")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        model_admin = self

        class WithRuns(super().get_changelist(request, **kwargs)):  # type: ignore[misc]
            def get_results(self, request: HttpRequest) -> None:
                super().get_results(request)
                model_admin._find_runs(request, self.result_list)

        return WithRuns

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        row = super().get_object(request, *args, **kwargs)
        if row is not None:
            self._find_runs(request, [row])
        return row

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("run_panel", *super().get_readonly_fields(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The panel comes first, and is there only where there is a row."""
        parts = super().get_fieldsets(request, obj)
        if obj is None or any("run_panel" in part["fields"] for _, part in parts):
            return parts
        return [(self.run_panel_title, {"fields": ("run_panel",)}), *parts]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in super().get_fields(request, obj) if name != "run_panel"]

    # --- finding ------------------------------------------------------------------------------

    def _find_runs(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        """Hang its run, and why that is where it is, on each row."""
        listed = list(rows)
        visible = followed(caller_of(request).visible(Run.objects.all()))
        if not caller_of(request).may("view_run"):
            visible = visible.none()
        found = self._by_field(listed, visible) if self.run_field else self._newest(listed, visible)
        lines = because_of(found.values())
        for row in listed:
            row.its_run = found.get(row.pk)
            row.its_run_because = lines[row.its_run.pk].text if row.its_run else ""

    def _by_field(self, rows: list[Any], visible: Any) -> dict[Any, Run]:
        name = f"{self.run_field}_id"
        runs = visible.in_bulk([pk for row in rows if (pk := getattr(row, name))])
        pairs = ((row.pk, runs.get(getattr(row, name))) for row in rows)
        return {pk: run for pk, run in pairs if run is not None}

    def _newest(self, rows: list[Any], visible: Any) -> dict[Any, Run]:
        resources = {row.pk: self.run_resource_id(row) for row in rows}
        runs = visible.filter(resource_id__in=set(resources.values()))
        if self.run_workflow:
            runs = runs.filter(workflow_id=self.run_workflow)
        last = runs.order_by().values("resource_id").annotate(last=Max("pk")).values("last")
        newest = {run.resource_id: run for run in visible.filter(pk__in=last)}
        pairs = ((pk, newest.get(resource)) for pk, resource in resources.items())
        return {pk: run for pk, run in pairs if run is not None}

    # --- showing ------------------------------------------------------------------------------

    @admin.display(description="run")
    def run_status(self, row: Any) -> SafeString | str:
        """For ``list_display``."""
        run = getattr(row, "its_run", None)
        if run is None:
            return shown.NOTHING
        url = reverse("admin:runs_run_change", args=[run.pk])
        return format_html('<a href="{}">{}</a>', url, status_html(run))

    @admin.display(description="")
    def run_panel(self, row: Any) -> SafeString | str:
        """For the page of one row."""
        run = getattr(row, "its_run", None)
        if run is None:
            return "There is no run."
        page = page_of(run) or reverse("admin:runs_run_change", args=[run.pk])
        return format_html(
            '<p class="runs-panel">{} <a href="{}">{}</a> {}</p>',
            status_html(run),
            page,
            run,
            because_html(run, row.its_run_because),
        )
