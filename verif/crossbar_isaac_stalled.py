"""Strategy A's read-out while its products wait: the codes of its converters come whenever it asks for them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import CLOCK, RESET, Port, Rtl
from gen.vectors.crossbar_codes import Coded, converting
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.arith.widths import index_bits
from verif.batch import Sink, Source, simulate
from verif.crossbar_isaac_codes import shown_products
from verif.crossbar_loop import joined
from verif.packing import pack

Integers = NDArray[np.int64]
_NAME = "crossbar_isaac_codes"


def run(rtl: Rtl, parameters: IsaacParameters, coded: Coded, seed: int) -> dict[str, Any]:
    """Vectors that are always there, products that are taken in bursts: all ``value``, and ``adc_count``.

    Flags of lines are written in an order in which one that is written with others ends up wrong.
    """
    p, vectors = parameters, len(coded.codes)
    lines = np.argsort(coded.flags, kind="stable")  # those that are 1 last
    begins = len(lines)
    length = begins + 4 * (vectors + 8) * max(2, p.cycles) * p.slots_per_cycle
    given: dict[str, Any] = {}
    if p.flip_encoding:
        given = {
            "flip_write": _padded(np.ones(begins, np.int64), length),
            "flip_line": _padded(lines, length),
            "flip_flag": _padded(coded.flags[lines], length),
        }
    found = simulate(
        _in_loop(rtl, p),
        {
            **given,
            "vectors": Source(payloads=np.zeros(vectors, np.int64), valid=np.arange(length) >= begins),
            "codes": Source(payloads=_code_words(p, coded)),
            "products": Sink(transfers=vectors * p.outputs, ready=_bursts(p, seed)),
        },
        outputs=["adc_count"],
        cycles=length,
        seed=seed,
    )
    return {"value": shown_products(p, found["products"]), "adc_count": found["adc_count"][-1]}


def expected(parameters: IsaacParameters, coded: Coded) -> dict[str, Integers]:
    """What `run` must return."""
    made = int(converting(parameters).sum()) * parameters.cycles * len(coded.codes)
    return {"value": coded.products.reshape(-1), "adc_count": np.array(made)}


def _bursts(p: IsaacParameters, seed: int) -> NDArray[np.bool_]:
    """Times in which products are now and then taken, and pauses, each of up to three array cycles."""
    random = np.random.default_rng(seed)
    bursts = np.repeat(np.arange(64) % 2 == 0, random.integers(1, 3 * p.slots_per_cycle, 64))
    taken: NDArray[np.bool_] = bursts & (random.random(len(bursts)) < 0.7)
    return taken


def _padded(words: Integers, length: int) -> Integers:
    return np.concatenate([words, np.zeros(length - len(words), np.int64)])


def _code_words(p: IsaacParameters, coded: Coded) -> NDArray[np.generic]:
    """Codes of all converters, a position of the scan after the other."""
    codes = coded.codes.transpose(0, 1, 3, 2).reshape(-1, p.converters)
    return pack(codes, p.code_bits)


def _in_loop(rtl: Rtl, p: IsaacParameters) -> Rtl:
    """The read-out with a counter of slices; ``codes`` moves when those of a position are due."""
    ports = (
        Port("vectors__payload", "input", 1, False),
        Port("vectors__valid", "input", 1, False),
        Port("vectors__ready", "output", 1, False),
        Port("codes__payload", "input", p.converters * p.code_bits, False),
        Port("codes__valid", "input", 1, False),
        Port("codes__ready", "output", 1, False),
        Port("busy", "input", 1, False),
        Port("load", "input", 1, False),
        Port("step", "input", 1, False),
        Port("adc_start", "input", p.converters, False),
        Port("start", "output", 1, False),
        Port("index", "output", index_bits(p.cycles), False),
        Port("code", "output", p.converters * p.code_bits, False),
        Port("saturated", "output", p.converters, False),
    )
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports)
    text = f"""
module {_NAME}(input {CLOCK}, input {RESET}, {declared});
  reg [{p.converter_delay - 1}:0] asked;
  reg [{index_bits(p.cycles) - 1}:0] slice;
  always @(posedge clk) begin
    asked <= rst ? 0 : {{asked, |adc_start}};
    if (rst || load) slice <= 0; else if (step) slice <= slice + 1;
  end
  assign start = vectors__valid & ~busy & ~load;
  assign vectors__ready = load;
  assign index = slice;
  assign code = codes__payload;
  assign codes__ready = asked[{p.converter_delay - 1}];
  assign saturated = 0;
endmodule
"""
    return joined(rtl, Rtl(_NAME, text, ports, True), "crossbar_isaac_in_codes")
