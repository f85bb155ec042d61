"""Output registers: products of a vector wait here for their write back, one a clock cycle."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.padded_select import padded_select
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance


def product_layout(parameters: IsaacParameters) -> data.StructLayout:
    """One product: ``value`` (two's complement), ``index`` of its output, whether it is the ``last`` of its vector."""
    p = parameters
    return data.StructLayout({"value": signed(p.sum_bits), "index": range(max(2, p.outputs)), "last": 1})


class OutputRegisters(Block):
    """``output_banks`` sets of a register for each output, filled and emptied in turn.

    * ``room``: a set is free, or becomes so in this clock cycle; ``claim`` takes it. ``write``: the register of
      ``target`` of each converter in the set claimed first, of those not filled, becomes that converter's element of
      ``values``; ``filled``: that was the last one of the set.
    * ``write_back``: the set filled first is written back from the next clock cycle on: ``products``, a stream of
      `product_layout`. ``done``: its last product leaves.

    Registers have all bits of the sums, where those reported for ISAAC have 16 and round. They are not reset. Raises
    ValueError for ``parameters`` that are no ``IsaacParameters``.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        self.formats = {"products__payload.value": IntegerFormat(kind="signed", width=p.sum_bits)}
        super().__init__(
            {
                "room": Out(1),
                "claim": In(1),
                "write": In(1),
                "target": In(range(max(2, p.shares[0]))),
                "values": In(data.ArrayLayout(signed(p.sum_bits), p.converters)),
                "filled": In(1),
                "write_back": In(1),
                "products": Out(stream.Signature(product_layout(p))),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        held, ready = (Signal(range(p.output_banks + 1), name=name) for name in ("held", "ready"))
        shown = self.products
        taken = Signal()
        m.d.comb += [
            taken.eq(shown.valid & shown.ready),
            shown.valid.eq(ready != 0),
            shown.payload.last.eq(shown.payload.index == p.outputs - 1),
            self.done.eq(taken & shown.payload.last),
            self.room.eq((held != p.output_banks) | self.done),
        ]
        m.d.sync += [held.eq(held + self.claim - self.done), ready.eq(ready + self.write_back - self.done)]
        index = Signal.like(shown.payload.index)
        m.d.comb += shown.payload.index.eq(index)
        with m.If(taken):
            m.d.sync += index.eq(Mux(shown.payload.last, 0, index + 1))
        self._registers(m)
        return m

    def _registers(self, m: Module) -> None:
        p = self.parameters
        filling, emptied = self._turn(m, "filling", self.filled), self._turn(m, "emptied", self.done)
        banks: list[Value] = []
        for bank in range(p.output_banks):
            words = [self._register(m, bank, filling, converter, place) for converter, place in _places(p)]
            banks.append(padded_select(words, self.products.payload.index))
        m.d.comb += self.products.payload.value.eq(padded_select(banks, emptied))

    def _turn(self, m: Module, name: str, over: Value) -> Signal:
        """Number of a set, the next one after each ``over``."""
        banks = self.parameters.output_banks
        turn = Signal(range(max(2, banks)), name=name)
        if banks > 1:
            with m.If(over):
                m.d.sync += turn.eq(Mux(turn == banks - 1, 0, turn + 1))
        return turn

    def _register(self, m: Module, bank: int, filling: Value, converter: int, place: int) -> Signal:
        width = signed(self.parameters.sum_bits)
        word = Signal(width, name=f"product_{bank}_{converter}_{place}", reset_less=True)
        with m.If(self.write & (self.target == place) & (filling == bank)):
            m.d.sync += word.eq(self.values[converter])
        return word


def _places(p: IsaacParameters) -> list[tuple[int, int]]:
    """Converter of each output, and the output's number among those of its converter."""
    return [(converter, place) for converter, share in enumerate(p.shares) for place in range(share)]
