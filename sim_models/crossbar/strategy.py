"""Refusal of parameters that belong to another dataflow."""

from sim_models.arith.checking import require_instance
from sim_models.crossbar.hooks import ErrorHooks
from sim_models.crossbar.parameters import CrossbarParameters


def require_strategy(parameters: CrossbarParameters, strategy: str, hooks: ErrorHooks) -> None:
    """Raise ValueError unless ``parameters`` are those of ``strategy`` and ``hooks`` for parts that it has."""
    require_instance("parameters", parameters, CrossbarParameters)
    require_instance("hooks", hooks, ErrorHooks)
    if parameters.strategy != strategy:
        raise ValueError(f"strategy must be {strategy!r}, not {parameters.strategy!r}")
    hooks.require_strategy(strategy)
