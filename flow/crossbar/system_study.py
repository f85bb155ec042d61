"""The nine networks on all three designs: counts, energies by both rules of accounting, throughput."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from sim_models.crossbar.energy import RULES, ProductEnergy, energies
from sim_models.crossbar.energy_sensitivity import central
from sim_models.crossbar.network_counts import LayerCounts, total_counts
from sim_models.crossbar.network_energy import NetworkEnergy, network_energy
from sim_models.crossbar.networks import NETWORKS, Network, load
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, STRATEGIES
from sim_models.crossbar.presets import ISAAC_PAPER
from sim_models.crossbar.throughput import (
    AREA_RULES,
    MappedNetwork,
    common_chips,
    mapped,
    strategy_parameters,
)

DAC_BITS = (1, 2, 4)
SYSTEM_DAC_BITS = 4
"""DAC of the system's results; the others are beside them."""
MULTIPLES = (1, 2, 4, 16)
"""Chips over the fewest that hold a network: how much of a result is the arrays that happen to be left."""


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """One network: its counts on arrays of 128 x 8 (``counts``) and on ISAAC's own (``isaac``), energies by rule and
    strategy, and where its layers lie, by strategy and DAC bits, on the fewest chips that hold it in all designs.
    """

    network: Network
    counts: LayerCounts
    isaac: LayerCounts
    energies: Mapping[str, Mapping[str, NetworkEnergy]]
    places: Mapping[tuple[str, int], MappedNetwork]

    @property
    def conversions_per_mac(self) -> float:
        """Of ISAAC with its own 16-bit arrays, the unit column's included."""
        return (self.isaac.conversions + self.isaac.unit_conversions) / self.network.macs

    @property
    def normalised(self) -> float:
        """Conversions of Neural-PIM over multiply-accumulates, times its 128 rows: 1 without edges."""
        return self.counts.conversions * strategy_parameters(NEURAL_PIM).rows / self.network.macs

    def speed_up(self, strategy: str, dac_bits: int = SYSTEM_DAC_BITS) -> float:
        """Images a second of Neural-PIM over those of another strategy."""
        return self.places[strategy, 1].image_ns / self.places[NEURAL_PIM, dac_bits].image_ns

    def saving(self, rule: str, strategy: str, *, links: bool = False) -> float:
        """Energy of another strategy over that of Neural-PIM, on the chip or with the off-chip links."""
        ours, other = self.energies[rule][NEURAL_PIM], self.energies[rule][strategy]
        return other.total / ours.total if links else other.on_chip / ours.on_chip


def network_rows(digital_pj: Mapping[str, float] | None = None) -> list[NetworkRow]:
    """All networks of `NETWORKS`, with the energies of products at `central`."""
    products = {rule: energies(central(rule), digital_pj) for rule in RULES}
    return [network_row(load(name), products) for name in NETWORKS]


def network_row(network: Network, products: Mapping[str, Mapping[str, ProductEnergy]]) -> NetworkRow:
    """One network; ``products``: energies of a product by rule and strategy."""
    count = common_chips(network)
    cases = [(strategy, 1) for strategy in STRATEGIES] + [(NEURAL_PIM, bits) for bits in DAC_BITS[1:]]
    places = {(name, bits): mapped(network, name, chips_available=count, dac_bits=bits) for name, bits in cases}
    chosen = {ISAAC: 1, CASCADE: 1, NEURAL_PIM: SYSTEM_DAC_BITS}
    return NetworkRow(
        network=network,
        counts=total_counts(network.layers, strategy_parameters(NEURAL_PIM)),
        isaac=total_counts(network.layers, ISAAC_PAPER),
        energies={
            rule: {name: network_energy(network, places[name, chosen[name]], of[name]) for name in STRATEGIES}
            for rule, of in products.items()
        },
        places=places,
    )


@dataclass(frozen=True, kw_only=True)
class MeanSpeedUp:
    """Mean over the networks of Neural-PIM's throughput over ISAAC's and CASCADE's, arithmetic and geometric."""

    area_rule: str
    multiple: int
    over_isaac: float
    over_cascade: float
    over_isaac_geometric: float


def mean_speed_ups() -> list[MeanSpeedUp]:
    """Means for both rules of equal area and each of `MULTIPLES` of the fewest chips, at `SYSTEM_DAC_BITS`."""
    return [_mean(rule, multiple) for rule in AREA_RULES for multiple in MULTIPLES]


def _mean(area_rule: str, multiple: int) -> MeanSpeedUp:
    over: dict[str, list[float]] = {ISAAC: [], CASCADE: []}
    for name in NETWORKS:
        network = load(name)
        count = multiple * common_chips(network, area_rule)
        times = {
            strategy: mapped(
                network,
                strategy,
                chips_available=count,
                dac_bits=SYSTEM_DAC_BITS if strategy == NEURAL_PIM else 1,
                area_rule=area_rule,
            ).image_ns
            for strategy in STRATEGIES
        }
        for strategy, ratios in over.items():
            ratios.append(times[strategy] / times[NEURAL_PIM])
    return MeanSpeedUp(
        area_rule=area_rule,
        multiple=multiple,
        over_isaac=mean(over[ISAAC]),
        over_cascade=mean(over[CASCADE]),
        over_isaac_geometric=2.0 ** mean([log2(each) for each in over[ISAAC]]),
    )


def mean(values: list[float]) -> float:
    """Arithmetic mean. Raises ValueError for none."""
    if not values:
        raise ValueError("values must be at least one, not none")
    return sum(values) / len(values)


def reference_mean(rows: list[NetworkRow], rule: str, strategy: str) -> float:
    """Mean saving over ``rows`` on the chip."""
    return mean([row.saving(rule, strategy) for row in rows])
