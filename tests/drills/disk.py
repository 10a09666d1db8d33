"""The disk is full for a while: nothing is acknowledged that was not stored, then all goes on."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.drills.load import through
from tests.drills.site import Site, site
from tests.drills.verdict import Verdict

DISK_BYTES = 64 * 1024 * 1024


def drill(*, database: str, runs: int, seconds: float) -> Verdict:
    """Fill the small disk that SQLite's files are on. Mounting one needs root."""
    if database != "sqlite":
        return Verdict({"not held": "PostgreSQL stops by itself when its disk is full"})
    if os.geteuid() != 0:
        return Verdict({"not held": "mounting a small disk needs root"})
    with site(database) as place, _small_disk(place.folder / "data"):
        return through(place, lambda _: _fill(place, seconds), runs=runs, seconds=2 * seconds)


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    size = f"size={DISK_BYTES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(place: Site, seconds: float) -> None:
    ballast = place.folder / "data" / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)) == 65536:
                pass
            file.write(bytes(1))
        except OSError:
            time.sleep(seconds)
    ballast.unlink()
