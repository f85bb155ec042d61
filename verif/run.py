"""One run of a simulation library."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Port, Rtl
from verif.active_fault import select_in
from verif.binding import input_ports, load_library, output_ports
from verif.memory import Channel, PortTable, Rows, RunMemory, StreamMemory
from verif.ports import Words, output_bytes, word_bytes

# Between two calls of this many cycles Python can react to an interrupt, and room for results grows.
CHUNK = 1 << 16
_MESSAGE_BYTES = 512

Results = dict[str, NDArray[np.generic]]


class Run:
    """A run of ``rtl`` from reset; registers without reset start at random values drawn from ``seed``."""

    def __init__(self, rtl: Rtl, seed: int) -> None:
        if not 0 <= seed < 2**31 - 1:
            raise ValueError(f"seed must be between 0 and {2**31 - 2}, not {seed}")
        self._rtl, self._seed = rtl, seed
        self._library = load_library(rtl)
        self._ports = {port.name: port for port in output_ports(rtl)}
        self._inputs, self._outputs = PortTable(input_ports(rtl)), PortTable(output_ports(rtl))

    def set_input(self, port: Port, words: Words) -> None:
        """Drive ``port`` with one value, or with one per cycle."""
        by_cycle = words.ndim > (port.width > 64)
        self._inputs.place(port.name, words, row=0, step=word_bytes(port) if by_cycle else 0)

    def advance(self, cycles: int, recorded: Sequence[str], channels: Sequence[Channel]) -> Results:
        """Simulate ``cycles`` cycles, or until every sink with a limit has reached it.

        :raises TimeoutError: a sink with a limit has not reached it.
        """
        # The sinks that end the run come first.
        channels = sorted(channels, key=lambda channel: (channel.payloads is None, channel.limit is None))
        required = sum(channel.payloads is None and channel.limit is not None for channel in channels)
        streams = (StreamMemory * len(channels))()
        for channel, stream in zip(channels, streams, strict=True):
            channel.fill(stream, self._inputs, self._outputs)
        outputs = {name: Rows(port) for name, port in self._ports.items() if name in recorded}
        memory = self._memory(channels, streams, required)
        with self._model() as model:
            while memory.cycle == memory.end < cycles:
                memory.end = min(memory.cycle + CHUNK, cycles)
                self._make_room(outputs, memory, memory.end if required else cycles)
                for channel, stream in zip(channels, streams, strict=True):
                    channel.reserve(stream, memory.end - memory.cycle)
                self._call(model, memory)
        results: Results = {name: rows.rows[: memory.cycle] for name, rows in outputs.items()}
        for channel, stream in zip(channels, streams, strict=True):
            self._check_complete(channel, stream, cycles)
            results |= channel.results(stream.done)
        return results

    def _memory(self, channels: Sequence[Channel], streams: ctypes.Array[StreamMemory], required: int) -> RunMemory:
        sources = sum(channel.payloads is not None for channel in channels)
        first = ctypes.addressof(streams)
        return RunMemory(
            inputs=ctypes.addressof(self._inputs.addresses),
            input_steps=ctypes.addressof(self._inputs.steps),
            outputs=ctypes.addressof(self._outputs.addresses),
            output_steps=ctypes.addressof(self._outputs.steps),
            source_count=sources,
            sink_count=len(channels) - sources,
            required_sinks=required,
            sources=first,
            sinks=first + sources * ctypes.sizeof(StreamMemory),
        )

    def _make_room(self, outputs: dict[str, Rows], memory: RunMemory, cycles: int) -> None:
        for name, rows in outputs.items():
            rows.reserve(cycles)
            self._outputs.place(name, rows.rows, row=memory.cycle, step=output_bytes(self._ports[name]))

    def _check_complete(self, channel: Channel, stream: StreamMemory, cycles: int) -> None:
        if channel.payloads is None and channel.limit is not None and stream.done < channel.limit:
            raise TimeoutError(
                f"{self._rtl.name}: {channel.name} gave {stream.done} of {channel.limit} transfers in {cycles} cycles"
            )

    @contextmanager
    def _model(self) -> Iterator[int]:
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        select_in(self._library)
        # Verilator takes seed 0 as a wish for a random seed.
        model = self._library.bitline_open(self._seed + 1, message, _MESSAGE_BYTES)
        if not model:
            raise RuntimeError(f"{self._rtl.name} cannot be simulated: {message.value.decode()}")
        try:
            yield model
        finally:
            self._library.bitline_close(model)

    def _call(self, model: int, memory: RunMemory) -> None:
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        if not self._library.bitline_advance(model, ctypes.byref(memory), message, _MESSAGE_BYTES):
            raise RuntimeError(f"{self._rtl.name} stopped in cycle {memory.cycle}: {message.value.decode()}")
