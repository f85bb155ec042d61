"""The exact circuits that every saving is measured against: the smallest that the tools here find, not the first."""

from flow.baselines.baseline import Baseline, saving, smallest
from flow.baselines.designs import float_adder, float_multiplier, mac, multiplier, sar_logic

__all__ = [
    "Baseline",
    "float_adder",
    "float_multiplier",
    "mac",
    "multiplier",
    "sar_logic",
    "saving",
    "smallest",
]
