"""Measure workloads of this engine beside raw floors of its stores and, if installed, its rivals.

python -m benchmarks [W1 W2 ...] [--size small] [--rounds 3] [--peers runs,mastra] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.catalog import peers as all_peers
from benchmarks.peers.line import Peer
from benchmarks.postgres import server_in
from benchmarks.report import as_json, as_table
from benchmarks.rounds import measure
from benchmarks.workloads import SIZES, cases_at


def main(arguments: list[str]) -> int:
    given = _parsed(arguments)
    cases = cases_at(given.size, given.cases)
    if not cases:
        print(f"There is no case {', '.join(given.cases)}", file=sys.stderr)
        return 2
    with TemporaryDirectory(prefix="runs-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        server = None if given.no_postgres else stack.enter_context(server_in(folder))
        peers = [peer for peer in all_peers(folder, server) if _wanted(peer, given.peers)]
        present = [peer for peer in peers if peer.absent is None]
        absent = [peer for peer in peers if peer.absent is not None]
        results = []
        for of_case in measure(cases, present, given.size, given.rounds, folder, _say):
            print(as_table(of_case), flush=True)
            results += of_case
    for peer in absent:
        print(f"absent: {peer.name}: {peer.absent}")
    if given.json:
        text = json.dumps(as_json(results, absent, given.size, given.rounds), indent=1)
        Path(given.json).write_text(text + "\n")
    return 1 if any(_failed(result.missing) for result in results) else 0


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", help="W1 to W7; all of them by default")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="", help="beginnings of names, with commas between")
    parser.add_argument("--no-postgres", action="store_true", help="SQLite only")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    return parser.parse_args(arguments)


def _wanted(peer: Peer, names: str) -> bool:
    return not names or any(peer.name.startswith(name) for name in names.split(","))


def _failed(missing: str | None) -> bool:
    return missing is not None and missing != "has nothing like it"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
