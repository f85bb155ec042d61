"""Products of vectors and one crossbar, by whichever strategy its parameters name."""

from numpy.typing import ArrayLike

from sim_models.arith.checking import require_instance
from sim_models.crossbar.cascade import cascade_dot
from sim_models.crossbar.hooks import IDEAL, ErrorHooks, Numbers
from sim_models.crossbar.isaac import isaac_dot
from sim_models.crossbar.neural_pim import neural_pim_codes
from sim_models.crossbar.parameters import CASCADE, ISAAC, CrossbarParameters
from sim_models.crossbar.record import Dot


def matvec(inputs: ArrayLike, weights: ArrayLike, parameters: CrossbarParameters) -> Numbers:
    """What a crossbar gives for ``inputs`` (..., rows) and ``weights`` (rows, outputs): int64 (..., outputs).

    The products for 'isaac' and 'cascade', exact integers where nothing limits their converters and cells, the codes of
    the fixed-point converter for 'neural_pim'. Raises ValueError as `isaac_dot` does.
    """
    return read_out(inputs, weights, parameters).values


def read_out(
    inputs: ArrayLike, weights: ArrayLike, parameters: CrossbarParameters, *, hooks: ErrorHooks = IDEAL
) -> Dot:
    """`matvec` with its record, and with errors of analog parts."""
    require_instance("parameters", parameters, CrossbarParameters)
    if parameters.strategy == ISAAC:
        return isaac_dot(inputs, weights, parameters, hooks=hooks)
    if parameters.strategy == CASCADE:
        return cascade_dot(inputs, weights, parameters, hooks=hooks)
    return neural_pim_codes(inputs, weights, parameters, hooks=hooks)
