"""What all pages of the admin share that only show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import shown
from runs.access import Caller, caller_of_user
from runs.admin.hierarchy import FastChangeList
from runs.models.fields import MomentField, PayloadField

#: Lists count up to here; what is beyond is found by filters, not by leafing.
COUNT_LIMIT = 10_000

Shown = Callable[[Any], SafeString | str]


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than a limit, so a list of a million rows opens as a short one does."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNT_LIMIT].count())


def caller_of(request: HttpRequest) -> Caller:
    """Who looks, looked up once a request."""
    known: Caller | None = getattr(request, "_runs_caller", None)
    if known is None:
        known = caller_of_user(request.user, "admin")
        request._runs_caller = known  # type: ignore[attr-defined]
    return known


def json_html(value: Any) -> SafeString | str:
    if value is None:
        return shown.NOTHING
    return format_html('<pre class="runs-json">{}</pre>', shown.pretty(value))


def readable(field: Any) -> str | Shown:
    """How a field is shown: times relative to now, payloads as JSON, the rest as Django does."""
    if not isinstance(field, MomentField | PayloadField):
        return str(field.name)
    write = json_html if isinstance(field, PayloadField) else shown.moment_html
    return _column(field.name, str(field.verbose_name), f"{field.name}_shown", write)


def moment(name: str, title: str) -> Any:
    """A column of a time, relative to now. Django takes it for the name of a field, or beside."""
    return _column(name, title, title, shown.moment_html)


def _column(name: str, title: str, css_name: str, write: Callable[[Any], Any]) -> Shown:
    @admin.display(description=title, ordering=name)
    def show(row: Any) -> SafeString | str:
        return write(getattr(row, name))

    show.__name__ = css_name
    return show


class ReadOnly(admin.options.BaseModelAdmin):  # type: ignore[type-arg]
    """Shows rows to who may see runs; nobody adds, changes or deletes them here.

    ``of_run`` is the way from a row to its run, by which rows of other tenants are left out.
    """

    of_run: str | None = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return caller_of(request).may("view_run")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        allowed = caller_of(request).resource_ids
        if allowed is None or self.of_run is None:
            return rows
        return rows.filter(**{f"{self.of_run}resource_id__in": sorted(allowed)})


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """A table that may be long. Who lacks ``view_payload`` does not see its payloads."""

    change_list_template = "admin/runs/change_list.html"
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    #: Payloads that say nothing of what users put in or got out.
    open_payloads: Sequence[str] = ()

    class Media:
        css = {"all": ("runs/admin.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FastChangeList]:
        return FastChangeList

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [readable(field) for field in self._visible_fields(request)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def _visible_fields(self, request: HttpRequest) -> list[Any]:
        fields = [field for field in self.model._meta.concrete_fields if not field.primary_key]
        if caller_of(request).may("view_payload"):
            return fields
        return [
            field
            for field in fields
            if not isinstance(field, PayloadField) or field.name in self.open_payloads
        ]
