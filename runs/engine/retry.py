"""Whether a step that failed is tried again, and when.

A decision is a value: whoever drives the run acts on it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

#: A backoff delay is varied by at most this share, so that many failures do not return at once.
JITTER = 0.1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``retries`` further tries, ``delay`` seconds apart, each wait ``backoff`` times the last."""

    retries: int = 0
    delay: float = 0.0
    backoff: float = 1.0

    def delay_after(self, tries: int) -> float | None:
        """Seconds to wait after ``tries`` failed tries, or None to give up."""
        if tries > self.retries:
            return None
        delay = self.delay * self.backoff ** (tries - 1)
        # Jitter is not part of any outcome: a journal records the time that was chosen.
        return delay * (1 + random.uniform(0, JITTER)) if self.backoff > 1 else delay


def policy_for(
    *,
    step_retries: int | None,
    step_delay: float | None,
    backoff: float,
    attempts: int,
    delay: float,
    resumed: bool,
) -> RetryPolicy:
    """The policy of one step: its own retries, else the workflow's.

    On resume a workflow's retry configuration counts as no retries (Mastra does the same), a
    step's own ``retries`` stay.
    """
    retries = step_retries if step_retries is not None else (0 if resumed else attempts)
    return RetryPolicy(retries, delay if step_delay is None else step_delay, backoff)
