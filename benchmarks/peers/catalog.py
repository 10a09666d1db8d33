"""Which peers there are, and how each is started.

A rival that is not installed is listed with the reason, so that a table says who was absent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.peers.line import Peer
from benchmarks.postgres import Server

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
RIVALS = ROOT / "benchmarks" / ".rivals"
MASTRA = ROOT / "benchmarks" / "mastra"
NOT_INSTALLED = "not installed (make bench-rivals)"


def peers(folder: Path, server: Server | None) -> Iterator[Peer]:
    """All peers; their data goes into folders and databases of their own."""
    yield from _ourselves(folder, server)
    yield from _floors(folder, server)
    yield _mastra(folder)
    yield from _python_rivals(folder, server)


# --- ourselves -------------------------------------------------------------------------------


def _ourselves(folder: Path, server: Server | None) -> Iterator[Peer]:
    for way in ("inline", "workers"):
        for synchronous in ("NORMAL", "FULL"):
            store = f"sqlite {synchronous.lower()}"
            yield _ourself(folder, way, store, {"SQLITE_SYNCHRONOUS": synchronous})
        if server is not None:
            url = server.new_database(f"runs_{way}")
            yield _ourself(folder, way, "postgres", {"DATABASE_URL": url}, server.pid)


def _ourself(
    folder: Path,
    way: str,
    store: str,
    environment: dict[str, str],
    database_pid: int | None = None,
) -> Peer:
    name = f"runs {way} {store}"
    ours = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "RUNS_DATA": str(_made(folder / name.replace(" ", "-"))),
        "RUNS_EXECUTION": "inline" if way == "inline" else "background",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "benchmarks.peers.django_runs", way]
    whole = _clean_environment() | ours | environment
    return Peer(name, command, store, whole, ROOT, database_pid)


def _clean_environment() -> dict[str, str]:
    """What this process was told about databases is not what its peers are to use."""
    ours = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    return {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("RUNS_")}


# --- floors ----------------------------------------------------------------------------------


def _floors(folder: Path, server: Server | None) -> Iterator[Peer]:
    command = [sys.executable, "-m", "benchmarks.peers.floors"]
    for synchronous in ("NORMAL", "FULL"):
        store = f"sqlite {synchronous.lower()}"
        data = _made(folder / f"floor-{synchronous.lower()}")
        arguments = ["sqlite", str(data), synchronous]
        yield Peer(f"floor {store}", command + arguments, store, _clean_environment(), ROOT)
    if server is not None:
        arguments = ["postgres", server.new_database("floor")]
        yield Peer(
            "floor postgres",
            command + arguments,
            "postgres",
            _clean_environment(),
            ROOT,
            database_pid=server.pid,
        )


# --- rivals ----------------------------------------------------------------------------------


def _mastra(folder: Path) -> Peer:
    here = (MASTRA / "node_modules" / "@mastra" / "core").is_dir()
    node = node_program()
    absent = None if here and node else NOT_INSTALLED if node else "there is no node"
    command = [str(node), "peer.mjs", str(_made(folder / "mastra"))]
    return Peer("mastra", command, "sqlite normal", _clean_environment(), MASTRA, absent=absent)


def node_program() -> Path | None:
    """The node that `make bench-rivals` installed, else none: versions must not differ."""
    found = RIVALS / "bin" / "node"
    return found if found.exists() else None


def _python_rivals(folder: Path, server: Server | None) -> Iterator[Peer]:
    python = RIVALS / "bin" / "python"
    absent = None if python.exists() else NOT_INSTALLED

    def peer(name: str, module: str, arguments: list[str], store: str) -> Peer:
        return Peer(
            name,
            [str(python), str(HERE / f"{module}.py"), *arguments],
            store,
            _clean_environment(),
            HERE,
            database_pid=server.pid if server and store == "postgres" else None,
            absent=absent,
        )

    dbos = _made(folder / "dbos") / "dbos.sqlite"
    yield peer("dbos sqlite", "dbos_peer", [f"sqlite:///{dbos}"], "sqlite full")
    graphs = str(_made(folder / "langgraph"))
    yield peer("langgraph sqlite", "langgraph_peer", ["sqlite", graphs], "sqlite full")
    if server is not None:
        url = server.new_database("dbos")
        yield peer("dbos postgres", "dbos_peer", [url], "postgres")
        url = server.new_database("langgraph")
        yield peer("langgraph postgres", "langgraph_peer", ["postgres", url], "postgres")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
