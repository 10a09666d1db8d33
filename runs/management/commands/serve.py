"""``manage.py serve``: everything on one machine, in one terminal."""

from __future__ import annotations

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from runs.conf import conf
from runs.management.foreground import ForegroundCommand
from runs.management.preparation import close_connections, create_first_admin, migrate
from runs.operations import sync_declared_schedules
from runs.worker.lifeline import Lifeline
from runs.worker.orphans import free_orphans
from runs.worker.valkey import EmbeddedValkey, embedded_url


class Command(ForegroundCommand):
    help = "Run web server, workers and, where REDIS_URL is not set, an embedded Valkey."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--host", help="where to listen; default: HOST, or 127.0.0.1")
        parser.add_argument("--port", type=int, help="default: PORT, or 8000; 0 takes a free one")

    def supervise(self, options: dict[str, Any]) -> None:
        from runs.worker.supervisor import listen, sole_user

        host = options["host"] or os.environ.get("HOST") or "127.0.0.1"
        port = port_from(options["port"])
        with sole_user(settings.RUNS_DATA), listen(host, port) as listener:
            valkey = self._embedded_valkey()
            try:
                if valkey is not None:
                    valkey.start()
                self._prepare()
                self._run(listener, options["workers"], valkey)
            finally:
                if valkey is not None:
                    valkey.stop()

    def _run(self, listener: socket.socket, workers: int, valkey: EmbeddedValkey | None) -> None:
        from runs.worker.supervisor import Supervisor, web_program, workers_program

        self.say("serve", f"Django Runs is at {url_of(listener)} (stop it with Ctrl-C)")
        lifeline = Lifeline()
        programs = [
            workers_program(workers, lifeline),
            web_program(settings.ASGI_APPLICATION, listener, lifeline),
        ]
        Supervisor(programs, valkey=valkey, say=self.say).run()

    def _embedded_valkey(self) -> EmbeddedValkey | None:
        if embedded_url(settings.RUNS_DATA) == settings.REDIS_URL:
            return EmbeddedValkey(settings.RUNS_DATA)
        if not settings.REDIS_URL:
            self.say("serve", "no embedded Valkey for this platform: the database is the queue")
        return None

    def _prepare(self) -> None:
        if applied := migrate():
            self.say("serve", f"applied {applied} migrations; data is in {settings.RUNS_DATA}")
        if freed := free_orphans():
            then = "go on" if conf.RECOVERY else "wait for a restart (RUNS_RECOVERY is off)"
            self.say("serve", f"{freed} runs lost their worker; they {then}")
        if password := create_first_admin():
            self.say("serve", f"created the account admin with the password {password}")
            self.say("serve", "for the API: manage.py create_token admin, or RUNS_API_PUBLIC=1")
        if conf.API_PUBLIC:
            self.say("serve", "WARNING: RUNS_API_PUBLIC is on. Whoever reaches this server may")
            self.say("serve", "WARNING: start, read and delete all runs, without a token.")
        sync_declared_schedules()
        close_connections()


def port_from(option: int | None) -> int:
    text = os.environ.get("PORT") or "8000" if option is None else str(option)
    if not text.isdecimal() or int(text) > 65535:
        raise CommandError(f"PORT must be a number up to 65535, not {text!r}.")
    return int(text)


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    anywhere = {"0.0.0.0": "localhost", "::": "localhost"}
    shown = anywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"
