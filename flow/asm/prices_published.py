"""Published and reported areas, powers and savings of alphabet-set multipliers, and transistor counts of bitline's own.

Nothing here is measured by this flow. Savings of the two papers differ and are never mixed.
"""

from dataclasses import dataclass

from flow.asm.published import P1, P2, P3, PUBLISHED, REPORTED

OURS = "ours"


@dataclass(frozen=True, kw_only=True)
class SavingFigure:
    """A saving in percent: of ``quantity``, of a neuron of {1} against a conventional one at equal speed."""

    source: str
    evidence: str
    bits: int
    quantity: str
    percent: float


def _saving(source: str, evidence: str, quantity: str, by_bits: dict[int, float]) -> tuple[SavingFigure, ...]:
    return tuple(
        SavingFigure(source=source, evidence=evidence, bits=bits, quantity=quantity, percent=percent)
        for bits, percent in by_bits.items()
    )


SAVINGS = (
    *_saving(P1, PUBLISHED, "energy", {8: 35.0, 12: 60.0}),
    *_saving(P1, PUBLISHED, "area", {8: 37.0, 12: 62.0}),
    *_saving(P2, REPORTED, "power", {4: 25.0, 8: 32.0, 12: 33.0}),
    *_saving(P2, REPORTED, "area", {4: 27.0, 8: 34.0, 12: 33.0}),
)
"""Whole neurons of {1}."""


@dataclass(frozen=True, kw_only=True)
class NeuronFigure:
    """A pair of P2's neurons at 45 nm, alphabet-set and conventional: ns, mW, and area in a unit that is not stated.

    How many alphabets the alphabet-set neuron has is not stated.
    """

    bits: int
    delay_ns: tuple[float, float]
    power_mw: tuple[float, float]
    area: tuple[float, float]

    @property
    def power_saving(self) -> float:
        """Part of the power saved; computed here."""
        return 1 - self.power_mw[0] / self.power_mw[1]

    @property
    def area_saving(self) -> float:
        """Part of the area saved; computed here."""
        return 1 - self.area[0] / self.area[1]


NEURONS = (
    NeuronFigure(bits=4, delay_ns=(0.21, 0.22), power_mw=(2.409, 2.894), area=(3476, 4784)),
    NeuronFigure(bits=8, delay_ns=(0.30, 0.31), power_mw=(3.679, 4.958), area=(7507, 10776)),
    NeuronFigure(bits=12, delay_ns=(0.34, 0.38), power_mw=(4.748, 6.231), area=(11300, 16904)),
)

SYSTEM_SAVINGS = (
    "1 % (4-bit) to 2.5 % (12-bit synapses) with a large on-chip memory, 4 to 9 % with one sized for the network",
    "more neurons for the accuracy of exact ones take the benefit back (8, 12 bits) or cost energy (4 bits)",
)
"""Energy saved in a whole system by P2. [reported]"""

SYSTEM_CLAIM = 50.0
SYSTEM_CLAIM_SOURCE = P3
"""More than this many percent of energy saved against a standard von Neumann counterpart. [published]"""

TRANSISTORS = {
    4: {"exact": 2002, "all eight": 2712, "{1,3,5,7}": 1914, "{1,3}": 1078, "{1}": 496},
    8: {"exact": 10516, "all eight": 13194, "{1,3,5,7}": 8704, "{1,3}": 5952, "{1}": 3450},
    12: {"exact": 24388, "all eight": 25826, "{1,3,5,7}": 19346, "{1,3}": 13614, "{1}": 8076},
}
"""Estimated transistors of four multipliers that share an input, by width and set; ours, by a generic gate mapping
without a library or timing, against the multiplier that synthesis chose."""
MAC_TRANSISTORS = {
    "exact": 1402,
    "{1,3} coded weights": 1244,
    "{1,3} both coded": 1302,
    "{1} coded weights": 1094,
    "{1} both coded": 798,
}
"""Of a MAC of 4-bit operands with 16 bits of accumulator, flip-flops not counted; ours, as above."""


def transistor_saving(bits: int, name: str) -> float:
    """Part of the transistors saved against four conventional multipliers."""
    row = TRANSISTORS[bits]
    return 1 - row[name] / row["exact"]
