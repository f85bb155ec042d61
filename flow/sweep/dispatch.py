"""Hand points to an executor and take them back as they are finished."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait

from flow.sweep.evaluate import Outcome, Task, measure

# Points handed over ahead of their turn: enough to keep an executor busy, few enough to take back.
_AHEAD = 256


def dispatch(pool: Callable[[], Executor], tasks: Iterable[Task]) -> Iterator[list[tuple[Task, Outcome]]]:
    """The tasks with their outcomes, those that are finished at the same time together; ``pool`` is opened when needed.

    :raises RuntimeError: the workers are lost.
    """
    pending = iter(tasks)
    running: dict[Future[Outcome], Task] = {}
    while True:
        for task in pending:
            running[pool().submit(measure, task)] = task
            if len(running) >= _AHEAD:
                break
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        yield [(running.pop(future), _outcome(future)) for future in done]


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except (BrokenExecutor, CancelledError):
        raise RuntimeError("the workers were lost; run the same command again to go on") from None
    except Exception as error:
        # Dask has several errors of its own for a worker or a connection that is gone.
        if not type(error).__module__.startswith("distributed"):
            raise
        raise RuntimeError(
            f"the Dask cluster lost the work ({type(error).__name__}); run the same command again"
        ) from None
