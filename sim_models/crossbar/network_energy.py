"""Energy of a network's image: products of arrays, additions of row blocks, and a share of the off-chip links."""

from dataclasses import dataclass

from sim_models.arith.checking import require_instance
from sim_models.crossbar.costs import unit_cost
from sim_models.crossbar.energy import ProductEnergy
from sim_models.crossbar.evidence import OURS, require_evidence
from sim_models.crossbar.network_counts import total_counts
from sim_models.crossbar.networks import Network
from sim_models.crossbar.throughput import MappedNetwork, strategy_parameters


@dataclass(frozen=True, kw_only=True)
class NetworkEnergy:
    """Energies of one image in pJ, those of `ProductEnergy` added over all products. Raises ValueError unlabelled."""

    network: str
    strategy: str
    products: float
    block_adds: float
    links: float
    evidence: str

    def __post_init__(self) -> None:
        require_evidence(self.evidence)

    @property
    def on_chip(self) -> float:
        """All but the links."""
        return self.products + self.block_adds

    @property
    def total(self) -> float:
        """All of it."""
        return self.on_chip + self.links


def network_energy(network: Network, place: MappedNetwork, product: ProductEnergy) -> NetworkEnergy:
    """Energy of an image of ``network`` on ``place``, whose arrays take ``product`` each time.

    A shift-add of the table for each addition of results of two row blocks. Links: their constant power on every chip,
    for the time between images; that charges idle links too. Raises ValueError for arguments of another kind and for a
    place of another network.
    """
    require_instance("network", network, Network)
    require_instance("place", place, MappedNetwork)
    require_instance("product", product, ProductEnergy)
    if place.network != network.name:
        raise ValueError(f"place must be that of {network.name}, not of {place.network}")
    counts = total_counts(network.layers, strategy_parameters(place.strategy, place.dac_bits))
    watt = unit_cost("off-chip links of a chip").value
    return NetworkEnergy(
        network=network.name,
        strategy=place.strategy,
        products=counts.array_vmms * product.total,
        block_adds=counts.block_adds * unit_cost("shift-add").value,
        links=watt * place.chips * place.image_ns * 1e3,
        evidence=OURS,
    )
