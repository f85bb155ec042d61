"""What hardware of a crossbar needs of its parameters beyond what golden models do."""

from dataclasses import fields

from sim_models.arith.checking import require_choice
from sim_models.crossbar import CrossbarParameters

IDEAL, SAR, PORT = "ideal", "sar", "port"
"""Converters: one that gives its code in the next slot, search registers, and a network that is a port."""


def require_strategy(parameters: CrossbarParameters, strategy: str) -> None:
    """Raise ValueError for parameters of another strategy: before any others, whose ranges may depend on it."""
    if not isinstance(parameters.strategy, str) or parameters.strategy != strategy:
        raise ValueError(f"strategy must be {strategy!r}, not {parameters.strategy!r}")


def require_driven_bits(parameters: CrossbarParameters) -> None:
    """Raise ValueError for signed inputs that come in more than one bit: their top slice would be negative on rows."""
    if parameters.signed_inputs and parameters.dac_bits != 1:
        raise ValueError(f"dac_bits must be 1 with signed_inputs, not {parameters.dac_bits}")


def require_unused(parameters: CrossbarParameters, *names: str) -> None:
    """Raise ValueError unless these fields, which nothing in the hardware depends on, have their defaults."""
    defaults = {field.name: field.default for field in fields(parameters)}
    for name in names:
        if getattr(parameters, name) != defaults[name]:
            require_choice(f"{name} of this hardware", getattr(parameters, name), (defaults[name],))


def require_slots(parameters: CrossbarParameters, needed: int, what: str) -> None:
    """Raise ValueError unless an array cycle has ``needed`` slots, for ``what`` is done in one."""
    if parameters.slots_per_cycle < needed:
        raise ValueError(f"slots_per_cycle must be at least {needed}, {what}, not {parameters.slots_per_cycle}")


def require_divided(parameters: CrossbarParameters) -> None:
    """Raise ValueError unless each converter has as many outputs as the others."""
    if parameters.outputs % parameters.converters:
        raise ValueError(f"converters must divide outputs = {parameters.outputs}, not be {parameters.converters}")
