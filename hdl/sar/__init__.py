"""Digital control of successive approximation converters."""

from hdl.sar.configuration import configuration_layout
from hdl.sar.controller import SarController
from hdl.sar.decoder import TrqDecoder
from hdl.sar.group import AdcGroup, group_result_layout
from hdl.sar.shift_add import ShiftAdd, shift_add_layout
from hdl.sar.twin_range import TrqController

__all__ = [
    "AdcGroup",
    "SarController",
    "ShiftAdd",
    "TrqController",
    "TrqDecoder",
    "configuration_layout",
    "group_result_layout",
    "shift_add_layout",
]
