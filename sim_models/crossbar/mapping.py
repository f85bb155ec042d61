"""How many arrays and chips hold the weights of a layer or network."""

from sim_models.arith.checking import require_instance, require_integer
from sim_models.crossbar.parameters import CrossbarParameters


def blocks(length: int, parameters: CrossbarParameters) -> int:
    """Row blocks of products of ``length`` terms. Raises ValueError for a length below 1."""
    require_instance("parameters", parameters, CrossbarParameters)
    require_integer("length", length, 1)
    return -(-length // parameters.rows)


def arrays(length: int, outputs: int, parameters: CrossbarParameters) -> int:
    """Arrays that hold weights (length, outputs). Raises ValueError for numbers below 1."""
    require_integer("outputs", outputs, 1)
    return blocks(length, parameters) * -(-outputs // parameters.outputs)


def chips(needed: int, arrays_per_chip: int) -> int:
    """Chips that hold ``needed`` arrays. Raises ValueError for numbers below 1."""
    require_integer("needed", needed, 1)
    require_integer("arrays_per_chip", arrays_per_chip, 1)
    return -(-needed // arrays_per_chip)


def require_fit(needed: int, arrays_per_chip: int, available: int = 1) -> None:
    """Raise ValueError, with the number of chips needed, where ``needed`` arrays do not fit ``available`` chips."""
    require_integer("available", available, 1)
    wanted = chips(needed, arrays_per_chip)
    if wanted > available:
        raise ValueError(
            f"chips must be at least {wanted} for {needed} arrays of {arrays_per_chip} a chip, not {available}"
        )
