"""Wall time of a job, undisturbed as far as repeating it can tell."""

import time
from collections.abc import Callable


def fastest(job: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)
