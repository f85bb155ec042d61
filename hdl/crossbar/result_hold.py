"""Output registers of a crossbar: results on their way through the stages after conversion."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class ResultHold(Block):
    """``stages`` registers of ``words`` words of ``width`` bits: ``load`` takes ``d``, ``move`` moves all on.

    ``q`` is the last register; with no stages it is ``d``. Not reset.
    """

    def __init__(self, *, words: int, width: int, stages: int) -> None:
        require_integer("words", words, 1)
        require_integer("width", width, 1)
        require_integer("stages", stages, 0)
        self.stages = stages
        numbers = data.ArrayLayout(width, words)
        super().__init__({"load": In(1), "move": In(1), "d": In(numbers), "q": Out(numbers)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.d.as_value()
        for place in range(self.stages):
            held = Signal(len(value), name=f"held_{place}", reset_less=True)
            with m.If(self.move if place else self.load):
                m.d.sync += held.eq(value)
            value = held
        m.d.comb += self.q.as_value().eq(value)
        return m
