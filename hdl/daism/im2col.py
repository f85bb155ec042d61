"""Where the operand of a position lies."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.descriptor import config_layout, place_layout, position_layout
from sim_models.arith.checking import require_instance
from sim_models.daism.accelerator import AcceleratorParameters


class WindowAddress(Block):
    """``address`` in the input buffer of index t of a window, and whether it lies ``inside`` the image.

    ``layer``: the descriptor; ``window``: of the position; ``place``: of the row group. Outside is the padding, where
    the address means nothing. Combinational.
    """

    def __init__(self, *, parameters: AcceleratorParameters) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters = parameters
        window = position_layout(parameters)
        ports = {"layer": In(config_layout(parameters)), "place": In(place_layout(parameters)), "window": In(window)}
        super().__init__({**ports, "inside": Out(1), "address": Out(window["base"].width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        window, place, layer = self.window, self.place, self.layer
        # Above the image a difference is negative, which is a large number.
        row, column = Signal(len(window.row) + 1), Signal(len(window.column) + 1)
        m.d.comb += [
            self.address.eq(window.base + place.offset),
            row.eq(window.row + place.row - layer.padding),
            column.eq(window.column + place.column - layer.padding),
            self.inside.eq((row < layer.height) & (column < layer.width)),
        ]
        return m
