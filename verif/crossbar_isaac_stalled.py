"""Strategy A's read-out while its products wait: the codes of its converters come whenever it asks for them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import CLOCK, RESET, Port, Rtl
from gen.vectors.crossbar_codes import Coded, converting
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.arith.widths import index_bits
from verif.batch import Sink, Source, simulate
from verif.crossbar_feeder import fed, feeder
from verif.crossbar_isaac_codes import shown_products
from verif.crossbar_loading import padded
from verif.crossbar_loop import joined

Integers = NDArray[np.int64]
_NAME = "crossbar_isaac_starts"


def run(rtl: Rtl, parameters: IsaacParameters, coded: Coded, seed: int) -> dict[str, Any]:
    """Vectors that are always there, products that are taken in bursts: all ``value``, and the counters.

    Flags of lines are written in an order in which one that is written with others ends up wrong.
    """
    p, vectors = parameters, len(coded.codes)
    lines = np.argsort(coded.flags, kind="stable")  # those that are 1 last
    begins = len(lines)
    length = begins + 4 * (vectors + 8) * max(2, p.cycles) * p.slots_per_cycle
    codes, saturated = _converted(p, coded, seed)
    given: dict[str, Any] = {}
    if p.flip_encoding:
        given = {
            "flip_write": padded(np.ones(begins, np.int64), length),
            "flip_line": padded(lines, length),
            "flip_flag": padded(coded.flags[lines], length),
        }
    found = simulate(
        _in_loop(rtl, p),
        {
            **given,
            "vectors": Source(payloads=np.zeros(vectors, np.int64), valid=np.arange(length) >= begins),
            "codes": Source(payloads=fed(codes, saturated, p)),
            "products": Sink(transfers=vectors * p.outputs, ready=_bursts(p, seed)),
        },
        outputs=["adc_count", "sat_count"],
        cycles=length,
        seed=seed,
    )
    counts = {name: found[name][-1] for name in ("adc_count", "sat_count")}
    return {"value": shown_products(p, found["products"]), **counts}


def expected(p: IsaacParameters, coded: Coded, seed: int) -> dict[str, Integers]:
    """What `run` must return."""
    made = int(converting(p).sum()) * p.cycles * len(coded.codes)
    flags = _converted(p, coded, seed)[1] * np.tile(converting(p).T, (p.cycles * len(coded.codes), 1))
    counts = {"adc_count": np.array(made), "sat_count": np.array(min(int(flags.sum()), (1 << 16) - 1))}
    return {"value": coded.products.reshape(-1), **counts}


def _bursts(p: IsaacParameters, seed: int) -> NDArray[np.bool_]:
    """Times in which products are now and then taken, and pauses, each of up to three array cycles."""
    random = np.random.default_rng(seed)
    bursts = np.repeat(np.arange(64) % 2 == 0, random.integers(1, 3 * p.slots_per_cycle, 64))
    taken: NDArray[np.bool_] = bursts & (random.random(len(bursts)) < 0.7)
    return taken


def _converted(p: IsaacParameters, coded: Coded, seed: int) -> tuple[Integers, Integers]:
    """Codes of all converters and flags beside them, a position of the scan after the other."""
    codes = coded.codes.transpose(0, 1, 3, 2).reshape(-1, p.converters)
    return codes, np.random.default_rng(seed).integers(0, 2, codes.shape)


def _in_loop(rtl: Rtl, p: IsaacParameters) -> Rtl:
    """The read-out with what starts it and a counter of slices."""
    ports = (
        Port("vectors__payload", "input", 1, False),
        Port("vectors__valid", "input", 1, False),
        Port("vectors__ready", "output", 1, False),
        Port("busy", "input", 1, False),
        Port("load", "input", 1, False),
        Port("step", "input", 1, False),
        Port("start", "output", 1, False),
        Port("index", "output", index_bits(p.cycles), False),
    )
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports)
    text = f"""
module {_NAME}(input {CLOCK}, input {RESET}, {declared});
  reg [{index_bits(p.cycles) - 1}:0] slice;
  always @(posedge clk) if (rst || load) slice <= 0; else if (step) slice <= slice + 1;
  assign start = vectors__valid & ~busy & ~load;
  assign vectors__ready = load;
  assign index = slice;
endmodule
"""
    driven = joined(rtl, Rtl(_NAME, text, ports, True), "crossbar_isaac_started")
    return joined(driven, feeder(p, p.converters), "crossbar_isaac_fed")
