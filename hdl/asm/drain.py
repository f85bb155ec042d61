"""What happens to sums: one after the other they are requantized and leave, while the next ones are made."""

from itertools import pairwise

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.asm.near_memory_layouts import channel_layout, channels_layout, result_layout, tags_layout
from hdl.asm.requantize import Affine, RoundToInput
from hdl.block import Block
from hdl.buffer import Buffer
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.asm.near_memory import NearMemoryParameters


class Drain(Block):
    """Keep the sums of all lanes at the end of a position; of each bank one leaves a cycle, lane 0 first.

    * ``capture``, ``sums`` (bank 0 low, in it lane 0 low), ``tags``: take them over; only after ``free`` was seen.
    * ``free``: what was captured last leaves the registers in this cycle, or has left them. ``reserve``: another
      capture is on its way.
    * ``relu``, ``rounded``: of the layer. ``write``, ``address``, ``words``: words of requantization, in the order of
      blocks and lanes; only while nothing is under way.
    * ``result``: stream of `result_layout`. ``idle``: nothing is under way.

    Three ranks lie behind the kept sums: sum and word of requantization; affine sum; result.
    Raises ValueError for ``parameters`` that are no ``NearMemoryParameters``.
    """

    def __init__(self, *, parameters: NearMemoryParameters) -> None:
        require_instance("parameters", parameters, NearMemoryParameters)
        self.parameters = p = parameters
        self._words = p.block_limit * p.lanes_in_bank
        super().__init__(
            {
                "capture": In(1), "sums": In(data.ArrayLayout(p.accumulator_width, p.lanes)),
                "tags": In(tags_layout(p)), "reserve": In(1), "free": Out(1), "relu": In(1), "rounded": In(1),
                "write": In(1), "address": In(index_bits(self._words)), "words": In(channels_layout(p)),
                "result": Out(stream.Signature(result_layout(p))), "idle": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        go, takes, ends = Signal(), Signal(), Signal()
        kept = data.View(tags_layout(p), Signal(tags_layout(p).size, name="kept", reset_less=True))
        lane, active, reserved = Signal(index_bits(p.lanes_in_bank)), Signal(), Signal()
        m.d.comb += [
            go.eq(~self.result.valid | self.result.ready),
            takes.eq(active & go),
            ends.eq(takes & (lane == p.lanes_in_bank - 1)),
            self.free.eq(~reserved | ends),
        ]
        m.d.sync += [reserved.eq(self.reserve | (reserved & ~ends)), active.eq(self.capture | (active & ~ends))]
        with m.If(takes):
            m.d.sync += lane.eq(Mux(ends, 0, lane + 1))
        with m.If(self.capture):
            m.d.sync += kept.eq(self.tags)
        stages = [takes]
        for name in ("summed", "scaled"):
            stages.append(self._follows(m, name, stages[-1], go))
        with m.If(go):
            m.d.sync += self.result.valid.eq(stages[-1])
        m.d.comb += self.idle.eq(~(reserved | active | stages[1] | stages[2] | self.result.valid))
        tags = {"position": kept.position, "block": kept.block, "lane": lane}
        for name, value in tags.items():
            shown = rank(m, f"scaled_{name}", rank(m, f"summed_{name}", value, go), go)
            m.d.comb += self.result.payload[name].eq(rank(m, f"result_{name}", shown, go))
        for bank in range(p.banks):
            self._requantize(m, bank, go, takes, kept.base + lane)
        return m

    @staticmethod
    def _follows(m: Module, name: str, valid: Value, go: Value) -> Signal:
        register = Signal(name=name)
        with m.If(go):
            m.d.sync += register.eq(valid)
        return register

    def _requantize(self, m: Module, bank: int, go: Signal, takes: Signal, place: Value) -> None:
        p = self.parameters
        m.submodules[f"channels_{bank}"] = channels = Buffer(words=self._words, width=channel_layout(p).size)
        m.submodules[f"affine_{bank}"] = affine = Affine(parameters=p)
        m.submodules[f"round_{bank}"] = rounding = RoundToInput(parameters=p)
        channel = data.View(channel_layout(p), channels.word)
        m.d.comb += [
            channels.write.eq(self.write),
            channels.write_address.eq(self.address),
            channels.write_word.eq(self.words[bank]),
            channels.read.eq(takes),
            channels.read_address.eq(place),
            affine.sum.eq(rank(m, f"sum_{bank}", self._next_sum(m, bank, takes), go)),
            affine.scale.eq(channel.scale),
            affine.offset.eq(channel.offset),
            rounding.total.eq(rank(m, f"total_{bank}", affine.total, go)),
            rounding.shift.eq(rank(m, f"shift_{bank}", channel.shift, go)),
            rounding.relu.eq(self.relu),
        ]
        value = rank(m, f"value_{bank}", Mux(self.rounded, rounding.word, rounding.total), go)
        m.d.comb += self.result.payload.values[bank].eq(value)

    def _next_sum(self, m: Module, bank: int, takes: Signal) -> Value:
        """The kept sums move down by one lane whenever one leaves."""
        p = self.parameters
        first, width = bank * p.lanes_in_bank, p.accumulator_width
        kept = [Signal(width, name=f"kept_{bank}_{lane}", reset_less=True) for lane in range(p.lanes_in_bank)]
        with m.If(self.capture):
            m.d.sync += [word.eq(self.sums[first + lane]) for lane, word in enumerate(kept)]
        with m.Elif(takes):
            m.d.sync += [word.eq(above) for word, above in pairwise(kept)]
        return kept[0]
