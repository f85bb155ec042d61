"""One bank: the memory of weights and the lanes beside it."""

from amaranth.hdl import Module, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.asm.exact_mac import ExactMac
from hdl.asm.mac import AsmMac
from hdl.block import Block
from hdl.buffer import Buffer
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.asm import AsmParameters


class NearMemoryBank(Block):
    """Rows of weights, a word for each lane, that meet one input a cycle. ::

        sum[lane] = (0 if first else sum[lane]) + weight[row][lane] * input

    * ``write``, ``write_row``, ``words``: one row, lane 0 low.
    * ``read``, ``row``: its words are there in the next cycle, for which ``input``, ``first`` and ``valid`` are given.
    * ``sums``: of all lanes, lane 0 low, ``latency`` cycles after the input. ``error``: an unsupported word was used,
      sticky until ``clear``.

    All lanes share one pre-computer, whose multiples of the input they are given. With ``exact`` the lanes have exact
    multipliers instead, and the words, plain ones, go over a bus: that of the memory's output.
    The memory is not reset. Raises ValueError for ``parameters`` that are no ``AsmParameters``.
    Source: arXiv 2302.01990 places such lanes beside the memory; the structure is bitline's.
    """

    def __init__(self, *, parameters: AsmParameters, exact: bool) -> None:
        require_instance("parameters", parameters, AsmParameters)
        require_instance("exact", exact, bool)
        self.parameters, self.exact = parameters, exact
        p, row = parameters, index_bits(parameters.rows)
        super().__init__(
            {
                "write": In(1), "write_row": In(row), "words": In(data.ArrayLayout(p.weight_word_bits, p.lanes)),
                "read": In(1), "row": In(row), "input": In(p.input_word_bits), "first": In(1), "valid": In(1),
                "clear": In(1), "sums": Out(data.ArrayLayout(signed(p.accumulator_width), p.lanes)), "error": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.weights = weights = Buffer(words=p.rows, width=self.words.shape().size)
        m.submodules.mac = mac = (ExactMac if self.exact else AsmMac)(parameters=p)
        m.d.comb += [
            weights.write.eq(self.write),
            weights.write_address.eq(self.write_row),
            weights.write_word.eq(self.words),
            weights.read.eq(self.read),
            weights.read_address.eq(self.row),
            mac.x.eq(self.input),
            mac.weights.eq(weights.word),
            self.sums.eq(mac.sums),
            self.error.eq(mac.error),
        ]
        m.d.comb += [getattr(mac, name).eq(getattr(self, name)) for name in ("first", "valid", "clear")]
        return m
