"""How long the buffer cells of strategy B last."""

from sim_models.arith.checking import require_instance, require_integer, require_real
from sim_models.crossbar.parameters import CASCADE, CrossbarParameters


def write_rate(parameters: CrossbarParameters) -> float:
    """Writes a second to a buffer cell without pause: one a product of its array, its banks in turn.

    Raises ValueError for another strategy. Source: ours.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    if parameters.strategy != CASCADE:
        raise ValueError(f"strategy must be {CASCADE!r}, not {parameters.strategy!r}")
    return 1e9 / (parameters.cycles * parameters.cycle_time_ns)


def lifetime_seconds(parameters: CrossbarParameters, writes: float, *, banks: int = 1) -> float:
    """Seconds until a cell has seen ``writes``; two ``banks`` halve what each sees.

    Raises ValueError as `write_rate`, for writes outside 1..1e18 and for banks other than 1 and 2.
    """
    require_real("writes", writes, 1, 1e18)
    require_integer("banks", banks, 1, 2)
    return writes * banks / write_rate(parameters)
