"""The configuration registers as a structure that ports and signals can have."""

from amaranth.lib import data

from sim_models.sar.registers import register_fields
from sim_models.sar.twin_range import TrqControllerParameters


def configuration_layout(parameters: TrqControllerParameters) -> data.StructLayout:
    """The registers of a controller built for ``parameters``, the first of them lowest, as `register_word` packs them.

    Raises ValueError for another ``parameters`` than those of a controller.
    """
    return data.StructLayout({**register_fields(parameters)})
