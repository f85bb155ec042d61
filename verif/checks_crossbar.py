"""Batch checks of crossbars' digital parts."""

import numpy as np

from gen.rtl import Rtl
from gen.vectors.crossbar_codes import any_codes
from hdl.crossbar.isaac_parameters import IsaacParameters
from verif import crossbar_isaac as isaac
from verif import crossbar_isaac_codes as isaac_codes
from verif import crossbar_isaac_stalled as stalled
from verif.checks_form import require_equal


def check_isaac_readout(rtl: Rtl, parameters: IsaacParameters, vectors: int, seed: int) -> int:
    """About that many codes of anything: strobes in every cycle, products and counters at full rate and disturbed;
    products while they have to wait."""
    p = parameters
    count = max(3, vectors // 3 // (p.cycles * p.lines))
    compared = 0
    for place, schedule in enumerate((isaac_codes.full_rate(p, count), isaac_codes.disturbed(p, count, seed))):
        coded = any_codes(p, count, seed + place)
        seen = isaac_codes.run(rtl, p, coded, schedule, seed)
        compared += require_equal(seen, isaac_codes.expected(p, coded, schedule, seed), seed)
    coded = any_codes(p, count, seed, largest=True)
    return compared + require_equal(stalled.run(rtl, p, coded, seed), stalled.expected(p, coded, seed), seed)


def check_isaac_tile(rtl: Rtl, parameters: IsaacParameters, vectors: int, seed: int) -> int:
    """Products that take about that many conversions, with the array in the loop, at full rate and disturbed."""
    p, random = parameters, np.random.default_rng(seed)
    count = max(3, vectors // 2 // (p.cycles * p.lines))
    compared = 0
    for disturbed in (False, True):
        weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
        weights[:, 0] = p.weight_range[int(disturbed)]
        inputs = random.integers(*p.input_range, (count, p.rows), endpoint=True)
        inputs[0], inputs[-1] = p.input_range
        traffic = isaac.disturbed(weights, inputs, p, seed) if disturbed else isaac.full_rate(weights, inputs)
        results = isaac.expected(p, traffic) | ({} if disturbed else isaac.expected_cycles(p, count))
        compared += require_equal(isaac.run(rtl, p, traffic, seed), results, seed)
    return compared
