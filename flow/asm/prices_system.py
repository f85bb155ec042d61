"""Energy of a multiply-accumulate with its memory and buses: von Neumann, near memory, in memory; every term shown.

Logic is bitline's, synthesised and simulated; memories and wires are `sim_models.asm.bit_energies`, a stated model. The
work is the layer of `flow.asm.prices_work`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flow.asm.prices_work import layer_operands
from flow.prices.asm import CODED, CODED_WEIGHTS, EXACT, SETS, Variant
from sim_models.asm import AsmParameters
from sim_models.asm.bit_energies import BitEnergies, bit_energies
from sim_models.asm.energy import (
    ArrayEnergy,
    MacEnergy,
    broadcast_bits,
    in_memory_energy,
    near_memory_energy,
    von_neumann_energy,
)

VON_NEUMANN, NEAR_MEMORY, IN_MEMORY = "von Neumann", "near memory", "in memory"
POSITIONS, LENGTH, OUTPUTS = 256, 144, 32
"""The second layer of the digits CNN: sums of 144 products, 32 outputs, 16 positions of each of 16 images."""
GROUPS = {
    "weight read": ("weight_read", "code_read"),
    "weight bus": ("weight_bus",),
    "inputs": ("input_read", "input_bus", "broadcast"),
    "outputs": ("output_write", "output_bus"),
    "array rows": ("read", "add", "load", "clear", "drain"),
    "logic": ("mac", "precompute", "peripheral"),
}
"""Terms of `sim_models.asm.energy` that are shown as one bar; together they are all terms."""
FACTORS = (0.5, 1.0, 2.0)
MEMORY, BUS = "memory", "bus"


@dataclass(frozen=True, kw_only=True)
class LaneEnergy:
    """pJ of lanes: ``mac`` of one multiply-accumulate, pre-computer left out; ``precompute`` of one input."""

    mac: float
    precompute: float


@dataclass(frozen=True, kw_only=True)
class System:
    """One way to compute the layer: ``placement``, ``variant`` and what is peculiar to it (``kind``)."""

    placement: str
    variant: Variant
    kind: str = ""

    @property
    def name(self) -> str:
        """As in ``in memory {1,3} coded weights, 3X added twice``."""
        return f"{self.placement} {self.variant.name}" + (f", {self.kind}" if self.kind else "")


ADDED_TWICE = "no 3X row"
BASELINE = System(placement=VON_NEUMANN, variant=EXACT)


@dataclass(frozen=True, kw_only=True)
class SystemEnergy:
    """The energy of ``system`` at ``bits``."""

    system: System
    bits: int
    energy: MacEnergy | ArrayEnergy

    def terms(self) -> dict[str, float]:
        """pJ of one multiply-accumulate by the names of `GROUPS`."""
        found = vars(self.energy)
        sums = {name: sum(found.get(term, 0.0) for term in terms) for name, terms in GROUPS.items()}
        return {name: total / self.energy.macs for name, total in sums.items()}

    @property
    def mac_pj(self) -> float:
        """pJ of one multiply-accumulate."""
        return self.energy.total / self.energy.macs


def systems(bits: int) -> list[System]:
    """Baseline; near memory with exact lanes, which shows what the place alone gives, and all sets; in memory."""
    near = [EXACT, *(Variant(alphabets=each, codes=CODED_WEIGHTS) for each in SETS[:2])]
    near += [Variant(alphabets=each) for each in SETS[2:]]
    if bits == 4:
        near += [Variant(alphabets=each, codes=CODED) for each in SETS[:2]]
    one, two = (Variant(alphabets=each, codes=CODED_WEIGHTS) for each in SETS[:2])
    inside = [(one, ""), (two, ""), (two, ADDED_TWICE)]
    return [
        BASELINE,
        *(System(placement=NEAR_MEMORY, variant=variant) for variant in near),
        *(System(placement=IN_MEMORY, variant=variant, kind=kind) for variant, kind in inside),
    ]


def system_energies(
    bits: int,
    lanes: Mapping[Variant, LaneEnergy],
    periphery: Mapping[tuple[int, ...], float],
    *,
    memory: float = 1.0,
    bus: float = 1.0,
) -> list[SystemEnergy]:
    """The energies of all systems at ``bits``; ``memory`` and ``bus`` scale the model's reads and writes, and wires.

    ``lanes``: of every variant of `systems` outside memory. ``periphery``: pJ of an addition of one word by alphabets.
    """
    return [
        SystemEnergy(system=each, bits=bits, energy=_energy(each, bits, lanes, periphery, (memory, bus)))
        for each in systems(bits)
    ]


def _energy(
    system: System,
    bits: int,
    lanes: Mapping[Variant, LaneEnergy],
    periphery: Mapping[tuple[int, ...], float],
    factors: tuple[float, float],
) -> MacEnergy | ArrayEnergy:
    p = system_parameters(system, bits)
    scaled = _scaled(bit_energies(p), *factors)
    if system.placement == IN_MEMORY:
        row = p.lanes_in_row * periphery[p.alphabets]
        return in_memory_energy(layer_operands(p).weights, POSITIONS, p, peripheral_pj=row, energies=scaled)
    lane = lanes[system.variant]
    if system.placement == VON_NEUMANN:
        return von_neumann_energy(POSITIONS, LENGTH, OUTPUTS, p, exact_mac_pj=lane.mac, energies=scaled)
    found = near_memory_energy(
        POSITIONS, LENGTH, OUTPUTS, p, mac_pj=lane.mac, precompute_pj=lane.precompute, energies=scaled
    )
    if system.variant == EXACT:  # its lanes are given the input alone, as those of {1} are
        return replace(found, broadcast=found.broadcast * p.input_bits / broadcast_bits(p))
    return found


def system_parameters(system: System, bits: int) -> AsmParameters:
    """Four lanes, as measured; memories of 256 rows of 256 bits."""
    variant = system.variant
    return AsmParameters(
        alphabets=variant.alphabets or SETS[-1],
        weight_bits=bits,
        input_bits=bits,
        encode_weights=variant.codes != "plain",
        encode_inputs=variant.codes == CODED,
        placement="in_memory" if system.placement == IN_MEMORY else "near_memory",
        store_triple=system.kind != ADDED_TWICE,
    )


def savings(points: Sequence[SystemEnergy]) -> dict[str, dict[str, float]]:
    """For each system but the first, the baseline: what each term saves, as parts of the baseline's total."""
    base, *others = points
    return {
        each.system.name: {name: (term - each.terms()[name]) / base.mac_pj for name, term in base.terms().items()}
        for each in others
    }


def _scaled(energies: BitEnergies, memory: float, bus: float) -> BitEnergies:
    return BitEnergies(
        read=energies.read * memory,
        write=energies.write * memory,
        bus=energies.bus * bus,
        broadcast=energies.broadcast * bus,
    )
