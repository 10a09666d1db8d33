"""Whether a step that failed is tried again, and when.

A decision is a value: whoever drives the run acts on it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

#: The jitter of a step with a backoff that says nothing about it.
JITTER = 0.1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``retries`` further tries, ``delay`` seconds apart, each wait ``backoff`` times the last.

    Each wait is lengthened by a random share of itself, at most ``jitter``, so that many failures
    of the same moment do not all return at once.
    """

    retries: int = 0
    delay: float = 0.0
    backoff: float = 1.0
    jitter: float = 0.0

    def delay_after(self, tries: int) -> float | None:
        """Seconds to wait after ``tries`` failed tries, or None to give up."""
        if tries > self.retries:
            return None
        delay = self.delay * self.backoff ** (tries - 1)
        # Jitter is not part of any outcome: a journal records the time that was chosen.
        return delay * (1 + random.uniform(0, self.jitter))


def policy_for(
    *,
    step_retries: int | None,
    step_delay: float | None,
    backoff: float,
    attempts: int,
    delay: float,
    resumed: bool,
    jitter: float | None = None,
) -> RetryPolicy:
    """The policy of one step: its own retries, else the workflow's.

    On resume a workflow's retry configuration counts as no retries (Mastra does the same), a
    step's own ``retries`` stay.
    """
    retries = step_retries if step_retries is not None else (0 if resumed else attempts)
    if jitter is None:
        jitter = JITTER if backoff > 1 else 0.0
    return RetryPolicy(retries, delay if step_delay is None else step_delay, backoff, jitter)
