"""Designs of the catalog that are the digital part of one array of each strategy, and how they are set.

The array is that of the energy model: 128 x 128 cells of one bit, 8 outputs, 8-bit data.
"""

from dataclasses import dataclass
from typing import Any

from gen.catalog import Design, find
from hdl.crossbar.requirements import IDEAL, PORT, SAR
from hdl.crossbar.tile_converters import TileParameters
from sim_models.crossbar.energy import OUTPUTS
from sim_models.crossbar.parameters import CASCADE, DIFFERENTIAL, ISAAC, NEURAL_PIM, SEPARATE

NAMES = {ISAAC: "crossbar_tile_isaac", CASCADE: "crossbar_tile_cascade", NEURAL_PIM: "crossbar_tile_neural_pim"}
"""One operation of their workloads is a product of the array with one vector."""

_ARRAY: dict[str, Any] = {
    "rows": 128,
    "input_bits": 8,
    "weight_bits": 8,
    "cell_bits": 1,
    "weight_encoding": DIFFERENTIAL,
    "signed_inputs": False,
    "outputs": OUTPUTS,
    "slots_per_cycle": 128,
}
SETTINGS: dict[str, dict[str, Any]] = {
    ISAAC: _ARRAY | {"dac_bits": 1, "flip_encoding": False, "conversion_polarity": SEPARATE, "converter": IDEAL},
    CASCADE: _ARRAY | {"dac_bits": 1, "bitline_bits": None, "carry_columns": 0, "converter": IDEAL},
    NEURAL_PIM: _ARRAY | {"dac_bits": 4, "output_bits": 8, "converter": PORT},
}
"""Converters are ports, so that their logic is in no area."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """The tile of a strategy, with as many bits into an array cycle; ``searches``: the registers of its converters
    are in it."""

    strategy: str
    dac_bits: int
    searches: bool = False

    @property
    def design(self) -> Design:
        """The design of the catalog. Raises ValueError where it has none."""
        return find(NAMES[self.strategy])

    @property
    def name(self) -> str:
        """The strategy and its DAC."""
        return f"{self.strategy}, {self.dac_bits}-bit DAC" + (", searching" if self.searches else "")

    @property
    def parameters(self) -> TileParameters:
        """Those of the design. Raises ValueError as they do."""
        fields = SETTINGS[self.strategy] | {"dac_bits": self.dac_bits} | ({"converter": SAR} if self.searches else {})
        made: TileParameters = self.design.configuration()(**fields)
        return made


TILES = (
    Tile(strategy=ISAAC, dac_bits=1),
    Tile(strategy=ISAAC, dac_bits=1, searches=True),
    Tile(strategy=CASCADE, dac_bits=1),
    Tile(strategy=NEURAL_PIM, dac_bits=1),
    Tile(strategy=NEURAL_PIM, dac_bits=4),
)
