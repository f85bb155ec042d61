"""Images a second of a network on chips of equal number or of equal area, layers copied where arrays are left."""

from dataclasses import dataclass, replace

from sim_models.arith.checking import require_choice, require_instance, require_integer
from sim_models.crossbar.chip import Chip, chip
from sim_models.crossbar.formulas import initiation_interval
from sim_models.crossbar.mapping import chips, require_fit
from sim_models.crossbar.network_counts import layer_counts
from sim_models.crossbar.networks import Network
from sim_models.crossbar.parameters import ISAAC, NEURAL_PIM, STRATEGIES, CrossbarParameters
from sim_models.crossbar.presets import eight_bit
from sim_models.crossbar.replication import replicate

CHIPS, TILE_AREA = "chips", "tile area"
AREA_RULES = (CHIPS, TILE_AREA)
"""``chips``: as many chips of each design, whose areas differ by 5 %. ``tile area``: as much area of tiles as that many
chips of Neural-PIM have, arrays in proportion."""


@dataclass(frozen=True, kw_only=True)
class MappedNetwork:
    """One network on ``chips`` of one design: arrays there are and ``used``, products of the slowest copy one after
    another, time between images. ``fits_on``: the fewest chips that hold the network once.
    """

    network: str
    strategy: str
    dac_bits: int
    chips: int
    fits_on: int
    arrays: int
    used: int
    steps: int
    image_ns: float

    @property
    def images_per_second(self) -> float:
        """Throughput with images following each other through the layers."""
        return 1e9 / self.image_ns


def strategy_parameters(strategy: str, dac_bits: int = 1) -> CrossbarParameters:
    """Arrays of 128 rows and 8 outputs, 8-bit data. Raises ValueError for more than one DAC bit in a baseline."""
    require_choice("strategy", strategy, STRATEGIES)
    if strategy != NEURAL_PIM:
        require_choice(f"dac_bits of {strategy!r}", dac_bits, (1,))
    return replace(eight_bit(strategy), dac_bits=dac_bits)


def arrays_of(network: Network) -> int:
    """Arrays that hold ``network`` once, in any of the strategies: their arrays are equal."""
    require_instance("network", network, Network)
    p = strategy_parameters(ISAAC)
    return sum(layer_counts(layer, p).arrays for layer in network.layers)


def common_chips(network: Network, area_rule: str = CHIPS) -> int:
    """The fewest chips on which every design holds ``network``. Raises ValueError for another rule."""
    needed = arrays_of(network)
    return max(chips(needed, budget(strategy, 1, area_rule).arrays) for strategy in STRATEGIES)


def budget(strategy: str, count: int, area_rule: str = CHIPS) -> Chip:
    """Arrays and area of ``count`` chips. Raises ValueError for another rule or strategy and a count below 1."""
    require_choice("area_rule", area_rule, AREA_RULES)
    require_integer("count", count, 1)
    one = chip(strategy)
    area = chip(NEURAL_PIM).tiles_mm2 if area_rule == TILE_AREA else one.tiles_mm2
    return replace(one.with_tiles_mm2(count * area), evidence=one.evidence)


def mapped(
    network: Network, strategy: str, *, chips_available: int, dac_bits: int = 1, area_rule: str = CHIPS
) -> MappedNetwork:
    """Copies of the layers of ``network`` on ``chips_available``, and the time between images. ::

        image_ns = max over layers of ceil(L / copies) * initiation interval * cycle_time_ns

    Raises ValueError, with the number of chips needed, where the network does not fit once.
    """
    p = strategy_parameters(strategy, dac_bits)
    one = budget(strategy, 1, area_rule).arrays
    needed = arrays_of(network)
    require_fit(needed, one, chips_available)
    there = budget(strategy, chips_available, area_rule).arrays
    layers = network.layers
    found = replicate([layer_counts(layer, p).arrays for layer in layers], [layer.positions for layer in layers], there)
    return MappedNetwork(
        network=network.name,
        strategy=strategy,
        dac_bits=dac_bits,
        chips=chips_available,
        fits_on=chips(needed, one),
        arrays=there,
        used=found.used,
        steps=found.steps,
        image_ns=found.steps * initiation_interval(p) * p.cycle_time_ns,
    )
