"""The app: at start it imports the `workflows` module of every installed app."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class RunsConfig(AppConfig):
    name = "runs"
    verbose_name = "Runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registers itself; a check that nobody imports would never run.
        from runs import checks  # noqa: F401

        autodiscover_modules("workflows")
        self._keep_tally()
        self._add_duties()

    def _keep_tally(self) -> None:
        from runs.store import tally_tables

        post_migrate.connect(
            tally_tables.install_after_migrate, sender=self, dispatch_uid="runs.tally"
        )

    def _add_duties(self) -> None:
        """Tell workers what they do besides driving runs: they know none of the layers above."""
        from runs.operations.firing import Scheduler
        from runs.operations.pruning import Housekeeper
        from runs.webhooks import Courier
        from runs.worker import duties

        duties.add(Scheduler)
        duties.add(Housekeeper)
        duties.add(Courier)
