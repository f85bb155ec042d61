"""Energies per bit of memories and wires, by stated models, and how much each of them matters."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from sim_models.arith.checking import require_instance, require_real
from sim_models.asm.parameters import AsmParameters
from sim_models.daism.energy import SramModel
from sim_models.daism.energy_sensitivity import Sensitivity

LARGEST_PJ = 1e12
SOURCES = {
    "read": "SRAM model of sim_models.daism.energy: capacitances and swings, assumptions checked against a published "
    "45 nm access energy",
    "write": "the same SRAM model: one bitline of every pair swings by the supply",
    "bus": "assumption: 1 mm of wire at 0.2 fF/um and 1 V, half of the bits change",
    "broadcast": "assumption: 50 um of the same wire per lane",
    "exact_mac_pj": "argument: synthesis and simulation of the exact MAC",
    "mac_pj": "argument: synthesis and simulation of the alphabet-set MAC",
    "precompute_pj": "argument: synthesis and simulation of the pre-computer",
    "peripheral_pj": "argument: synthesis and simulation of latch, column multiplexers and carry chains of a row",
}
"""Where each constant comes from, by field of `BitEnergies` and by argument."""


@dataclass(frozen=True, kw_only=True)
class WireModel:
    """Wires: ``ff_per_um``, ``supply_v``, ``activity`` (share of bits that change), ``bus_um`` from a memory to its
    user, ``lane_um`` of a broadcast per lane. Raises ValueError for negative numbers and an activity above 1.
    """

    ff_per_um: float = 0.2
    supply_v: float = 1.0
    activity: float = 0.5
    bus_um: float = 1000.0
    lane_um: float = 50.0

    def __post_init__(self) -> None:
        _require_reals(self)
        require_real("activity", self.activity, 0, 1)

    def bit_pj(self, length_um: float) -> float:
        """Energy of a bit over ``length_um`` of wire."""
        return length_um * self.ff_per_um * self.supply_v**2 * self.activity * 1e-3


@dataclass(frozen=True, kw_only=True)
class BitEnergies:
    """Picojoule per bit: ``read`` from and ``write`` to a memory, moved over the ``bus``, ``broadcast`` past one lane.

    Raises ValueError for negative numbers. Sources: `SOURCES`.
    """

    read: float
    write: float
    bus: float
    broadcast: float

    def __post_init__(self) -> None:
        _require_reals(self)


def bit_energies(
    parameters: AsmParameters, *, sram: SramModel | None = None, wires: WireModel | None = None
) -> BitEnergies:
    """Energies per bit of memories of ``rows`` and ``columns``, a whole row with its decoder shared by its bits.

    Raises ValueError for arguments of another kind.
    """
    p, array, metal = parameters, sram or SramModel(), wires or WireModel()
    for name, value, kind in (
        ("parameters", p, AsmParameters),
        ("sram", array, SramModel),
        ("wires", metal, WireModel),
    ):
        require_instance(name, value, kind)
    return BitEnergies(
        read=(array.read_pj(p.rows, p.columns) + array.decode_pj) / p.columns,
        write=array.write_pj(p.rows, p.columns) / p.columns,
        bus=metal.bit_pj(metal.bus_um),
        broadcast=metal.bit_pj(metal.lane_um),
    )


def sensitivity(
    total: Callable[[BitEnergies], float], energies: BitEnergies, *, factor: float = 2.0
) -> list[Sensitivity]:
    """What each of ``energies``, divided and multiplied by ``factor``, does to ``total``; largest effect first.

    Raises ValueError for a ``factor`` outside 1..100.
    """
    require_real("factor", factor, 1, 100)
    require_instance("energies", energies, BitEnergies)

    def varied(name: str, times: float) -> float:
        return total(replace(energies, **{name: getattr(energies, name) * times}))

    found = [
        Sensitivity(field=field.name, low=varied(field.name, 1 / factor), high=varied(field.name, factor))
        for field in fields(BitEnergies)
    ]
    return sorted(found, key=lambda each: each.low - each.high)


def _require_reals(numbers: object) -> None:
    for field in fields(numbers):  # type: ignore[arg-type]  # every caller is a dataclass
        require_real(field.name, getattr(numbers, field.name), 0, LARGEST_PJ)
