"""Published figures of converters and of the accelerator around them, and the converters' share of its power.

Sources: energy and area by resolution from https://github.com/Accelergy-Project/hwcomponents-library (32 nm, after
Kull et al., ISSCC 2013); the tile from Shafiee et al., "ISAAC", ISCA 2016, Table I, as reported.
"""

import math
from dataclasses import dataclass

ADC_PJ = {4: 0.79, 5: 0.99, 6: 1.20, 7: 1.42, 8: 1.67}
"""Energy of a conversion by bits."""

ADC_UM2 = {4: 361.0, 5: 477.0, 6: 627.0, 7: 845.0, 8: 1200.0}
"""Area of a converter by bits."""

UNITS_PER_TILE = 12
ADCS_PER_UNIT = 8

TILE_MW = {
    "edram_buffer": 20.7,
    "bus": 7.0,
    "router": 42.0 / 4,  # shared by four tiles
    "sigmoid": 0.52,
    "shift_add": 0.05,
    "max_pool": 0.4,
    "output_register": 1.68,
}
"""Power of the parts that a tile has once."""

UNIT_MW = {
    "adc": 16.0,
    "dac": 4.0,
    "sample_hold": 0.01,
    "arrays": 2.4,
    "shift_add": 0.2,
    "input_register": 1.24,
    "output_register": 0.23,
}
"""Power of the parts of one multiply-accumulate unit, of which a tile has `UNITS_PER_TILE`."""

TILE_MM2 = {
    "edram_buffer": 0.083,
    "bus": 0.090,
    "router": 0.151 / 4,
    "sigmoid": 0.0006,
    "shift_add": 0.00006,
    "max_pool": 0.00024,
    "output_register": 0.0032,
}
"""Area of the parts that a tile has once."""

UNIT_MM2 = {
    "adc": 0.0096,
    "dac": 0.00017,
    "sample_hold": 0.00004,
    "arrays": 0.0002,
    "shift_add": 0.00024,
    "input_register": 0.0021,
    "output_register": 0.00077,
}
"""Area of the parts of one unit."""


@dataclass(frozen=True, kw_only=True)
class TilePower:
    """Power of a tile in mW: ``components``, those of its units with ``unit_`` before their names, times their number.

    ``added_control`` among them is what was added to the converters.
    """

    components: dict[str, float]

    @property
    def total_mw(self) -> float:
        """All components."""
        return sum(self.components.values())

    @property
    def adc_share(self) -> float:
        """The converters, with what was added to them, over the whole."""
        return (self.components["unit_adc"] + self.components["added_control"]) / self.total_mw


def tile_power(adc_scale: float = 1.0, added_control_mw: float = 0.0) -> TilePower:
    """A tile whose converters take ``adc_scale`` times their power, each with ``added_control_mw`` more for control.

    Raises ValueError for arguments that are negative or not finite.
    """
    for name, value in (("adc_scale", adc_scale), ("added_control_mw", added_control_mw)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and at least 0, not {value}")
    units = {f"unit_{name}": UNITS_PER_TILE * power for name, power in UNIT_MW.items()}
    units["unit_adc"] *= adc_scale
    added = UNITS_PER_TILE * ADCS_PER_UNIT * added_control_mw
    return TilePower(components=TILE_MW | units | {"added_control": added})


def tile_area_mm2() -> float:
    """Area of a tile."""
    return sum(TILE_MM2.values()) + UNITS_PER_TILE * sum(UNIT_MM2.values())
