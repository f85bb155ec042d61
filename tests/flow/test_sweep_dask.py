"""Sweeps on a real Dask scheduler with two worker processes on the loopback interface."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flow.sweep.request import Request, make_request
from flow.sweep.run import run_sweep
from flow.sweep.space import read_space
from flow.sweep.table import csv_text, rows_of
from gen.catalog import find

pytest.importorskip("distributed", reason="the extra cluster is not installed")

WORDS = ("exponent_bits=1:4", "fraction_bits=1:16")


@dataclass
class Cluster:
    address: str
    scheduler: subprocess.Popen[bytes]
    caches: list[Path]
    workers: list[subprocess.Popen[bytes]]

    def measured(self) -> list[int]:
        """How many points each worker has measured: each has a cache of its own."""
        return [len(list(cache.glob("sweeps/[0-9a-f]*"))) for cache in self.caches]


def dask(module: str, *arguments: str, log: Path, **surroundings: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", "--no-dashboard", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | surroundings)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    log, contact = tmp_path / "scheduler.log", tmp_path / "scheduler.json"
    processes = [dask("dask_scheduler", "--port", "0", "--scheduler-file", str(contact), log=log)]
    caches = [tmp_path / f"worker_{index}" for index in range(2)]
    try:
        for cache in caches:
            options = ("--scheduler-file", str(contact), "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
            place = ("--local-directory", f"{cache}_space")
            wait_for(contact)
            started = dask("dask_worker", *options, *place, log=Path(f"{cache}.log"), BITLINE_CACHE=str(cache))
            processes.append(started)
        yield Cluster(address_once_ready(contact), processes[0], caches, processes[1:])
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for(contact: Path) -> None:
    deadline = time.monotonic() + 30
    while not contact.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def address_once_ready(contact: Path) -> str:
    from distributed import Client

    with Client(scheduler_file=str(contact), set_as_default=False, timeout=30) as client:
        client.wait_for_workers(2, timeout=30)
        return client.scheduler.address


def request() -> Request:
    design = find("float_add")
    return make_request(design, read_space(design, WORDS), ("error",), library="freepdk45")


def ignore(_: str) -> None:
    pass


def test_a_cluster_gives_what_one_machine_gives(cluster: Cluster, tmp_path: Path) -> None:
    far = run_sweep(request(), tmp_path / "far", scheduler=cluster.address, say=ignore, step=ignore)
    assert all(cluster.measured())  # both workers took part
    assert sum(cluster.measured()) == len(far.done) == 3 * 16
    assert not (tmp_path / "cache" / "sweeps").exists()  # and nobody else
    near = run_sweep(request(), tmp_path / "near", workers=2, say=ignore, step=ignore)
    assert csv_text(far, rows_of(far)) == csv_text(near, rows_of(near))
    again = run_sweep(request(), tmp_path / "far", scheduler=cluster.address, say=ignore, step=ignore)
    assert again.records == far.records
    assert sum(cluster.measured()) == len(far.done)


def test_a_worker_that_dies_costs_nothing_but_time(cluster: Cluster, tmp_path: Path) -> None:
    steps: list[str] = []

    def kill_one_worker(step: str) -> None:
        steps.append(step)
        if len(steps) == 16 + 8:  # refused points come first
            cluster.workers[0].kill()

    result = run_sweep(request(), tmp_path / "sweep", scheduler=cluster.address, say=ignore, step=kill_one_worker)
    assert cluster.workers[0].wait(10) != 0
    assert (len(result.done), len(result.records), result.failed) == (3 * 16, 4 * 16, 0)
    assert [record.point for record in result.records] == list(range(1, 4 * 16 + 1))


@pytest.mark.parametrize(
    ("address", "kind", "message"),
    [
        ("somewhere", ValueError, "scheduler must be HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT, not 'somewhere'"),
        ("inproc://here", ValueError, "scheduler must be HOST:PORT"),
        ("tcp://127.0.0.1:1", RuntimeError, "no Dask scheduler answers at 'tcp://127.0.0.1:1': "),
    ],
)
def test_a_bad_address_is_refused_in_seconds_and_nothing_is_written(
    tmp_path: Path, address: str, kind: type[Exception], message: str
) -> None:
    start = time.monotonic()
    with pytest.raises(kind) as refusal:
        run_sweep(request(), tmp_path / "sweep", scheduler=address, say=ignore, step=ignore)
    assert time.monotonic() - start < 15
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "sweep").exists()


def test_a_scheduler_without_workers_is_refused(tmp_path: Path) -> None:
    contact = tmp_path / "scheduler.json"
    scheduler = dask("dask_scheduler", "--port", "0", "--scheduler-file", str(contact), log=tmp_path / "log")
    try:
        wait_for(contact)
        from distributed import Client

        with Client(scheduler_file=str(contact), set_as_default=False, timeout=30) as client:
            address = client.scheduler.address
        with pytest.raises(RuntimeError, match=r"^the Dask scheduler at '.*' has no workers$"):
            run_sweep(request(), tmp_path / "sweep", scheduler=address, say=ignore, step=ignore)
    finally:
        scheduler.kill()
        scheduler.wait()


def test_a_scheduler_that_dies_is_said_and_the_sweep_goes_on_elsewhere(cluster: Cluster, tmp_path: Path) -> None:
    steps: list[str] = []

    def kill_the_scheduler(step: str) -> None:
        steps.append(step)
        if len(steps) == 16 + 8:
            cluster.scheduler.kill()

    with pytest.raises(RuntimeError, match=r"run the same command again to go on$"):
        run_sweep(request(), tmp_path / "sweep", scheduler=cluster.address, say=ignore, step=kill_the_scheduler)
    result = run_sweep(request(), tmp_path / "sweep", workers=2, say=ignore, step=ignore)
    assert len(result.done) == 3 * 16
