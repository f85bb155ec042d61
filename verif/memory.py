"""The memory that a simulation library reads and writes during one run, laid out as batch.cpp has it."""

import ctypes
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Port
from verif.ports import Words, empty_outputs, input_words, output_bytes, word_bytes

_int64, _pointer = ctypes.c_int64, ctypes.c_void_p


class StreamMemory(ctypes.Structure):
    """``Stream`` of batch.cpp."""

    _fields_ = [
        *((name, _int64) for name in ("valid", "ready", "payload")),
        ("pattern", _pointer),
        ("pattern_length", _int64),
        *((name, _pointer) for name in ("data", "idle")),
        *((name, _int64) for name in ("bytes", "limit")),
        ("cycles", _pointer),
        *((name, _int64) for name in ("done", "offered")),
    ]


class RunMemory(ctypes.Structure):
    """``Run`` of batch.cpp."""

    _fields_ = [
        *((name, _int64) for name in ("cycle", "end")),
        *((name, _pointer) for name in ("inputs", "input_steps", "outputs", "output_steps")),
        *((name, _int64) for name in ("source_count", "sink_count", "required_sinks")),
        *((name, _pointer) for name in ("sources", "sinks")),
    ]


class PortTable:
    """Where the value of each port lies and how far its next one is; at first all lie on one spot that reads 0."""

    def __init__(self, ports: Sequence[Port]) -> None:
        self.serial = {port.name: serial for serial, port in enumerate(ports)}
        self._spot = np.zeros(max((word_bytes(port) for port in ports), default=0) + 8, np.uint8)
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self.addresses = (_pointer * len(ports))(*[self._spot.ctypes.data] * len(ports))
        self.steps = (_int64 * len(ports))()

    def place(self, name: str, values: NDArray[np.generic], *, row: int, step: int) -> None:
        """The port's next value is row ``row`` of ``values``, which this keeps alive."""
        self._arrays[name] = values
        self.addresses[self.serial[name]] = values.ctypes.data + row * step
        self.steps[self.serial[name]] = step


class Rows:
    """Results of one port, one row each, with room that grows as a run goes on."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.rows = empty_outputs(port, 0)

    def reserve(self, count: int) -> None:
        if count > len(self.rows):
            grown = empty_outputs(self._port, max(count, 2 * len(self.rows)))
            grown[: len(self.rows)] = self.rows
            self.rows = grown


class Channel:
    """One stream during a run: a source when it has payloads, else a sink.

    ``limit`` is the number of payloads that a sink accepts, None for all that come.
    """

    def __init__(self, name: str, port: Port, pattern: NDArray[np.uint8], payloads: Words | None, limit: int | None):
        self.name, self.pattern, self.payloads = name, pattern, payloads
        self.limit = limit if payloads is None else len(payloads)
        self.accepted, self.cycles = Rows(port), Rows(Port("cycle", "output", 63, False))
        self._idle = input_words(port, -1 if port.signed and port.width <= 64 else (1 << port.width) - 1)
        self._bytes = word_bytes(port) if payloads is not None else output_bytes(port)

    def fill(self, memory: StreamMemory, inputs: PortTable, outputs: PortTable) -> None:
        """Enter everything that stays the same during the run."""
        into, out = (outputs, inputs) if self.payloads is None else (inputs, outputs)
        memory.valid, memory.ready = into.serial[f"{self.name}__valid"], out.serial[f"{self.name}__ready"]
        memory.payload, memory.bytes = into.serial[f"{self.name}__payload"], self._bytes
        memory.pattern, memory.pattern_length = self.pattern.ctypes.data, len(self.pattern)
        memory.idle = self._idle.ctypes.data
        memory.limit = np.iinfo(np.int64).max if self.limit is None else self.limit

    def reserve(self, memory: StreamMemory, cycles: int) -> None:
        """Make room for what ``cycles`` more cycles can bring, and for one payload that is shown but not accepted."""
        count = memory.done + cycles if self.limit is None else self.limit
        self.cycles.reserve(count)
        self.accepted.reserve(count + 1 if self.payloads is None else 0)
        memory.cycles = self.cycles.rows.ctypes.data
        memory.data = (self.accepted.rows if self.payloads is None else self.payloads).ctypes.data

    def results(self, done: int) -> dict[str, NDArray[np.generic]]:
        """The cycle of each transfer and, of a sink, the payloads."""
        payloads = {self.name: self.accepted.rows[:done]} if self.payloads is None else {}
        return payloads | {f"{self.name}__cycle": self.cycles.rows[:done]}
