from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "runs.demo"
    label = "runs_demo"
    verbose_name = "Demo workflows"
