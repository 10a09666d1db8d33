"""The project's settings with the workflows of the workloads."""

from __future__ import annotations

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "runs.demo"] + ["benchmarks.work"]
