"""``python -m tests.conformance CASES_DIR``: play cases and say which ones differ."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.test.utils import setup_databases, teardown_databases

from .compare import PROFILES

if TYPE_CHECKING:
    from .runner import Outcome


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if every case passed, 1 if one failed; argparse exits with 2 for a bad call."""
    parser = _parser()
    options = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    if not options.verbose:
        # Cases make bodies fail on purpose; the engine's reports of that are not about the case.
        logging.disable()
    # The runner imports models: it can be had only now.
    from .runner import read_cases, run_case

    if not options.cases_dir.is_dir():
        parser.error(f"{options.cases_dir} is not a folder")
    cases = list(
        read_cases(
            options.cases_dir,
            names=options.names,
            tags=options.tags,
            skip_tags=options.skip_tags,
        )
    )
    if not cases:
        parser.error("no such case")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with _own_database():
        for path, case in cases:
            outcome = run_case(case, options.profile)
            failed += not outcome.passed
            _tell(outcome, in_full=options.verbose)
            if options.out:
                _write(outcome, options.out / path.name)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("cases_dir", type=Path, metavar="CASES_DIR")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only cases so named, in part")
    parser.add_argument("--out", type=Path, metavar="RESULTS_DIR", help="write the records there")
    parser.add_argument("--profile", choices=PROFILES, default="core")
    parser.add_argument("--tags", type=_comma_separated, default=[], metavar="TAG,TAG")
    parser.add_argument("--skip-tags", type=_comma_separated, default=[], metavar="TAG,TAG")
    parser.add_argument("--verbose", action="store_true", help="show every difference in full")
    return parser


def _comma_separated(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _tell(outcome: Outcome, *, in_full: bool) -> None:
    if not outcome.passed:
        print(f"FAILED {outcome.name}")
        for line in outcome.lines(in_full=in_full):
            print(f"    {line}")
        sys.stdout.flush()


def _write(outcome: Outcome, path: Path) -> None:
    path.write_text(json.dumps(outcome.records, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _own_database() -> Iterator[None]:
    """Have the tables in a database made for this call, where the tests' settings put it."""
    configuration = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(configuration, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
