"""The project's settings with the drills' own app: for the served processes and the drill alike."""

from __future__ import annotations

import os

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS
from tests.drills import shifted

INSTALLED_APPS = [*INSTALLED_APPS, "tests.drills.app"]

if os.environ.get(shifted.VARIABLE):
    shifted.install()
