"""Outputs of the controllers of strategies B and C, and when each means something."""

from hdl.crossbar import CascadeParameters, NeuralPimParameters

Controlled = CascadeParameters | NeuralPimParameters

_GOES_WITH = {
    "first": "accum",
    "negate": "accum",
    "group": "adc_start",
    "read_bank": "adc_start",
    "column": "adc_start",
    "code_first": "code_valid",
    "code_column": "code_valid",
    "offset": "write",
    "swap": "write",
}
DRIVEN = ("index", "negative", "driven_bank")
"""Of B, with ``drive``."""
BOTH: tuple[str, ...] = ("busy", "load", "drive", "step", "bl_strobe", "adc_start", "adc_next", "group", "read_bank")
BOTH += ("code_valid", "code_first", "hold_results", "done", "start_ignored")
OF_B: tuple[str, ...] = ("write", "bank", "offset", "swap", "clear", "column", "code_column", "offer", "stall_count")
OF_B += DRIVEN
OF_C = ("accum", "first", "negate", "bank", "fb_strobe", "write")


def goes_with(parameters: Controlled) -> dict[str, str]:
    """Outputs that mean something only while a strobe is 1, and that strobe."""
    driven = dict.fromkeys(DRIVEN, "drive")
    return {**_GOES_WITH, **driven, "bank": "accum" if isinstance(parameters, NeuralPimParameters) else "write"}


def compared(parameters: Controlled) -> tuple[str, ...]:
    """Outputs that the schedule speaks of."""
    return (*BOTH, *(OF_C if isinstance(parameters, NeuralPimParameters) else OF_B))
