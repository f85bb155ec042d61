"""The walk through the positions of a layer."""

from amaranth.hdl import Module, Mux
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.descriptor import config_layout, position_layout
from sim_models.arith.checking import require_instance
from sim_models.daism.accelerator import AcceleratorParameters


class PositionWalk(Block):
    """Windows in the order of positions: columns, then rows, then images.

    ``begin``: to the first; ``step``: to the next. ``layer``: the descriptor. ``window``: where the position's begins.
    """

    def __init__(self, *, parameters: AcceleratorParameters) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters = parameters
        layer, window = config_layout(parameters), position_layout(parameters)
        super().__init__({"layer": In(layer), "begin": In(1), "step": In(1), "window": Out(window)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layer, window = self.layer, self.window
        row_ends, image_ends = window.column == layer.last_column, window.row == layer.last_row
        with m.If(self.begin):
            m.d.sync += [window.row.eq(0), window.column.eq(0), window.base.eq(layer.base)]
        with m.Elif(self.step):
            m.d.sync += window.column.eq(Mux(row_ends, 0, window.column + layer.stride))
            m.d.sync += window.base.eq(window.base + layer.stride)
            with m.If(row_ends):
                m.d.sync += window.row.eq(Mux(image_ends, 0, window.row + layer.stride))
                m.d.sync += window.base.eq(window.base + Mux(image_ends, layer.base_image, layer.base_row))
        return m
