"""How long the machines of this folder are tried.

``quick`` is what ``make test`` runs: the same examples each time, so that a change and not luck
makes it fail. ``HYPOTHESIS_PROFILE=nightly python -m pytest tests/machine`` looks for new ones, for
about an hour; what it finds stays in ``.hypothesis`` and is tried first from then on.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
_QUICK = settings(deadline=None, derandomize=True, suppress_health_check=_SLOW)
_NIGHTLY = settings(_QUICK, derandomize=False, print_blob=True)

is_nightly = os.environ.get("HYPOTHESIS_PROFILE", "quick") != "quick"


def tried(quick: int, nightly: int, **options: int) -> settings:
    """The settings of one test that is tried on so many examples."""
    if is_nightly:
        return settings(_NIGHTLY, max_examples=nightly, **options)
    return settings(_QUICK, max_examples=quick, **options)
