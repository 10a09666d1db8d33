"""The command line of the drills. Each prints what it counted and exits with 1 if that is wrong."""

from __future__ import annotations

import argparse
import logging
import sys

from tests.drills import broker, clock, database, disk, kills, storm


def main() -> int:
    options = vars(_parser().parse_args())
    # Errors of the outage itself are what a drill is about; it counts those that matter.
    logging.getLogger("runs").setLevel(logging.CRITICAL)
    name, drill = options.pop("drill"), options.pop("held_by")
    print(name, *(f"{key}={value}" for key, value in options.items()), flush=True)
    verdict = drill(**options)
    print(verdict, flush=True)
    return 0 if verdict.passed else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    drills = parser.add_subparsers(dest="drill", required=True)
    for module, runs, seconds in (
        (kills, 1000, None),
        (broker, 300, 30.0),
        (database, 300, 20.0),
        (disk, 300, 10.0),
        (clock, 300, 10.0),
        (storm, 500, None),
    ):
        name = module.__name__.rpartition(".")[2]
        one = drills.add_parser(name, help=module.__doc__, description=module.__doc__)
        one.add_argument("--runs", type=int, default=runs, help="how many runs are started")
        if seconds is not None:
            one.add_argument("--seconds", type=float, default=seconds, help="of the outage")
        one.set_defaults(held_by=module.drill)
    drills.choices["kills"].add_argument("--kills", type=int, default=100)
    drills.choices["kills"].add_argument("--seed", type=int, default=1)
    drills.choices["broker"].add_argument("--hangs", action="store_true", help="frozen, not gone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
