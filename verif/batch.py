"""Simulate a design over numpy arrays: millions of clock cycles per second, no Python in the loop."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Port, Rtl
from verif.binding import input_ports, output_ports
from verif.memory import Channel
from verif.ports import Words, input_words
from verif.run import Run

Arrays = Mapping[str, "ArrayLike | Source | Sink"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Feeds the input stream it is given for.

    ``payloads`` are sent in order. ``valid`` is a pattern by cycle, repeated: where it is false no new payload is
    offered; one that is offered stays so until the design takes it. While nothing is offered the payload port shows
    all ones.
    """

    payloads: ArrayLike
    valid: ArrayLike = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Sink:
    """Collects the output stream it is given for.

    ``ready`` is a pattern by cycle, repeated. With ``transfers`` the sink accepts that many and the simulation ends
    when all such sinks have theirs.
    """

    transfers: int | None = None
    ready: ArrayLike = True


def simulate(
    rtl: Rtl,
    arrays: Arrays,
    *,
    cycles: int | None = None,
    outputs: Iterable[str] | None = None,
    seed: int = 0,
) -> dict[str, NDArray[Any]]:
    """Run ``rtl`` and return its outputs by cycle and the transfers of its streams.

    ``arrays`` maps input ports to integers, constant or one per clock cycle (per vector, for a design without clock),
    and streams to `Source` and `Sink`. A port that is absent is 0. Ports of more than 64 bits take what
    `verif.packing.pack` returns.

    A clocked design is first reset for two cycles with all inputs 0, which are not part of the result; an array for
    ``rst`` resets it again in mid-run. While ``rst`` is 1 streams neither offer nor accept. Outputs are read just
    before the rising edge. Registers without reset start at random values drawn from ``seed``.

    ``cycles`` is the length of the run; it is needed where no array fixes it. With `Sink.transfers` it is the limit.
    ``outputs`` names the outputs to return by cycle, all by default.

    The result maps output ports to arrays by cycle: int64 (uint64 for unsigned 64 bits), uint32 of shape
    (cycles, words) beyond 64 bits. Under the name of a `Sink` are the payloads it accepted; under ``NAME__cycle``, for
    sinks and sources, the cycle of each transfer.

    :raises ValueError: unknown port, value out of range, lengths that disagree, Verilog that cannot be built.
    :raises TimeoutError: a sink did not get its transfers within ``cycles``.
    :raises ToolMissing: the model must be built, and Verilator or the C++ compiler is missing.
    """
    streams = {name: value for name, value in arrays.items() if isinstance(value, Source | Sink)}
    inputs = {port.name: port for port in input_ports(rtl)}
    driven = _driven_ports(rtl, streams)
    _check_names(rtl, arrays.keys() - streams.keys(), inputs.keys() - driven)
    words = {name: input_words(inputs[name], value) for name, value in arrays.items() if name not in streams}
    length = _length(rtl, words, inputs, cycles)
    channels = [_channel(rtl, name, stream) for name, stream in streams.items()]
    recorded = _recorded(rtl, driven, outputs)
    run = Run(rtl, seed)
    for name, value in words.items():
        run.set_input(inputs[name], value)
    return run.advance(length, recorded, channels)


def _channel(rtl: Rtl, name: str, stream: Source | Sink) -> Channel:
    port = next(port for port in rtl.ports if port.name == f"{name}__payload")
    if isinstance(stream, Sink):
        if stream.transfers is not None and stream.transfers < 0:
            raise ValueError(f"transfers of {name} must be at least 0, not {stream.transfers}")
        return Channel(name, port, _pattern(name, stream.ready), None, stream.transfers)
    payloads = input_words(port, stream.payloads)
    if payloads.ndim != (2 if port.width > 64 else 1):
        raise ValueError(f"{name} takes one payload per transfer, not an array of shape {np.shape(payloads)}")
    return Channel(name, port, _pattern(name, stream.valid), payloads, None)


def _pattern(name: str, pattern: ArrayLike) -> NDArray[np.uint8]:
    values = np.atleast_1d(np.asarray(pattern))
    if values.ndim != 1 or not values.size or not np.isin(values, (0, 1)).all():
        raise ValueError(f"the pattern of {name} must be a non-empty row of true and false")
    return values.astype(np.uint8)


def _stream_names(rtl: Rtl) -> dict[str, str]:
    """Every stream of the design, with the direction of its payload."""
    directions = {port.name: port.direction for port in rtl.ports}
    found = {}
    for name in (port.name.removesuffix("__valid") for port in rtl.ports if port.name.endswith("__valid")):
        members = [directions.get(f"{name}__{member}") for member in ("valid", "payload", "ready")]
        if members in (["input", "input", "output"], ["output", "output", "input"]):
            found[name] = str(members[0])
    return found


def _driven_ports(rtl: Rtl, streams: Mapping[str, Source | Sink]) -> set[str]:
    known = _stream_names(rtl)
    for name, stream in streams.items():
        wanted = "input" if isinstance(stream, Source) else "output"
        if known.get(name) != wanted:
            names = ", ".join(other for other, direction in known.items() if direction == wanted) or "none"
            raise ValueError(f"{rtl.name} has no {wanted} stream {name!r} ({wanted} streams: {names})")
    return {f"{name}__{member}" for name in streams for member in ("valid", "payload", "ready")}


def _check_names(rtl: Rtl, given: Iterable[str], free: Collection[str]) -> None:
    known = _stream_names(rtl)
    for name in given:
        if name in free:
            continue
        if name in known:
            raise ValueError(f"{name} is a stream: give a {'Source' if known[name] == 'input' else 'Sink'}")
        nearest = difflib.get_close_matches(name, [*free, *known], 1)
        hint = f", did you mean {nearest[0]!r}?" if nearest else ""
        listed = ", ".join(sorted([*free, *known]))
        raise ValueError(f"{rtl.name} has no free input {name!r}{hint} (inputs: {listed})")


def _recorded(rtl: Rtl, driven: set[str], wanted: Iterable[str] | None) -> list[str]:
    known = [port.name for port in output_ports(rtl) if port.name not in driven]
    recorded = known if wanted is None else list(wanted)
    for name in recorded:
        if name not in known:
            raise ValueError(f"{rtl.name} has no output {name!r} by cycle (outputs: {', '.join(known)})")
    return recorded


def _length(rtl: Rtl, words: Mapping[str, Words], inputs: Mapping[str, Port], cycles: int | None) -> int:
    lengths = {name: len(value) for name, value in words.items() if value.ndim > (inputs[name].width > 64)}
    if cycles is not None:
        if cycles < 0:
            raise ValueError(f"cycles must be at least 0, not {cycles}")
        lengths["cycles"] = cycles
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"arrays by cycle must have one length: {listed}")
    if not lengths:
        raise ValueError(f"give cycles: no array fixes the length of the run of {rtl.name}")
    return next(iter(lengths.values()))
