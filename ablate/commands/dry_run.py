"""What `ablate run --dry-run` prints: the cohorts that the run would train, and how long they would take."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from ablate.execution.options import Options
from ablate.execution.planning import Planning
from ablate.search.batches import Outlook, outlook
from ablate.study.study import Study


def dry_run(study: Study, options: Options, timed: bool, as_json: bool) -> str:
    """The text or the JSON; `timed`: with seconds, by training a few steps of each cohort."""
    if timed and options.backend != "local":
        raise UsageError("--estimate times steps on this machine, not on a Ray cluster; leave one of the two out")
    with outlook(study, options) as ahead:
        seconds = _seconds(ahead.planning) if timed and ahead.planning else None
        return _as_json(study, ahead, seconds) if as_json else _as_text(study, options.folder, ahead, seconds)


def _seconds(planning: Planning) -> list[float]:
    from ablate.execution.estimate import estimates

    prepared = planning.prepared
    timed = estimates(prepared.plans, prepared.device, planning.trainer.threads)
    return [estimate.seconds for estimate in timed]


def _total(ahead: Outlook, seconds: list[float]) -> float:
    """Of all cohorts, shared out to the workers."""
    assert ahead.planning is not None
    return max(sum(seconds) / ahead.planning.trainer.workers, *seconds)


def _with_later_looks(ahead: Outlook, seconds: list[float]) -> list[float] | None:
    """The same with the seeds that later looks may add, which take as long as those of their arm and dataset now.

    None where nothing of such an arm and dataset is timed, for all that this look asks for is there.
    """
    assert ahead.planning is not None
    assert ahead.looks is not None
    now = Counter((run.dataset, run.arm) for run in ahead.missing)
    if ahead.looks.later.keys() - now.keys():
        return None
    added = {cell: ahead.looks.later.get(cell, 0) / count for cell, count in now.items()}
    plans = ahead.planning.prepared.plans
    return [
        own * (1 + sum(added[run.dataset, run.arm] for run in plan.runs) / len(plan.runs))
        for own, plan in zip(seconds, plans, strict=True)
    ]


def _as_json(study: Study, ahead: Outlook, seconds: list[float] | None) -> str:
    plans = ahead.planning.prepared.plans if ahead.planning else []
    cohorts: list[dict[str, Any]] = [{"name": plan.name, "runs": [run.run_id for run in plan.runs]} for plan in plans]
    about = {"study": study.name, "runs": study.size, "missing": len(ahead.missing), "cohorts": cohorts}
    if ahead.looks:
        about |= {"looks": ahead.looks.words, "least_runs": ahead.looks.least, "most_runs": ahead.looks.most}
    if seconds:
        for cohort, own in zip(cohorts, seconds, strict=True):
            cohort["seconds"] = round(own, 1)
        about["seconds"] = round(_total(ahead, seconds), 1)
        if ahead.looks and (most := _with_later_looks(ahead, seconds)):
            about["most_seconds"] = round(_total(ahead, most), 1)
    return json.dumps(about, indent=2)


def _as_text(study: Study, folder: Path, ahead: Outlook, seconds: list[float] | None) -> str:
    from ablate.results.numbers import duration

    plans = ahead.planning.prepared.plans if ahead.planning else []
    later = f"; {ahead.later} more are drawn when these have ended" if ahead.later else ""
    runs, looks = study.size, ahead.looks
    if looks:
        runs = looks.least
        later = f"; {looks.words}; at least {looks.least} runs in all, at most {looks.most}"
    lines = [
        f"{study.name}: {runs} runs, {len(ahead.missing)} of them missing in {folder}, in {len(plans)} cohorts{later}"
    ]
    for place, plan in enumerate(plans):
        steps = plan.runs[0].config.total_generator_steps
        time = f", about {duration(seconds[place])}" if seconds else ""
        lines.append(f"  {len(plan.runs):4d} runs of {steps} generator steps{time}: {plan.name}")
    if seconds:
        total = duration(_total(ahead, seconds))
        if looks:
            most = _with_later_looks(ahead, seconds)
            total += " for this look" + (f", and at most {duration(_total(ahead, most))}" if most else "")
        lines.append(f"  about {total} in all, if nothing else computes on this machine")
    if ahead.unused_rows:
        lines.append(f"  {len(ahead.unused_rows)} rows there are of other settings or seeds, and are not used")
    return "\n".join(lines)
