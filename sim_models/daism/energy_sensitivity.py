"""What each assumption of the energy model does to the energy of a layer."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from sim_models.arith.checking import require_real
from sim_models.daism.cycles import Counters
from sim_models.daism.energy import LARGEST, LogicEnergies, SramModel, layer_energy
from sim_models.daism.parameters import DaismParameters

_Model = TypeVar("_Model", SramModel, LogicEnergies)


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Total energy in picojoule with one field divided and multiplied by the factor."""

    field: str
    low: float
    high: float


def sensitivity(
    counters: Counters,
    parameters: DaismParameters,
    *,
    factor: float = 2.0,
    sram: SramModel | None = None,
    logic: LogicEnergies | None = None,
    spilled_words: int = 0,
    dram_words: int = 0,
) -> list[Sensitivity]:
    """What each assumption does to the energy of a layer, largest effect first; areas left out.

    A swing, fraction or efficiency goes no higher than it may. Raises ValueError as `layer_energy` and for a ``factor``
    outside 1..100.
    """
    require_real("factor", factor, 1, 100)
    array, energies = sram or SramModel(), logic or LogicEnergies()

    def total(changed_sram: SramModel, changed_logic: LogicEnergies) -> float:
        return layer_energy(
            counters,
            parameters,
            sram=changed_sram,
            logic=changed_logic,
            spilled_words=spilled_words,
            dram_words=dram_words,
        ).total

    found = _varied(array, factor, lambda changed: total(changed, energies))
    found += _varied(energies, factor, lambda changed: total(array, changed))
    return sorted(found, key=lambda each: each.low - each.high)


def _varied(base: _Model, factor: float, total: Callable[[_Model], float]) -> list[Sensitivity]:
    areas = ("cell_um2", "array_efficiency")
    return [
        Sensitivity(
            field=field.name,
            low=total(_with(base, field.name, 1 / factor)),
            high=total(_with(base, field.name, factor)),
        )
        for field in fields(base)
        if field.name not in areas
    ]


def _with(base: _Model, name: str, factor: float) -> _Model:
    changes = {name: getattr(base, name) * factor}
    if isinstance(base, SramModel):
        limit = {"read_swing_v": base.supply_v, "discharged_fraction": 1.0}.get(name, LARGEST)
        changes[name] = min(changes[name], limit)
        if name == "supply_v":  # the swing is a share of the supply
            changes["read_swing_v"] = base.read_swing_v * factor
    return replace(base, **changes)
