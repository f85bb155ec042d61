"""FPGA targets: Yosys and nextpnr, placed and routed, with the timing that results."""

from flow.fpga.nextpnr import DoesNotFit
from flow.fpga.place import TARGETS, FpgaResult, place_and_route

__all__ = ["TARGETS", "DoesNotFit", "FpgaResult", "place_and_route"]
