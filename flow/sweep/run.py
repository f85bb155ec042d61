"""Run a sweep: what journal and cache hold is taken from there, the rest measured side by side."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flow.sweep import evaluate
from flow.sweep.dispatch import dispatch
from flow.sweep.evaluate import Outcome, Task
from flow.sweep.executors import dask_workers, local_processes
from flow.sweep.folder import open_folder
from flow.sweep.journal import DONE, REFUSED, Journal, Record
from flow.sweep.request import OPTUNA, Request
from flow.sweep.search import Point, Search, Values, search_of

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """The finished points in the order of the search, and how many failed."""

    request: Request
    records: tuple[Record, ...]
    failed: int

    @property
    def done(self) -> list[Record]:
        """The points that have values."""
        return [record for record in self.records if record.state == DONE]


def run_sweep(
    request: Request, folder: Path, *, workers: int = 1, scheduler: str | None = None, say: Say, step: Say
) -> SweepResult:
    """Finish the sweep in ``folder``, on ``workers`` processes or on the Dask cluster of ``scheduler``.

    ``say`` is told of damage that was found and of points that fail, ``step`` of each finished point. A failed point is
    not finished: the next run tries it again, and a search that learns from values goes no further than its batch.

    :raises ValueError: the folder cannot be used, or every point is refused.
    :raises RuntimeError: a tool is missing, or the workers are lost; what was finished is kept.
    """
    search = search_of(request)
    first = next(search)
    if request.search != OPTUNA:
        _refuse_hopeless(_refusal(request, point) for point in first)
    with ExitStack() as stack:
        # A scheduler is asked before anything is written; processes are started when there is work for them.
        cluster = stack.enter_context(dask_workers(scheduler)) if scheduler else None
        journal = Journal(stack.enter_context(open_folder(folder, request.describe())))
        processes = local_processes(workers)
        sweep = _Sweep(request, journal, lambda: cluster or stack.enter_context(processes), say, step)
        sweep.follow(search, first)
    if not sweep.failed:
        _refuse_hopeless(record.message for record in sweep.records)
    return SweepResult(request=request, records=tuple(sweep.records), failed=sweep.failed)


class _Sweep:
    """What is finished, and the way to finish more. ``open_pool`` is called once, when a point must be measured."""

    def __init__(
        self, request: Request, journal: Journal, open_pool: Callable[[], Executor], say: Say, step: Say
    ) -> None:
        self._request, self._journal, self._open_pool, self._say, self._step = request, journal, open_pool, say, step
        self.records: list[Record] = []
        self.failed = 0
        for notice in journal.notices:
            say(notice)

    @cached_property
    def _pool(self) -> Executor:
        return self._open_pool()

    def follow(self, search: Search, batch: list[Point]) -> None:
        """Finish every batch of ``search``, of which ``batch`` is the first."""
        while True:
            values = self._finish(batch)
            if self.failed and self._request.search == OPTUNA:
                return
            try:
                batch = search.send(values)
            except StopIteration:
                return

    def _finish(self, batch: Sequence[Point]) -> list[Values]:
        tasks = {point.number: _task(self._request, point) for point in batch}
        points = {tasks[point.number].key: point for point in batch}
        finished = self._journal.records
        missing = {key: point for key, point in points.items() if key not in finished}
        for key in points.keys() - missing.keys():
            self._step(f"point {points[key].number}")
        reasons = {key: _refusal(self._request, point) for key, point in missing.items()}
        self._keep([_refused(key, points[key], reason) for key, reason in reasons.items() if reason])
        accepted = [tasks[missing[key].number] for key, reason in reasons.items() if not reason]
        for outcomes in dispatch(lambda: self._pool, accepted):
            self._settle(points, outcomes)
        self.records += [finished[key] for key in points if key in finished]
        return [self._values(finished.get(key)) for key in points]

    def _settle(self, points: dict[str, Point], outcomes: list[tuple[Task, Outcome]]) -> None:
        records = []
        for task, outcome in outcomes:
            point = points[task.key]
            for name in outcome.damaged:
                self._say(f"point {point.number}: the cached {name} was damaged and was measured again")
            if outcome.state == evaluate.FAILED:
                self.failed += 1
                self._say(f"point {point.number} failed: {outcome.message}")
            elif outcome.state == evaluate.REFUSED:
                records.append(_refused(task.key, point, outcome.message))
            elif outcome.state == evaluate.MEASURED:
                records.append(_done(task.key, point, outcome))
        self._keep(records)
        for _, outcome in outcomes:
            if outcome.state == evaluate.MISSING:
                raise RuntimeError(outcome.message)

    def _keep(self, records: list[Record]) -> None:
        self._journal.append(records)
        for record in records:
            self._step(f"point {record.point}")

    def _values(self, record: Record | None) -> Values:
        if record is None or record.state != DONE:
            return None
        return [record.values[it.name] for it in self._request.metrics]


def _task(request: Request, point: Point) -> Task:
    return Task(
        design=request.design.name,
        parameters=point.parameters,
        library=request.library.name,
        liberty=request.liberty,
        versions=request.versions,
    )


def _refusal(request: Request, point: Point) -> str:
    """Why the parameter class refuses a point; empty when it does not."""
    try:
        request.design.configuration()(**point.parameters)
    except ValueError as error:
        return " ".join(str(error).split())
    return ""


def _refuse_hopeless(reasons: Iterable[str]) -> None:
    """Raise ValueError where each point has a reason to be refused."""
    first = ""
    for reason in reasons:
        if not reason:
            return
        first = first or reason
    raise ValueError(f"every point is refused; the first: {first}")


def _refused(key: str, point: Point, reason: str) -> Record:
    return Record(point=point.number, key=key, state=REFUSED, parameters=point.parameters, values={}, message=reason)


def _done(key: str, point: Point, outcome: Outcome) -> Record:
    return Record(
        point=point.number, key=key, state=DONE, parameters=point.parameters, values=outcome.values, message=""
    )
