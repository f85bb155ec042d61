"""Trimming the output gain of every neuron of a manufactured NNS+A, from measured hidden voltages."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import require_instance, require_integer, require_real
from sim_models.crossbar.checking import FloatArray, real_array
from sim_models.crossbar.neural_adder import AdderInstance, adder_weights

PASSES = 20


def calibrated(made: AdderInstance, values: ArrayLike, *, trim_bits: int = 6, reach: float = 0.25) -> AdderInstance:
    """``made`` with output weights times ``1 + reach * code / 2^(trim_bits-1)``, and its offset trimmed to the mean.

    ``code`` is signed, of ``trim_bits``. Codes start at the least squares solution on ``values`` (count, 17), rounded,
    and move by single steps while the error falls. It is never above that of the offset trim alone. Raises ValueError
    for trim_bits outside 1..12, a reach outside 0.001..1 and values of another shape.
    """
    require_instance("made", made, AdderInstance)
    require_integer("trim_bits", trim_bits, 1, 12)
    require_real("reach", reach, 1e-3, 1)
    features = made.neurons(values) * made.outputs
    wanted = real_array("values", values) @ adder_weights(made.network.dac_bits) - features.sum(axis=1)
    means = features.mean(axis=0)
    step = reach / (1 << trim_bits - 1)
    codes = _codes((features - means) * step, wanted - wanted.mean(), 1 << trim_bits - 1)
    trims = 1 + step * codes
    offset = float(wanted.mean() - means @ (trims - 1))
    network = replace(made.network, offset=offset, gains=made.network.gains * trims)
    return AdderInstance(network=network, inputs=made.inputs, outputs=made.outputs * trims)


def _codes(columns: FloatArray, wanted: FloatArray, limit: int) -> FloatArray:
    """Whole numbers -limit..limit-1 that make ``columns @ codes`` nearest to ``wanted``, by descent from two starts."""
    gram, target = columns.T @ columns, columns.T @ wanted
    ridge = 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram))
    solved = np.clip(np.rint(np.linalg.solve(gram + ridge, target)), -limit, limit - 1)
    starts = [_descended(gram, target, start, limit) for start in (solved, np.zeros(len(gram)))]
    return min(starts, key=lambda codes: codes @ gram @ codes - 2 * codes @ target)


def _descended(gram: FloatArray, target: FloatArray, codes: FloatArray, limit: int) -> FloatArray:
    """One code after the other moved to its best place with the others held, until none moves."""
    codes = codes.copy()
    for _ in range(PASSES):
        before = codes.copy()
        for place in np.flatnonzero(np.diag(gram) > 0):
            best = codes[place] + (target[place] - gram[place] @ codes) / gram[place, place]
            codes[place] = np.clip(np.rint(best), -limit, limit - 1)
        if (codes == before).all():
            break
    return codes
