"""The project's settings with the values of tests: isolated, quick, on files.

The database is a file, because threads and processes share it. `TEST_DATABASE=postgres` starts a
real PostgreSQL from a wheel, or joins the one that another test process has started.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# A test must not depend on what its caller has exported, nor touch the caller's data.
for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith("RUNS_")]:
    del os.environ[name]
_data = Path(tempfile.mkdtemp(prefix="runs-tests-"))
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["RUNS_DATA"] = str(_data)

from project.settings import *  # noqa: E402, F403
from project.settings import DATABASES, INSTALLED_APPS, RUNS_DATA  # noqa: E402

if os.environ.get("TEST_DATABASE") == "postgres":
    from tests.postgres import test_database

    DATABASES["default"] = test_database()
else:
    DATABASES["default"]["TEST"] = {"NAME": str(RUNS_DATA / "test.sqlite3")}

INSTALLED_APPS = [*INSTALLED_APPS, "tests.flushing"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
# pytest captures what is logged; a handler of our own would write to a stream that it has closed.
LOGGING = {"version": 1, "disable_existing_loggers": False}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Each new test client would look for all static files, which takes longer than most requests. The
# tests that ask for one use the project's value.
SERVESTATIC_USE_FINDERS = False
SERVESTATIC_USE_STATIC_ROOT = False

RUNS_EXECUTION = "inline"
# A process of tests that the machine lets wait for seconds must not lose its runs. Tests that wait
# for the end of a lease, or count on none, say how long it is.
RUNS_LEASE_SECONDS = 15.0
RUNS_HEARTBEAT_SECONDS = 0.2
RUNS_SWEEP_SECONDS = 0.05
RUNS_STREAM_POLL_SECONDS = 0.1
RUNS_STREAM_LINGER_SECONDS = 0.0
RUNS_WORKER_TIMEOUT_SECONDS = 10.0
