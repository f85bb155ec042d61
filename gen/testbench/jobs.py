"""Drive an accelerator: jobs in by streams, results out by another, counters beside them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import StreamMonitor, StreamSink, StreamSource, no_pauses, pulse_reset, start_and_reset

Job = dict[str, Any]
"""``config``, a payload; of each input stream and of ``result_out`` the payloads in order; all hexadecimal.

``counts``: what each counter shows after the job, ``cycle_count`` among them.
"""

PATIENCE = 40


def longest(jobs: Sequence[Job]) -> Job:
    """The job of the most cycles."""
    return max(jobs, key=lambda job: job["counts"]["cycle_count"])


class Jobs:
    """Offers jobs, checks every result in order, and counts the jobs that are done.

    ``inputs``: the input streams but ``config``. ``most``: a job in whose cycles, `PATIENCE` times, every job is
    done. ``refusal``: an output that is 0 whatever happens.
    """

    def __init__(
        self,
        dut: Any,
        inputs: Sequence[str],
        most: Job,
        pauses: Callable[[], Iterator[bool]] = no_pauses,
        refusal: str | None = None,
    ) -> None:
        self.dut, self.inputs = dut, inputs
        self.counters = tuple(most["counts"])
        self.patience = PATIENCE * most["counts"]["cycle_count"] + 100
        self.sources = {name: StreamSource(dut, name, pauses()) for name in ("config", *inputs)}
        self.sink = StreamSink(dut, "result_out", pauses())
        self.configs = StreamMonitor(dut, "config")
        self.results = StreamMonitor(dut, "result_out", lambda payload: self.scoreboard.check(payload))
        self.scoreboard = Scoreboard("results")
        self.done = 0
        cocotb.start_soon(self._watch(refusal))

    @classmethod
    async def begin(cls, *arguments: Any, **options: Any) -> "Jobs":
        """One in whose design nothing has happened since its reset."""
        jobs = cls(*arguments, **options)
        await start_and_reset(jobs.dut)
        return jobs

    async def _watch(self, refusal: str | None) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            if self.dut.rst.value == 0:
                assert refusal is None or getattr(self.dut, refusal).value == 0
                self.done += int(self.dut.done.value == 1)
            await RisingEdge(self.dut.clk)

    def offer(self, job: Job) -> None:
        """Queue a job's streams."""
        self.sources["config"].send(int(job["config"], 16))
        for name in self.inputs:
            self.sources[name].send(*(int(payload, 16) for payload in job[name]))

    def expect(self, job: Job) -> None:
        """Queue a job's results."""
        for place, payload in enumerate(job["result_out"]):
            self.scoreboard.expect(int(payload, 16), f"result {place} of {len(job['result_out'])}")

    async def finish(self) -> None:
        """Wait until one more job is done, which is told once; returns in the next cycle."""
        already = self.done
        for _ in range(self.patience):
            await RisingEdge(self.dut.clk)
            if self.done > already:
                await FallingEdge(self.dut.clk)
                return
        raise AssertionError("the job did not end")

    async def run(self, job: Job) -> dict[str, int]:
        """One job from its descriptor to its end; returns what the counters show then."""
        self.expect(job)
        self.offer(job)
        await self.finish()
        self.scoreboard.finish()
        return self.counts()

    def counts(self) -> dict[str, int]:
        """What the counters show."""
        return {name: int(getattr(self.dut, name).value) for name in self.counters}

    async def run_together(self, jobs: Sequence[Job]) -> list[int]:
        """Jobs that are all offered at once; returns the cycles from each descriptor taken to the next."""
        for job in jobs:
            self.expect(job)
            self.offer(job)
        for _ in jobs:
            await self.finish()
        self.scoreboard.finish()
        taken = [cycle for cycle, _ in self.configs.transfers]
        return [after - before for before, after in pairwise(taken)]

    async def reset(self, job: Job, cycles: int) -> None:
        """Reset ``cycles`` cycles after all that ``job`` offers was taken: all is as if there had been no job."""
        self.expect(job)
        self.offer(job)
        for source in self.sources.values():
            await source.wait_sent()
        for _ in range(cycles):
            await RisingEdge(self.dut.clk)
        await pulse_reset(self.dut)
        await FallingEdge(self.dut.clk)
        assert (self.dut.busy.value, self.dut.done.value, self.dut.result_out__valid.value) == (0, 0, 0)
        assert not any(self.counts().values())
        self.scoreboard = Scoreboard("results")
        await RisingEdge(self.dut.clk)
