"""Schedules: made, changed, paused and fired through the front door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from runs import operations, shown
from runs.access import Caller
from runs.admin.reading import ReadOnly, caller_of
from runs.exceptions import RunsError
from runs.models import Schedule, ScheduleTrigger

#: Fields of the form, and what the front door calls them.
_MEMBERS = {
    "cron": "cron",
    "timezone": "timezone",
    "missed": "missed",
    "resource_id": "resource_id",
    "input": "input_data",
    "context": "request_context",
}


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]
    """The members of a schedule; what is wrong with them the front door says."""

    #: Who fills it in.
    caller: ClassVar[Caller]

    input = forms.JSONField(required=False, help_text="JSON that its runs start with")
    context = forms.JSONField(required=False, label="Request context")

    class Meta:
        model = Schedule
        fields = ("workflow", "cron", "timezone", "missed", "resource_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.saved: Schedule | None = None
        if not self.instance.pk:
            return
        if "workflow" in self.fields:  # it is not for who may only look
            self.fields["workflow"].disabled = True
        if self.caller.may("view_payload"):
            self.fields["input"].initial = self.instance.input_data
            self.fields["context"].initial = self.instance.request_context
        else:
            del self.fields["input"], self.fields["context"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors:
            try:
                self.saved = self._save(found)
            except RunsError as error:
                raise forms.ValidationError(error.message) from error
        return found

    def _save(self, found: dict[str, Any]) -> Schedule:
        if self.instance.pk:
            asked = {_MEMBERS[name]: found[name] for name in self.changed_data}
            if "resource_id" in asked:
                asked["resource_id"] = self.caller.resource_for(asked["resource_id"])
            return operations.update_schedule(self.instance.pk, **asked)
        asked = {member: found[name] for name, member in _MEMBERS.items()}
        asked["resource_id"] = self.caller.resource_for(asked["resource_id"])
        return operations.create_schedule(found["workflow"].pk, **asked)

    def save(self, commit: bool = True) -> Schedule:
        assert self.saved is not None
        return self.saved

    def save_m2m(self) -> None:
        """There is nothing of the kind."""


class TriggerPart(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = ScheduleTrigger
    extra = 0
    verbose_name_plural = "when it fired (the last 50)"
    fields = ("scheduled", "fired", "kind", "outcome", "run_id", "error")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        key = match.kwargs.get("object_id") if match is not None else None
        newest = rows.filter(schedule=key).order_by("-fired_at").values_list("pk", flat=True)[:50]
        return rows.filter(pk__in=list(newest))

    @admin.display(description="was to fire")
    def scheduled(self, trigger: ScheduleTrigger) -> SafeString:
        return shown.moment_html(trigger.scheduled_at)

    @admin.display(description="fired")
    def fired(self, trigger: ScheduleTrigger) -> SafeString:
        return shown.moment_html(trigger.fired_at)


@admin.register(Schedule)
class ScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ScheduleForm
    list_display = ("id", "workflow", "cron", "timezone", "status", "next_fire", "last_fire")
    list_filter = ("status", "workflow")
    search_fields = ("id", "workflow__id")
    actions = ("pause", "resume", "run_now")
    inlines = (TriggerPart,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return caller_of(request).visible(super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What its runs start with is for who makes it, or sees and changes it."""
        fields = ("workflow", ("cron", "timezone", "missed"), "resource_id")
        caller = caller_of(request)
        may_see = obj is None or caller.may("view_payload")
        with_input = may_see and caller.may("manage_schedule")
        return (*fields, "input", "context") if with_input else fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **options)
        return type(form.__name__, (form,), {"caller": caller_of(request)})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).may("manage_schedule")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return caller_of(request).may("manage_schedule")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return caller_of(request).may("manage_schedule")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return caller_of(request).may("view_run")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with caller_of(request).acting():
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The front door has stored it."""

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        self._each(request, [obj], operations.delete_schedule)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        self._each(request, queryset, operations.delete_schedule)

    @admin.action(description="Pause selected schedules", permissions=["change"])
    def pause(self, request: HttpRequest, schedules: QuerySet[Schedule]) -> None:
        self._each(request, schedules, operations.pause_schedule)

    @admin.action(description="Resume selected schedules", permissions=["change"])
    def resume(self, request: HttpRequest, schedules: QuerySet[Schedule]) -> None:
        self._each(request, schedules, operations.resume_schedule)

    @admin.action(description="Run selected schedules now", permissions=["change"])
    def run_now(self, request: HttpRequest, schedules: QuerySet[Schedule]) -> None:
        self._each(request, schedules, operations.run_schedule_now)

    def _each(self, request: HttpRequest, schedules: Any, act: Callable[[str], Any]) -> None:
        with caller_of(request).acting():
            for schedule in schedules:
                try:
                    act(schedule.pk)
                except RunsError as error:
                    messages.error(request, f"{schedule.pk}: {error.message}")

    @admin.display(description="next fire", ordering="next_fire_at")
    def next_fire(self, schedule: Schedule) -> SafeString:
        return shown.moment_html(schedule.next_fire_at if schedule.status == "active" else None)

    @admin.display(description="last fire", ordering="last_fire_at")
    def last_fire(self, schedule: Schedule) -> SafeString:
        return shown.moment_html(schedule.last_fire_at)
