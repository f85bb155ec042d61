"""The walk of one bank through its row groups."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.descriptor import config_layout, place_layout
from sim_models.arith.checking import require_instance
from sim_models.daism.accelerator import AcceleratorParameters


class PlaceWalk(Block):
    """Block and index t of a bank's row group, place by place, in digits; no multiplication, no division.

    * ``layer``: the descriptor. ``clear``: to the first place of bank 0.
    * ``shift``: take over ``neighbour``, the place of the next bank. With ``unit`` the bank is the last one, and counts
      up by one slot instead. After ``banks - 1`` shifts every bank is at its own first place.
    * ``step``: to the next place; ``save``: and the next pass starts there. ``restore``: back to the pass's start.
    * ``place``: now; ``upcoming``: in the next cycle. ``exists``, ``upcoming_exists``: there is such a row group.
      ``ends``: no later group of this bank belongs to the block.
    """

    def __init__(self, *, parameters: AcceleratorParameters, unit: bool) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters, self.unit = parameters, unit
        place = place_layout(parameters)
        super().__init__(
            {
                "layer": In(config_layout(parameters)), "neighbour": In(place),
                "clear": In(1), "shift": In(1), "step": In(1), "save": In(1), "restore": In(1),
                "place": Out(place), "upcoming": Out(place),
                "exists": Out(1), "upcoming_exists": Out(1), "ends": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = place_layout(self.parameters)
        start, following = Signal(layout), data.View(layout, Signal(layout.size, name="following"))
        self._follow(m, following)
        m.d.comb += self.upcoming.eq(self.place)
        with m.If(self.clear):
            # The first place of bank 0; a layer's biases lie behind its sums.
            m.d.comb += [
                self.upcoming.as_value().eq(0),
                self.upcoming.first.eq(1),
                self.upcoming.bias.eq(self.layer.bias_base),
            ]
        with m.Elif(self.shift):
            m.d.comb += self.upcoming.eq(following if self.unit else self.neighbour)
        with m.Elif(self.restore):
            m.d.comb += self.upcoming.eq(start)
        with m.Elif(self.step):
            m.d.comb += self.upcoming.eq(following)
        m.d.sync += self.place.eq(self.upcoming)
        with m.If(self.clear | self.shift | self.save):
            m.d.sync += start.eq(self.upcoming)
        m.d.comb += [
            self.exists.eq(self.place.block < self.layer.blocks),
            self.upcoming_exists.eq(self.upcoming.block < self.layer.blocks),
            self.ends.eq(following.first),
        ]
        return m

    def _follow(self, m: Module, following: data.View) -> None:
        """Add the step's digits, each with the carry of the one below it."""
        layer, place = self.layer, self.place
        many = self.parameters.banks
        # The last bank counts slots while the banks are put to their places, as other slicing than by channels does.
        counts = self.shift if self.unit else Value.cast(0)
        inner = counts & ~layer.channel
        column = Mux(counts, inner, layer.column_step)
        row = Mux(counts, 0, layer.row_step)
        channel = Mux(counts, 0, layer.channel_step)
        carry_column = _digit(m, following.column, place.column + column, layer.kernel_width)
        carry_row = _digit(m, following.row, place.row + row + carry_column, layer.kernel_height)
        carry = _digit(m, following.channel, place.channel + channel + carry_row, layer.channels)
        block = Mux(counts, counts & layer.channel, layer.block_step)
        next_block = Mux(layer.channel & ~counts, many, 1)
        rounds = Mux(counts & layer.channel, 0, layer.positions)
        m.d.comb += [
            following.offset.eq(
                place.offset
                + Mux(counts, inner, layer.offset_step)
                + Mux(carry_column, layer.offset_column, 0)
                + Mux(carry_row, layer.offset_row, 0)
                - Mux(carry, layer.image_words, 0)
            ),
            following.block.eq(place.block + block + Mux(carry, next_block, 0)),
            following.sums.eq(place.sums + Mux(counts, 0, layer.sum_step) + Mux(carry, rounds, 0)),
            following.bias.eq(place.bias + self._bias_step(counts) + carry),
            following.first.eq(counts | carry | (layer.block_step != 0)),
        ]

    def _bias_step(self, counts: Value) -> Value:
        """Blocks of this bank that a step passes over: none by itself with slicing by channels of more than one t."""
        layer = self.layer
        one = layer.block_step != 0
        return Mux(counts, 0, Mux(layer.channel, one, layer.block_step))


def _digit(m: Module, digit: Value, total: Value, radix: Value) -> Signal:
    """Store ``total``, below twice ``radix``, as a digit; returns the carry."""
    carry = Signal(name="carry")
    m.d.comb += [carry.eq(total >= radix), digit.eq(Mux(carry, total - radix, total))]
    return carry
