"""Streams in batch simulation, against a model of the buffer that they pass."""

from typing import Any

import numpy as np
import pytest

from gen.rtl import Port, Rtl
from verif.batch import Sink, Source, simulate
from verif.packing import pack
from verif.run import CHUNK

PATTERNS = [([1], [1]), ([1, 0], [1]), ([1], [0, 1, 1]), ([0, 0, 1], [1, 0]), ([0, 1, 1, 0, 1], [1, 1, 0, 0, 0, 1, 0])]


def _model(
    payloads: list[int], valid: list[int], ready: list[int], cycles: int, resets: set[int]
) -> dict[str, list[int]]:
    """The buffer and both ends of its streams, one cycle at a time."""
    seen: dict[str, list[int]] = {"o": [], "o__cycle": [], "i__cycle": [], "offer": [], "shown": []}
    entry, offered = None, False
    for cycle in range(cycles):
        reset = cycle in resets
        sent = len(seen["i__cycle"])
        offered = not reset and sent < len(payloads) and bool(offered or valid[cycle % len(valid)])
        accepts = not reset and bool(ready[cycle % len(ready)])
        takes = entry is None or accepts
        seen["offer"].append(int(offered))
        seen["shown"].append(payloads[sent] if offered else -1)
        if entry is not None and accepts:
            seen["o"].append(entry)
            seen["o__cycle"].append(cycle)
        if takes:
            entry = payloads[sent] if offered else None
        if takes and offered:
            seen["i__cycle"].append(cycle)
            offered = False
        if reset:
            entry = None
    return seen


@pytest.mark.parametrize(("valid", "ready"), PATTERNS)
def test_patterns_and_a_reset_in_flight(buffer: Rtl, valid: list[int], ready: list[int]) -> None:
    payloads = np.random.default_rng(3).integers(-128, 128, 60)
    reset = np.zeros(400, int)
    reset[[20, 21, 50]] = 1
    arrays = {"i": Source(payloads=payloads, valid=valid), "o": Sink(ready=ready), "rst": reset}
    result = simulate(buffer, arrays)
    expected = _model(payloads.tolist(), valid, ready, 400, {20, 21, 50})
    assert {name: values.tolist() for name, values in result.items()} == expected
    assert len(expected["i__cycle"]) == 60
    assert len(expected["o"]) >= 58, "each of the two resets loses at most the entry in the buffer"


def test_ends_with_the_last_transfer_asked_for(buffer: Rtl) -> None:
    arrays = {"i": Source(payloads=np.arange(100)), "o": Sink(transfers=40)}
    result = simulate(buffer, arrays, cycles=1000)
    assert result["o"].tolist() == list(range(40))
    assert result["o__cycle"].tolist() == list(range(1, 41))
    assert result["i__cycle"].tolist() == list(range(41))
    assert result["offer"].shape == (41,)
    assert simulate(buffer, {"o": Sink(transfers=0)}, cycles=1000)["offer"].shape == (0,)


@pytest.mark.parametrize("transfers", [None, CHUNK + 1000])
def test_results_grow_over_long_runs(buffer: Rtl, transfers: int | None) -> None:
    count, cycles = CHUNK + 1000, 3 * CHUNK
    payloads = np.arange(count) % 256 - 128
    arrays = {"i": Source(payloads=payloads), "o": Sink(transfers=transfers, ready=[1, 0])}
    result = simulate(buffer, arrays, cycles=cycles)
    assert (result["o"] == payloads).all()
    assert (np.diff(result["o__cycle"]) == 2).all()
    assert len(result["offer"]) == (cycles if transfers is None else result["o__cycle"][-1] + 1)


def test_members_of_an_unused_stream_are_plain_ports(buffer: Rtl) -> None:
    result = simulate(buffer, {"i": Source(payloads=[5, 6]), "o__ready": [0, 0, 1, 1, 1]})
    assert result["o__valid"].tolist() == [0, 1, 1, 1, 0]
    assert result["o__payload"][1:4].tolist() == [5, 5, 6]
    assert result["i__cycle"].tolist() == [0, 2]


def test_wide_payloads_without_clock() -> None:
    names = {"input": ("s__valid", "s__payload", "t__ready"), "output": ("t__valid", "t__payload", "s__ready")}
    ports = [Port(name, way, 96 if "payload" in name else 1, False) for way, group in names.items() for name in group]
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports)
    body = "assign t__valid = s__valid, t__payload = s__payload, s__ready = t__ready;"
    rtl = Rtl("through", f"module through({declared}); {body} endmodule", tuple(ports), clocked=False)
    payloads = pack(np.arange(30).reshape(10, 3), 32)
    result = simulate(rtl, {"s": Source(payloads=payloads, valid=[1, 0]), "t": Sink(transfers=10)}, cycles=100)
    assert (result["t"] == payloads).all()
    assert result["t__cycle"].tolist() == list(range(0, 20, 2))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"o": Source(payloads=[1])}, r"^buffer has no input stream 'o' \(input streams: i\)$"),
        ({"x": Sink()}, r"^buffer has no output stream 'x' \(output streams: o\)$"),
        ({"i": 3}, r"^i is a stream: give a Source$"),
        ({"i": Source(payloads=[1]), "i__valid": 1}, r"^buffer has no free input 'i__valid'"),
        ({"i": Source(payloads=[200])}, r"^i__payload must be between -128 and 127, not 200 \(cycle 0\)$"),
        ({"i": Source(payloads=1)}, r"^i takes one payload per transfer, not an array of shape \(\)$"),
        ({"i": Source(payloads=[1], valid=[])}, r"^the pattern of i must be a non-empty row of true and false$"),
        ({"o": Sink(ready=[0, 2])}, r"^the pattern of o must be a non-empty row of true and false$"),
        ({"o": Sink(transfers=-1)}, r"^transfers of o must be at least 0, not -1$"),
    ],
)
def test_bad_streams(buffer: Rtl, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(buffer, arrays, cycles=10)


def test_missing_transfers_are_an_error(buffer: Rtl) -> None:
    arrays = {"i": Source(payloads=[1, 2, 3]), "o": Sink(transfers=4)}
    with pytest.raises(TimeoutError, match=r"^buffer: o gave 3 of 4 transfers in 50 cycles$"):
        simulate(buffer, arrays, cycles=50)
