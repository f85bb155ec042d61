"""Drive, collect and watch streams: NAME__payload moves in every cycle in which NAME__valid and NAME__ready are 1.

Inputs change just after the rising edge and everything is read at the falling edge, when the cycle's values have
settled. While the reset is 1 nothing is offered and no transfer counts.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import Event, FallingEdge, RisingEdge


async def start_and_reset(dut: Any, cycles: int = 2) -> None:
    """Start ``clk`` (10 ns) and hold ``rst`` at 1 for ``cycles`` cycles; returns just after a rising edge."""
    Clock(dut.clk, 10, unit="ns").start()
    await pulse_reset(dut, cycles)


async def pulse_reset(dut: Any, cycles: int = 1) -> None:
    """Hold ``rst`` at 1 for ``cycles`` cycles, at the start or in mid-run."""
    dut.rst.value = 1
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


def no_pauses() -> Iterator[bool]:
    """Never pause."""
    while True:
        yield False


def random_pauses(probability: float) -> Iterator[bool]:
    """Pause each cycle with ``probability``, from the seed that cocotb prints."""
    generator = random.Random(random.getrandbits(32))
    while True:
        yield generator.random() < probability


def pattern_pauses(pattern: Sequence[bool]) -> Iterator[bool]:
    """Pause where ``pattern`` is true, cycle by cycle, over and over."""
    while True:
        yield from pattern


class StreamSource:
    """Sends queued payloads into an input stream.

    Once valid, a payload stays until its transfer; a pause delays the next one. While nothing is offered the payload
    port shows all ones, so that a design that ignores valid is found out.
    """

    def __init__(self, dut: Any, name: str, pauses: Iterator[bool] | None = None) -> None:
        self._dut, self._pauses = dut, pauses or no_pauses()
        self._valid, self._ready, self._payload = _members(dut, name)
        self._queue: deque[int] = deque()
        self._sent = Event()
        self._drive(False)
        cocotb.start_soon(self._run())

    def send(self, *payloads: int) -> None:
        """Queue ``payloads``, as unsigned words."""
        self._queue.extend(payloads)
        self._sent.clear()

    async def wait_sent(self) -> None:
        """Wait until every queued payload has been taken."""
        if self._queue:
            await self._sent.wait()

    async def _run(self) -> None:
        offered = in_reset = False
        while True:
            await RisingEdge(self._dut.clk)
            pause = next(self._pauses)
            offered = bool(self._queue) and not in_reset and (offered or not pause)
            self._drive(offered)
            await FallingEdge(self._dut.clk)
            in_reset = self._dut.rst.value == 1
            if offered and not in_reset and self._ready.value == 1:
                self._take()
                offered = False

    def _take(self) -> None:
        self._queue.popleft()
        if not self._queue:
            self._sent.set()

    def _drive(self, offered: bool) -> None:
        self._valid.value = int(offered)
        self._payload.value = self._queue[0] if offered else (1 << len(self._payload)) - 1


class StreamSink:
    """Takes payloads from an output stream, as unsigned words; a pause holds ready low."""

    def __init__(self, dut: Any, name: str, pauses: Iterator[bool] | None = None) -> None:
        self._dut, self._pauses = dut, pauses or no_pauses()
        self._valid, self._ready, self._payload = _members(dut, name)
        self._received: deque[int] = deque()
        self._arrived = Event()
        self._ready.value = 0
        cocotb.start_soon(self._run())

    async def receive(self, count: int) -> list[int]:
        """Wait for the next ``count`` payloads."""
        while len(self._received) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return [self._received.popleft() for _ in range(count)]

    async def _run(self) -> None:
        in_reset = False
        while True:
            await RisingEdge(self._dut.clk)
            ready = not next(self._pauses) and not in_reset
            self._ready.value = int(ready)
            await FallingEdge(self._dut.clk)
            in_reset = self._dut.rst.value == 1
            if ready and not in_reset and self._valid.value == 1:
                self._received.append(self._payload.value.to_unsigned())
                self._arrived.set()


class StreamMonitor:
    """Watches a stream: hands every transfer to ``observe`` and checks that an offer is neither changed nor withdrawn.

    ``transfers`` holds (cycle, payload) of each, counted from the monitor's start.
    """

    def __init__(self, dut: Any, name: str, observe: Callable[[int], None] | None = None) -> None:
        self._dut, self._name, self._observe = dut, name, observe
        self._valid, self._ready, self._payload = _members(dut, name)
        self.transfers: list[tuple[int, int]] = []
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        cycle, waiting = 0, None
        while True:
            await FallingEdge(self._dut.clk)
            in_reset = self._dut.rst.value == 1
            offered = self._payload.value.to_unsigned() if self._valid.value == 1 and not in_reset else None
            if waiting is not None and not in_reset and offered != waiting:
                now = "withdrew it" if offered is None else f"changed it to {offered}"
                raise AssertionError(f"{self._name} offered {waiting} and {now} before its transfer (cycle {cycle})")
            waiting = offered
            if offered is not None and self._ready.value == 1:
                self._record(cycle, offered)
                waiting = None
            cycle += 1

    def _record(self, cycle: int, payload: int) -> None:
        self.transfers.append((cycle, payload))
        if self._observe is not None:
            self._observe(payload)


def _members(dut: Any, name: str) -> tuple[Any, Any, Any]:
    return tuple(getattr(dut, f"{name}__{member}") for member in ("valid", "ready", "payload"))
