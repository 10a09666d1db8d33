"""The books of a drill: what the steps did, beside what the journal says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.drills.app.effects import Effect


@dataclass
class Verdict:
    """Figures to be printed, and what is wrong with them; nothing wrong is a drill passed."""

    figures: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, complaint: str) -> None:
        if not holds:
            self.wrong.append(complaint)

    @property
    def passed(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        lines = [f"  {name}: {value}" for name, value in self.figures.items()]
        lines += [f"  WRONG: {complaint}" for complaint in self.wrong[:20]]
        return "\n".join([*lines, "passed" if self.passed else f"FAILED ({len(self.wrong)})"])


def balance(verdict: Verdict, run_ids: Sequence[str], noted: Iterable[Effect]) -> None:
    """Compare journal, events and effects of the runs of ``ten-steps`` named."""
    from tests.drills.app.workflows import STEPS, TRANSACTIONAL

    effects: dict[tuple[str, str], list[Effect]] = defaultdict(list)
    for effect in noted:
        effects[effect.run_id, effect.step].append(effect)
    statuses: Counter[str] = Counter()
    recorded = 0
    for run_id in run_ids:
        status, steps = _record(run_id)
        statuses[status] += 1
        recorded += len(steps)
        for step in STEPS:
            _compare(verdict, run_id, step, steps.get(step), effects[run_id, step])
        _check_events(verdict, run_id)
    total = sum(len(several) for several in effects.values())
    verdict.figures |= {
        "runs by status": dict(statuses),
        "steps recorded": recorded,
        "bodies begun": total,
        "of these tried again, for none was recorded": total - recorded,
    }
    verdict.expect(
        statuses == {"success": len(run_ids)},
        f"not all succeeded: {dict(statuses)} {_errors(run_ids)}",
    )
    _count_rows(verdict, run_ids, TRANSACTIONAL)


def _errors(run_ids: Sequence[str]) -> list[str]:
    from runs.models import Run

    failed = Run.objects.filter(run_id__in=run_ids, status="failed")
    return sorted(set(failed.values_list("error_message", flat=True)))


def _count_rows(verdict: Verdict, run_ids: Sequence[str], steps: Sequence[str]) -> None:
    """Rows that transactional steps wrote are there exactly once: the ones that are recorded."""
    from tests.drills.app.models import Effect as Row

    rows = Counter(Row.objects.values_list("run_id", "step"))
    verdict.figures["rows of transactional steps"] = rows.total()
    once = Counter({(run_id, step): 1 for run_id in run_ids for step in steps})
    verdict.expect(rows == once, f"rows not there exactly once: {rows - once} {once - rows}")
    records = [_record(run_id)[1] for run_id in run_ids]
    marks = {record[step].output["mark"] for record in records for step in steps if step in record}
    verdict.expect(
        marks == set(Row.objects.values_list("mark", flat=True)),
        "a row was written by another try than the recorded one",
    )


def _record(run_id: str) -> tuple[str, dict[str, Any]]:
    """The run's status and its recorded steps; a path is in the journal once or not at all."""
    from runs.models import StepSnapshot
    from runs.operations import find_run
    from runs.store import journals

    run = find_run("ten-steps", run_id)
    done = StepSnapshot.objects.filter(run=run, status="success").exclude(path="")
    paths = set(done.values_list("path", flat=True))
    entries = journals.load_entries(run.pk, run.attempt, paths)
    return run.status, {path: entries[path] for path in paths}


def _compare(
    verdict: Verdict, run_id: str, step: str, entry: Any, effects: Sequence[Effect]
) -> None:
    where = f"{step} of {run_id}"
    if entry is None:
        verdict.wrong.append(f"{where} is not recorded")
        return
    marks = [effect.mark for effect in effects]
    verdict.expect(
        marks.count(entry.output["mark"]) == 1, f"{where}: what is recorded happened not once"
    )
    late = [effect for effect in effects if effect.at_ms > entry.ended_at]
    verdict.expect(not late, f"{where} began again after it was recorded")


def _check_events(verdict: Verdict, run_id: str) -> None:
    from runs.models import RunEvent

    events = RunEvent.objects.filter(run__run_id=run_id).order_by("seq")
    told = list(events.values_list("seq", "type"))
    verdict.expect(
        [seq for seq, _ in told] == list(range(len(told))), f"{run_id}: gaps in the event numbers"
    )
    types = Counter(type_ for _, type_ in told)
    verdict.expect(
        types["workflow-start"] == types["workflow-finish"] == 1,
        f"{run_id}: started or finished more than once: {dict(types)}",
    )
    verdict.expect(types["workflow-step-result"] == 10, f"{run_id}: results told: {dict(types)}")
