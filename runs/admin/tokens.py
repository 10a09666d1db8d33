"""Tokens and restrictions: who may call the API, and for which resources."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from runs.access import create_token, revoke_token
from runs.models import ApiToken, ResourceRestriction


class NewTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a token is made of; its text is made up when it is saved."""

    days = forms.IntegerField(
        label="Valid for days",
        initial=90,
        min_value=1,
        max_value=36_500,
        required=False,
        help_text="Empty: for ever",
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "resource_ids")

    def save(self, commit: bool = True) -> ApiToken:
        """Make the token; its text is on ``text`` and nowhere else."""
        days = self.cleaned_data["days"]
        token, self.text = create_token(
            self.cleaned_data["user"],
            name=self.cleaned_data["name"],
            expires_in=None if days is None else timedelta(days=days),
            resource_ids=self.cleaned_data["resource_ids"],
        )
        return token

    def save_m2m(self) -> None:
        """There is nothing of the kind."""


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens are made and revoked, never changed; the text is shown once, after it was made."""

    list_display = ("hint", "user", "name", "created_at", "expires_at", "used_at", "revoked_at")
    list_filter = ("revoked_at",)
    list_select_related = ("user",)
    search_fields = ("hint__startswith", "name", "user__username")
    readonly_fields = ("hint", "created_at", "used_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        return NewTokenForm if obj is None else super().get_form(request, obj, change, **options)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        new = ("user", "name", "days", "resource_ids")
        return new if obj is None else ("user", "name", "resource_ids", *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """It was stored by the form; what is left is to say its text, this once."""
        text = format_html("The token is <code>{}</code>. It is not shown again.", form.text)
        messages.warning(request, text)

    @admin.action(description="Revoke selected tokens", permissions=["delete"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        for token in tokens:
            revoke_token(token)
            self.log_change(request, token, "Revoked.")
        messages.success(request, f"{len(tokens)} tokens may not be used any more.")


@admin.register(ResourceRestriction)
class ResourceRestrictionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "resource_ids")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    autocomplete_fields = ("user",)
