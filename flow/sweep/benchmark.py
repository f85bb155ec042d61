"""How much faster a sweep is on several workers than on one: ``python -m flow.sweep.benchmark``."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flow.sweep.request import make_request
from flow.sweep.run import run_sweep
from flow.sweep.space import read_space
from gen.catalog import find

DESIGN = "signed_to_float"
WORDS = ("width=4:11", "exponent_bits=4,5", "fraction_bits=6")
METRICS = ("area", "delay", "error")


def scaling(workers: int = 2) -> float:
    """Run the sweep on one worker and on ``workers``, each with an empty cache, and print the ratio of their times.

    The processor time is printed too: where the machine has other work, it tells whether the sweep did more of its own.
    """
    one, many = cold_run(1), cold_run(workers)
    points, ratio = int(one["points"]), one["wall_s"] / many["wall_s"]
    print(f"sweep of {DESIGN} {' '.join(WORDS)} --metric {','.join(METRICS)}, {points} points, empty cache:")
    for count, run in ((1, one), (workers, many)):
        print(f"  --workers {count}: {run['wall_s']:.1f} s, {run['cpu_s']:.1f} s of processor time")
    print(f"  {ratio:.2f} times as fast on {workers} workers")
    return ratio


def cold_run(workers: int) -> dict[str, float]:
    """``points``, ``wall_s`` and ``cpu_s`` of the sweep in a new process with an empty cache."""
    with tempfile.TemporaryDirectory(prefix="bitline-") as folder:
        command = [sys.executable, "-P", "-m", "flow.sweep.benchmark", str(workers), folder]
        surroundings = os.environ | {"BITLINE_CACHE": str(Path(folder, "cache"))}
        done = subprocess.run(command, env=surroundings, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def timed_run(workers: int, folder: Path) -> dict[str, float]:
    """The sweep in this process, timed from its request to its last point."""
    start = time.perf_counter()
    design = find(DESIGN)
    request = make_request(design, read_space(design, WORDS), METRICS, library="freepdk45")
    result = run_sweep(request, folder / "sweep", workers=workers, say=_complain, step=lambda _: None)
    wall = time.perf_counter() - start
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "points": len(result.done),
        "wall_s": wall,
        "cpu_s": sum(usage.ru_utime + usage.ru_stime for usage in used),
    }


def _complain(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(timed_run(int(sys.argv[1]), Path(sys.argv[2]))))
    else:
        scaling()
