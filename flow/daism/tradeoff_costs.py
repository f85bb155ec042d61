"""What the blocks of a bank cost, for the trade-off study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flow.daism.arithmetic import EXACT, arithmetic
from flow.daism.arithmetic import VARIANTS as ARITHMETICS
from flow.daism.tradeoff_energy import ACCESSES, LaneEnergies
from flow.libraries import Library
from flow.prices.daism import (
    AroundBanks,
    LanePrice,
    TimedLane,
    accumulator_um2,
    around_banks,
    control_um2,
    lane_price,
    loader_lane_um2,
    timed_lanes,
)
from hdl.daism.bank_parameters import BankParameters
from sim_models.daism.energy import LogicEnergies
from sim_models.daism.parameters import KEPT_COLUMNS

VARIANTS: dict[str, dict[str, Any]] = {
    name: {field: getattr(arithmetic(name).parameters, field) for field in ("variant", "hla_mode")}
    for name in ARITHMETICS
    if name != EXACT
}
"""What the variants' names stand for."""
LATENCIES = (1, 2, 3, 4)
"""Stages of the accumulate loop for which lanes are mapped for speed."""


@dataclass(frozen=True, kw_only=True)
class BlockCosts:
    """What the blocks of a bank cost: um2, and pJ of a product in a lane.

    Lanes by (kept columns, accesses), the loader's share of a lane by (variant, kept columns). ``exact_lane`` is the
    lane with a multiplier, ``accumulator_um2`` what both have of it; ``control_um2`` is of ``pc3``, that of the others
    differs by 4 % at most. ``around``: the controller, and what else lies outside the banks.
    """

    lanes: Mapping[tuple[str, int], LanePrice]
    exact_lane: LanePrice
    accumulator_um2: float
    loader_um2: Mapping[tuple[str, str], float]
    control_um2: float
    around: AroundBanks
    logic: Mapping[tuple[str, int], LogicEnergies]


@dataclass(frozen=True, kw_only=True)
class Speeds:
    """Lanes mapped for speed: the one behind the array (``pc3``, truncated) and the exact one, all that were tried."""

    lanes: tuple[TimedLane, ...]
    exact: tuple[TimedLane, ...]


def block_costs(library: Library, measured: LaneEnergies | None, step: Callable[[str], None]) -> BlockCosts:
    """Price all blocks by their best recipes; energies are ``measured`` or, without any, those of the model.

    Raises SynthesisError where a recipe fails.
    """
    step("pricing lanes")
    lanes = {
        (kept, accesses): lane_price(BankParameters(kept_columns=kept, **fields), library)
        for accesses, fields in ACCESSES.items()
        for kept in KEPT_COLUMNS
    }
    step("pricing loaders")
    loaders = {
        (name, kept): loader_lane_um2(BankParameters(kept_columns=kept, **fields), library)
        for name, fields in VARIANTS.items()
        for kept in KEPT_COLUMNS
    }
    return BlockCosts(
        lanes=lanes,
        exact_lane=lane_price(BankParameters(), library, exact=True),
        accumulator_um2=accumulator_um2(BankParameters(), library),
        loader_um2=loaders,
        control_um2=control_um2(BankParameters(), library),
        around=around_banks(BankParameters(), library),
        logic=measured.logic() if measured else dict.fromkeys(lanes, LogicEnergies()),
    )


def lane_speeds(library: Library) -> Speeds:
    """Map both lanes for speed with each of `LATENCIES`. Raises ToolMissing without OpenSTA."""
    lanes, exact = (timed_lanes(BankParameters(), library, LATENCIES, exact=each) for each in (False, True))
    return Speeds(lanes=tuple(lanes), exact=tuple(exact))


def smallest_within(lanes: Sequence[TimedLane], period_ps: float) -> TimedLane | None:
    """The smallest of ``lanes`` without a path longer than ``period_ps``; None where all are slower."""
    return min((lane for lane in lanes if lane.longest_ps <= period_ps), key=lambda it: it.area_um2, default=None)
