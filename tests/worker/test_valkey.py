from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from runs.worker.valkey import EmbeddedValkey, ValkeyDidNotStart, embedded_url, socket_path


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[[], EmbeddedValkey]]:
    """Hands out handles on the server of one data folder, and ends it afterwards."""
    made: list[EmbeddedValkey] = []

    def handle() -> EmbeddedValkey:
        made.append(EmbeddedValkey(tmp_path))
        return made[-1]

    yield handle
    for server in made:
        server.stop()


def test_the_socket_lies_in_the_data_folder() -> None:
    assert embedded_url(Path("/srv/runs")) == "unix:///srv/runs/valkey.sock"


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_one_of_its_own() -> None:
    deep = [Path("/srv") / ("x" * 120) / name for name in ("one", "two")]

    paths = [socket_path(folder) for folder in deep]

    assert paths[0] != paths[1]
    assert all(len(os.fsencode(path)) <= 100 for path in paths)


def test_the_url_survives_characters_that_mean_something_in_urls(tmp_path: Path) -> None:
    folder = tmp_path / "50% of #1?"

    client = redis.Redis.from_url(embedded_url(folder))

    assert client.get_connection_kwargs()["path"] == str(socket_path(folder))


def test_settings_can_name_the_url_without_loading_django() -> None:
    code = "import sys, runs.worker.valkey; print('django' in sys.modules)"

    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert outcome.stdout == "False\n"


def test_it_keeps_what_it_was_told_over_a_restart(
    servers: Callable[[], EmbeddedValkey],
) -> None:
    first = servers()
    first.start()
    redis.Redis.from_url(first.url).rpush("tickets", "one", "two")
    first.stop()

    second = servers()
    second.start()

    assert redis.Redis.from_url(second.url).lrange("tickets", 0, -1) == [b"one", b"two"]


def test_nobody_but_its_owner_may_connect(servers: Callable[[], EmbeddedValkey]) -> None:
    server = servers()

    server.start()

    path = redis.Redis.from_url(server.url).get_connection_kwargs()["path"]
    assert os.stat(path).st_mode & 0o777 == 0o700


def test_a_live_server_is_adopted_and_then_ended_like_an_own_one(
    servers: Callable[[], EmbeddedValkey],
) -> None:
    first, second = servers(), servers()
    first.start()

    second.start()
    second.stop()

    until(lambda: not first.is_alive())
    assert (second.is_alive(), second.adopt()) == (False, False)


def test_a_killed_server_is_started_again(servers: Callable[[], EmbeddedValkey]) -> None:
    server = servers()
    server.start()
    client = redis.Redis.from_url(server.url)
    before = client.info("server")["process_id"]
    os.kill(before, signal.SIGKILL)
    until(lambda: not server.is_alive())

    server.start()

    assert server.is_alive()
    assert client.info("server")["process_id"] != before


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from runs.worker.valkey import EmbeddedValkey;"
        "EmbeddedValkey(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )

    outcome = subprocess.run([sys.executable, "-c", code, str(tmp_path)])

    assert outcome.returncode == -signal.SIGKILL
    assert (tmp_path / "valkey" / "appendonlydir").is_dir()
    until(lambda: not EmbeddedValkey(tmp_path).adopt())


def test_damaged_files_are_put_aside_because_they_held_hints_only(
    servers: Callable[[], EmbeddedValkey], tmp_path: Path
) -> None:
    first = servers()
    first.start()
    redis.Redis.from_url(first.url).rpush("tickets", "one")
    first.stop()
    damaged = next((tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof"))
    damaged.write_text("this is not a log of commands\r\n" * 9)

    second = servers()
    second.start()

    assert redis.Redis.from_url(second.url).exists("tickets") == 0
    assert len(list((tmp_path / "valkey").glob("appendonlydir.damaged-*"))) == 1


def test_a_socket_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 120)
    folder = socket_path(data).parent
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(ValkeyDidNotStart, match="others may write to it"):
        EmbeddedValkey(data).start()

    folder.rmdir()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
