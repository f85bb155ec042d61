"""Multiplication inside an SRAM by opening several rows at once (DAISM, arXiv 2305.07376): the blocks of one bank."""

from hdl.daism.accelerator import Daism
from hdl.daism.accumulator import Accumulator
from hdl.daism.array import MultiRowArray
from hdl.daism.bank import DaismBank
from hdl.daism.decoder import WordlineDecoder
from hdl.daism.float_lane import FloatLane
from hdl.daism.float_sum import FloatSum
from hdl.daism.lane import DaismLane, ExactLane
from hdl.daism.loader import BankLoader
from hdl.daism.side_memory import SideMemory

__all__ = [
    "Accumulator",
    "BankLoader",
    "Daism",
    "DaismBank",
    "DaismLane",
    "ExactLane",
    "FloatLane",
    "FloatSum",
    "MultiRowArray",
    "SideMemory",
    "WordlineDecoder",
]
