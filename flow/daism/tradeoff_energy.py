"""Energies of lanes at gate level, in the form in which the energy model takes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flow.libraries import Library
from flow.power import Energy, design_energy
from gen.catalog import find as find_design
from hdl.daism.bank_parameters import BankParameters
from sim_models.daism.energy import LogicEnergies
from sim_models.daism.eyeriss import EyerissParameters
from sim_models.daism.parameters import KEPT_COLUMNS

ACCESSES: dict[int, dict[str, Any]] = {1: {"variant": "pc3"}, 2: {"variant": "hla", "hla_mode": "b"}}
"""Accesses of a product, and a variant with so many; lanes do not differ otherwise."""


@dataclass(frozen=True, kw_only=True)
class LaneEnergies:
    """Energy of a product and its accumulation, partial sums included, in each lane; and in the accumulator alone.

    ``lanes`` by (kept columns, accesses).
    """

    lanes: Mapping[tuple[str, int], Energy]
    exact_lane: Energy
    accumulator: Energy

    def logic(self) -> dict[tuple[str, int], LogicEnergies]:
        """The measured energies in place of the stated ones: all of a lane but the side memory."""
        sums = self.accumulator.total_pj
        return {
            key: replace(
                LogicEnergies(),
                exponent=0.0,
                normalise=max(0.0, lane.total_pj - sums),
                accumulate=min(lane.total_pj, sums),
                partial_sum=0.0,
            )
            for key, lane in self.lanes.items()
        }

    def baseline(self) -> EyerissParameters:
        """The baseline with the measured exact lane, whose partial sums are in it: two accesses of registers less."""
        stated = EyerissParameters()
        return replace(stated, mac_pj=self.exact_lane.total_pj, register_ratio=stated.register_ratio / 2)


def lane_energies(library: Library) -> LaneEnergies:
    """Measure every lane on the same dot products of normal operands.

    Raises what `flow.power.design_energy` raises: ToolMissing without OpenSTA, Verilator or a compiler.
    """
    lane = find_design("daism_lane")
    lanes = {
        (kept, accesses): design_energy(lane, BankParameters(kept_columns=kept, **fields), library)
        for accesses, fields in ACCESSES.items()
        for kept in KEPT_COLUMNS
    }
    return LaneEnergies(
        lanes=lanes,
        exact_lane=design_energy(find_design("daism_exact_lane"), BankParameters(), library),
        accumulator=design_energy(find_design("daism_accumulator"), BankParameters(), library),
    )
