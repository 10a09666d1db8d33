"""The ASGI application: one entry point for HTTP and websockets."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
# A web process serves every request from its own connection; it shares them from a pool.
os.environ.setdefault("DATABASE_POOL", "1")

import django
from channels.routing import ProtocolTypeRouter

django.setup(set_prefix=False)

from runs.api.asgi import Continued  # noqa: E402 - Django is set up now
from runs.api.one_thread import OneThread  # noqa: E402
from runs.streams.garbage import keep_collections_short  # noqa: E402
from runs.streams.routing import websockets  # noqa: E402

application = ProtocolTypeRouter({"http": Continued(OneThread()), "websocket": websockets})
keep_collections_short()
