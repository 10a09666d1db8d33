"""Bearer tokens, and the users that are kept to some resources."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


def check_resource_ids(value: object) -> None:
    """Refuse what is not a list of texts."""
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValidationError("Resource ids are a list of texts, none of them empty.")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, moment: datetime) -> ApiTokenQuerySet:
        """Tokens that are neither revoked nor expired, of users that are active."""
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=moment)
        return self.filter(unexpired, revoked_at__isnull=True, user__is_active=True)


class ApiToken(models.Model):
    """Lets a program act as its user. The token itself is shown once and not stored.

    ``resource_ids`` keeps it to runs of these resources; null leaves that to its user.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=200, blank=True, default="")
    #: SHA-256 of the token. A token is random enough that its hash needs no salt.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    #: Its beginning, by which people tell tokens apart.
    hint = models.CharField(max_length=20, editable=False)
    resource_ids = models.JSONField(null=True, blank=True, validators=[check_resource_ids])
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    #: When it was used last, to ten minutes.
    used_at = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.hint}... ({self.name or 'unnamed'})"


class ResourceRestriction(models.Model):
    """A user that has one sees and makes only runs of these resources; an empty list is none."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="resource_restriction"
    )
    resource_ids = models.JSONField(default=list, blank=True, validators=[check_resource_ids])

    class Meta:
        ordering = ("user",)

    def __str__(self) -> str:
        return f"{self.user}: {', '.join(self.resource_ids) or 'nothing'}"
