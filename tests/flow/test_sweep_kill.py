"""Sweeps killed at random moments: nothing is lost, doubled, measured again or left running."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")

# The real command, with a metric that writes down what it measures; workers import this file too.
DRIVER = """
import os
from dataclasses import replace

from flow import metrics

real_error = metrics.METRICS["error"]


def counted_error(design):
    known = real_error(design)

    def measure(subject):
        value = known.measure(subject)
        with open(os.environ["SWEEP_TEST_LOG"], "ab", buffering=0) as log:
            log.write(f"{subject.parameters}\\n".encode())
        return value

    return replace(known, measure=measure)


metrics.METRICS["error"] = counted_error

if __name__ == "__main__":
    from flow.cli import VERBS, main

    VERBS.setdefault("sweep", "")
    main()
"""
SETTINGS = ("exponent_bits=2:8", "fraction_bits=1:23", "flush_to_zero=false,true")
REPORT = ("results.csv", "pareto.svg", "pareto.png", "table.html")


class Sweeps:
    """Runs of one sweep in one folder, cut short or not."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.output, self.log, self.temporary = folder / "sweep", folder / "measured.log", folder / "tmp"
        self.temporary.mkdir(parents=True)
        driver = folder / "driver.py"
        driver.write_text(DRIVER)
        self.command = [sys.executable, str(driver), "sweep", *arguments, "-o", str(self.output), "--workers", "2"]
        self.surroundings = os.environ | {
            "SWEEP_TEST_LOG": str(self.log),
            "BITLINE_CACHE": str(folder / "cache"),
            "TMPDIR": str(self.temporary),
        }

    def start(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command,
            stdout=pipe,
            stderr=pipe,
            text=True,
            env=self.surroundings,
            start_new_session=True,
            # A shell starts what runs in its background deaf to interrupts, and so these tests, if they run there.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def finish(self) -> str:
        """A run that is not disturbed; returns what it says on standard error."""
        run = self.start()
        _, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors
        return errors

    def journal(self) -> list[dict]:
        """The whole lines of the journal."""
        path = self.output / "results.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def measured(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def processes(self) -> list[int]:
        """Every process of these runs, known by its environment."""
        mark = f"SWEEP_TEST_LOG={self.log}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def wait_until_quiet(self) -> None:
        deadline = time.monotonic() + 10
        while self.processes():
            assert time.monotonic() < deadline, "processes of a killed sweep are still running"
            time.sleep(0.02)


def kill_at_random(sweeps: Sweeps, draw: random.Random) -> None:
    """Kill a run as it starts, or after it has added points, with its process group or alone."""
    before = len(sweeps.journal())
    run = sweeps.start()
    if draw.random() < 0.75:
        deadline = time.monotonic() + 30
        while len(sweeps.journal()) == before and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(draw.uniform(0, 0.15))
    else:
        time.sleep(draw.uniform(0, 1.2))
    if draw.random() < 0.5:
        run.kill()
    else:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    sweeps.wait_until_quiet()


def parameters_text(record: dict) -> str:
    return f"FloatParameters({', '.join(f'{key}={value}' for key, value in record['parameters'].items())})"


@pytest.mark.parametrize(
    ("kills", "arguments"),
    [
        (3, ("--search", "random", "--points", "60", "--seed", "5")),
        pytest.param(24, (), marks=pytest.mark.slow),
        pytest.param(6, ("--search", "optuna", "--points", "60", "--seed", "5"), marks=pytest.mark.slow),
    ],
)
def test_a_killed_sweep_loses_doubles_and_repeats_nothing(
    tmp_path: Path, kills: int, arguments: tuple[str, ...]
) -> None:
    if "optuna" in arguments:
        pytest.importorskip("optuna", reason="the extra optimize is not installed")
    draw = random.Random(kills)
    sweeps, undisturbed = (
        Sweeps(tmp_path / name, "float_add", *SETTINGS, *arguments, "--metric", "error") for name in ("killed", "whole")
    )
    finished = []  # what the journal held at each kill, and how much had been measured by then
    for _ in range(kills):
        kill_at_random(sweeps, draw)
        finished.append(({parameters_text(record) for record in sweeps.journal()}, len(sweeps.measured())))
    sweeps.finish()
    undisturbed.finish()

    whole = undisturbed.journal()
    assert sorted(map(str, sweeps.journal())) == sorted(map(str, whole))
    assert len({record["key"] for record in whole}) == len(whole) == len({record["point"] for record in whole})
    for name in REPORT:
        assert (sweeps.output / name).read_bytes() == (undisturbed.output / name).read_bytes(), name

    measured = sweeps.measured()
    for points, count in finished:
        assert not points & set(measured[count:])
    assert 0 < len(finished[-1][0]) < len(whole)  # every kill hit a sweep that had more to do
    assert set(measured) == set(undisturbed.measured()) == {parameters_text(record) for record in whole}
    assert set(Counter(undisturbed.measured()).values()) == {1}
    assert len(measured) <= len(whole) + 2 * kills  # each worker had one point in hand
    assert {path.name for path in sweeps.output.iterdir()} == {path.name for path in undisturbed.output.iterdir()}
    assert list(sweeps.temporary.iterdir()) == []


def test_no_synthesis_outlives_a_killed_sweep(tmp_path: Path) -> None:
    sweeps = Sweeps(tmp_path, "float_multiply", "fraction_bits=20:23", "--metric", "area")
    run = sweeps.start()
    deadline = time.monotonic() + 60
    while not any(b"yosys_job" in command_line(process) for process in sweeps.processes()):
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)  # synthesis runs in sessions of its own, which this does not reach
    run.communicate()
    sweeps.wait_until_quiet()
    assert list(sweeps.temporary.iterdir()) == []


def test_an_interrupt_ends_the_sweep_in_one_line(tmp_path: Path) -> None:
    sweeps = Sweeps(tmp_path, "float_add", *SETTINGS, "--metric", "error")
    run = sweeps.start()
    while not sweeps.journal():
        assert run.poll() is None
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=20)
    assert (run.returncode, errors.strip()) == (2, "bitline: interrupted")
    sweeps.wait_until_quiet()


def command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
