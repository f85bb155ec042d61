"""Catalog of the multiplier inside an SRAM: a bank, its parts, and the exact lane it is compared with."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gen.catalog.design import Design

if TYPE_CHECKING:
    from sim_models.daism import DaismParameters

_SOURCE = "Sonnino et al., arXiv 2305.07376 (DATE 2024)"
_STATUS = "golden, simulated, proved, priced"


def _lane(
    name: str, summary: str, component: str, source: str, latency: str, cycles: Callable[["DaismParameters"], int]
) -> Design:
    return Design(
        name=f"daism_{name}",
        family="daism",
        summary=summary,
        source=source,
        status=_STATUS,
        parameters="hdl.daism.bank_parameters:BankParameters",
        component=f"hdl.daism:{component}",
        latency=latency,
        cycles=cycles,
        bench="daism_lane",
        vectors=f"gen.vectors.daism:{name}_vectors",
    )


DAISM = (
    Design(
        name="daism",
        family="daism",
        summary="accelerator of such banks: loop nest with im2col, passes, slicing, buffers, layer descriptors",
        source=f"{_SOURCE}; dataflow and controller are bitline's",
        status="golden, simulated, priced",
        parameters="sim_models.daism.accelerator:AcceleratorParameters",
        component="hdl.daism:Daism",
        latency="banks + 7 + accumulate_latency for a layer, beside loading, computing and writing back",
        cycles=lambda parameters: parameters.banks + 7 + parameters.accumulate_latency,
        bench="daism_accelerator",
        vectors="gen.vectors.daism_accelerator:accelerator_vectors",
    ),
    Design(
        name="daism_bank",
        family="daism",
        summary="SRAM bank that multiplies: loader, multi-row array, side memory, float lanes, accumulators",
        source=f"{_SOURCE}; structure and formats are bitline's",
        status=_STATUS,
        parameters="hdl.daism.bank_parameters:BankParameters",
        component="hdl.daism:DaismBank",
        latency="2 + accesses + accumulate_latency",
        cycles=lambda parameters: 2 + parameters.accesses + parameters.accumulate_latency,
        bench="daism_bank",
        vectors="gen.vectors.daism:bank_vectors",
    ),
    _lane(
        "lane",
        "lane of that bank: sign, exponent, normaliser, rounding, accumulator with interleaved partial sums",
        "DaismLane",
        f"{_SOURCE}; structure and formats are bitline's",
        "accesses + accumulate_latency",
        lambda parameters: parameters.accesses + parameters.accumulate_latency,
    ),
    _lane(
        "exact_lane",
        "the same lane with an exact multiplier of the significands",
        "ExactLane",
        f"textbook; baseline of {_SOURCE}",
        "1 + accumulate_latency",
        lambda parameters: 1 + parameters.accumulate_latency,
    ),
    _lane(
        "accumulator",
        "accumulator of a lane: exact sum rounded once, toward zero or to nearest, with interleaved partial sums",
        "Accumulator",
        f"bitline's, for {_SOURCE}",
        "accumulate_latency",
        lambda parameters: parameters.accumulate_latency,
    ),
)
