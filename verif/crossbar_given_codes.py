"""Strategy C's tile whose converters give codes of any origin: numbers at random, or networks that numpy models."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from hdl.crossbar import NeuralPimParameters
from sim_models.crossbar import initiation_interval
from sim_models.crossbar.layers import CROSS_ARRAY_BITS
from verif import crossbar_tiles as tiles
from verif.batch import Sink, Source, simulate
from verif.crossbar_feeder import fed, feeder
from verif.crossbar_loop import joined
from verif.packing import unpack

Integers = NDArray[np.int64]


def run(
    rtl: Rtl,
    parameters: NeuralPimParameters,
    traffic: tiles.Traffic,
    codes: Integers,
    saturated: Integers,
    seed: int,
) -> dict[str, Any]:
    """Feed ``traffic`` to ``rtl``, whose converter is 'port', with ``codes`` and flags, (vectors, outputs) each.

    Returns ``values`` (results, outputs), ``adc_count``, ``sat_count`` and ``sum_saturated`` at the end. Raises
    TimeoutError where results are missing.
    """
    p = parameters
    interval = initiation_interval(p) * p.slots_per_cycle
    found = simulate(
        joined(rtl, feeder(p, 1), "crossbar_given_codes"),
        {
            "vectors": Source(payloads=tiles.payloads(p, traffic), valid=traffic.valid),
            "codes": Source(payloads=fed(codes.reshape(-1, p.converters), saturated.reshape(-1, p.converters), p)),
            "products": Sink(transfers=traffic.results, ready=traffic.ready),
        },
        outputs=["adc_count", "sat_count", "sum_saturated"],
        cycles=8 * (len(traffic.vectors) + 16) * interval + 2 * (len(traffic.valid) + len(traffic.ready)),
        seed=seed,
    )
    counts = {name: found[name][-1] for name in ("adc_count", "sat_count", "sum_saturated")}
    return {"values": unpack(found["products"], p.outputs, p.product_bits, True), **counts}


def expected(
    parameters: NeuralPimParameters, traffic: tiles.Traffic, codes: Integers, saturated: Integers
) -> dict[str, Any]:
    """What `run` must return."""
    largest = (1 << CROSS_ARRAY_BITS - 1) - 1
    values, beyond = np.zeros((traffic.results, parameters.outputs), np.int64), False
    for block in codes.reshape(traffic.results, traffic.blocks, -1).transpose(1, 0, 2):
        sums = values + block
        values = np.clip(sums, -largest - 1, largest)
        beyond |= bool((values != sums).any())
    return {
        "values": values,
        "adc_count": np.array(codes.size),
        "sat_count": np.array(min(int(saturated.sum()), (1 << 16) - 1)),
        "sum_saturated": np.array(int(beyond)),
    }
