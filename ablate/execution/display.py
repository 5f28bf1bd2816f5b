"""Shows a study's training: a live display in a terminal, plain lines elsewhere, nothing for `--json`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from ablate.execution.planner import CohortPlan
from ablate.results.numbers import duration
from ablate.training.outcome import Progress

LINE_SECONDS = 15.0
"""How often a plain line tells how far the study is."""


class Display(Protocol):
    """What shows the progress of a study."""

    def part(self, words: str) -> None: ...
    def start(self, plans: Sequence[CohortPlan], workers: int, device: str) -> None: ...
    def progress(self, cohort: str, progress: Progress) -> None: ...
    def finished(self, plan: CohortPlan, ended: Counter[str]) -> None: ...
    def stop(self) -> None: ...


def display(quiet: bool) -> Display:
    """What suits standard error: live for a terminal, plain lines for a file or a pipe, or quiet."""
    if quiet:
        return Quiet()
    return Live() if sys.stderr.isatty() else Plain()


class Quiet:
    """Nothing."""

    words = ""

    def part(self, words: str) -> None:
        """What is trained next is this part of the study: a look."""
        self.words = words

    def start(self, plans: Sequence[CohortPlan], workers: int, device: str) -> None:
        pass

    def progress(self, cohort: str, progress: Progress) -> None:
        pass

    def finished(self, plan: CohortPlan, ended: Counter[str]) -> None:
        pass

    def stop(self) -> None:
        pass


class Plain(Quiet):
    """A line for each cohort that ends, and now and then one with the time left."""

    def start(self, plans: Sequence[CohortPlan], workers: int, device: str) -> None:
        self.work = {plan.checkpoint_name: plan.work for plan in plans}
        self.whole_work = sum(self.work.values())
        self.share: dict[str, float] = {}
        self.reached = self.brought = 0.0
        """work that is done, and the part of it that checkpoints brought along: kept up, for there may be many cohorts"""
        self.began = self.last = time.monotonic()
        runs = sum(len(plan.runs) for plan in plans)
        part = f"{self.words}: " if self.words else ""
        self.say(f"{part}training {runs} runs in {len(plans)} cohorts with {workers} worker(s) on {device}")

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def progress(self, cohort: str, progress: Progress) -> None:
        if progress.note:
            self.say(progress.note)
        self._note(cohort, progress.step / progress.total)
        if time.monotonic() - self.last >= LINE_SECONDS:
            self.last = time.monotonic()
            self.say(f"{100 * self.done:3.0f} % done, about {self.time_left} left")

    def _note(self, cohort: str, share: float, brought: float | None = None) -> None:
        """Take in how far a cohort is; what it has at its first sign was brought, where that is not given."""
        if cohort not in self.share:
            self.brought += self.work[cohort] * (share if brought is None else brought)
        self.reached += self.work[cohort] * (share - self.share.get(cohort, 0.0))
        self.share[cohort] = share

    @property
    def done(self) -> float:
        """Share of the work that is done, by the planner's estimate."""
        return self.reached / self.whole_work

    @property
    def time_left(self) -> str:
        """By the speed so far; what checkpoints brought along does not count as speed."""
        passed = time.monotonic() - self.began
        gained = (self.reached - self.brought) / self.whole_work
        return duration(passed * (1 - self.done) / gained) if gained > 0 else "an unknown time"

    def finished(self, plan: CohortPlan, ended: Counter[str]) -> None:
        self._note(plan.checkpoint_name, 1.0, brought=0.0)
        self.say(f"{plan.name}: {_ends(ended)} ({100 * self.done:.0f} % of the {'look' if self.words else 'study'})")


def _ends(ended: Counter[str]) -> str:
    others = [f"{ended[status]} {status}" for status in ("diverged", "pruned", "failed") if ended[status]]
    return ", ".join([f"{ended['done']} runs done", *others])


class Live(Plain):
    """Bars: one for the study with the time left, one for each cohort at work."""

    def start(self, plans: Sequence[CohortPlan], workers: int, device: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as ProgressBars

        self.shown = ProgressBars(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[note]}"),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self.names = {plan.checkpoint_name: plan for plan in plans}
        self.rows: dict[str, Any] = {}
        super().start(plans, workers, device)
        self.shown.start()
        self.whole = self.shown.add_task(self.words.partition(",")[0] or "study", total=1.0, note="")

    def say(self, line: str) -> None:
        self.shown.console.print(line, highlight=False, markup=False)

    def progress(self, cohort: str, progress: Progress) -> None:
        if progress.note:
            self.say(progress.note)
        self._note(cohort, progress.step / progress.total)
        if cohort not in self.rows:
            self.rows[cohort] = self.shown.add_task(progress.cohort, total=progress.total, note="")
        diverged = f", {progress.diverged} diverged" if progress.diverged else ""
        note = f"step {progress.step}/{progress.total}, {progress.members} runs{diverged}"
        self.shown.update(self.rows[cohort], completed=progress.step, note=note)
        self.shown.update(self.whole, completed=self.done, note=f"{self.time_left} left")

    def finished(self, plan: CohortPlan, ended: Counter[str]) -> None:
        if plan.checkpoint_name in self.rows:
            self.shown.remove_task(self.rows.pop(plan.checkpoint_name))
        super().finished(plan, ended)

    def stop(self) -> None:
        self.shown.stop()
