"""What happens to the sums when a layer is done: those of all banks become one, and leave."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.cross_bank import CrossBankSum
from hdl.daism.descriptor import config_layout, result_layout, sums_layout
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.daism.descriptor import descriptor_bits


class Drain(Block):
    """Read the sums of a layer from the banks' output buffers, block by block, in each the positions in order.

    With ``index`` slicing the sums of all banks that have a part of a block are added, bank 0 first; an addition takes
    ``accumulate_latency`` cycles, and so does what a bank does not have. If bank 0 has none, it gives the bias. With
    ``channel`` slicing a sum leaves every cycle.

    ``run``: work, until ``ended``, the cycle in which the last result is taken. ``read``, ``address``: for the buffers;
    ``words``: what they show from the next cycle on, bank 0 low. ``result``: stream of `result_layout`.
    """

    def __init__(self, *, parameters: AcceleratorParameters) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters = p = parameters
        bits = descriptor_bits(p)
        super().__init__(
            {
                "layer": In(config_layout(p)), "run": In(1), "ended": Out(1),
                "read": Out(p.banks), "address": Out(bits["bias_base"]),
                "words": In(data.ArrayLayout(sums_layout(p).size, p.banks)),
                "result": Out(stream.Signature(result_layout(p))),
            }
        )  # fmt: skip
        self._bank = Signal(index_bits(p.banks), name="bank")
        self._position = Signal(bits["positions"], name="position")
        self._block = Signal(bits["blocks"], name="block")
        self._base = Signal(bits["bias_base"], name="base")
        self._cycle = Signal(range(p.accumulate_latency), name="cycle")
        # How far, modulo the banks, this bank and bank 0 are behind the one of the block's index 0.
        self._behind = Signal(range(p.banks), name="behind")
        self._begins_behind = Signal(range(p.banks), name="begins_behind")
        self._all_read = Signal(name="all_read")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        go, move, final = Signal(), Signal(), Signal()
        last_bank = self.layer.channel | (self._bank == self.parameters.banks - 1)
        last_cycle = self.layer.channel | (self._cycle == self.parameters.accumulate_latency - 1)
        last_position = self._position == self.layer.positions - 1
        active = self.run & ~self._all_read
        chosen = Cat(self._bank == bank for bank in range(self.parameters.banks))
        m.d.comb += [
            go.eq(~self.result.valid | self.result.ready),
            move.eq(active & go & last_cycle),
            final.eq(last_bank & last_position & (self._block == self.layer.blocks - 1)),
            self.read.eq(chosen & (active & go).replicate(self.parameters.banks)),
        ]
        self._walk(m, go, move, final, last_bank, last_position)
        present = self.layer.channel | (self._behind < self.layer.present)
        bias = ~present & self.layer.bias & (self._bank == 0)
        m.d.comb += self.address.eq(Mux(bias, self.layer.bias_base + self._block, self._base + self._position))
        first = self.layer.channel | (self._bank == 0)
        follows = {
            "valid": move, "bank": self._bank, "first": first, "present": present | bias,
            "last": last_bank, "final": final, "position": self._position, "block": self._block,
        }  # fmt: skip
        shown = {name: rank(m, f"shown_{name}", value, go) for name, value in follows.items() if name != "valid"}
        valid = Signal()
        with m.If(go):
            m.d.sync += valid.eq(move)
        self._add(m, go & valid, shown)
        self._leave(m, go, valid & shown["last"], shown)
        return m

    def _walk(self, m: Module, go: Value, move: Value, final: Value, last_bank: Value, last_position: Value) -> None:
        with m.If(~self.run):
            m.d.sync += [
                Cat(self._bank, self._position, self._block, self._base, self._cycle).eq(0),
                Cat(self._behind, self._begins_behind, self._all_read).eq(0),
            ]
        with m.Elif(move):
            m.d.sync += [self._cycle.eq(0), self._all_read.eq(final)]
            with m.If(~last_bank):
                m.d.sync += [self._bank.eq(self._bank + 1), self._behind.eq(self._up(self._behind))]
            with m.Else():
                self._next_position(m, last_position)
        with m.Elif(go):
            m.d.sync += self._cycle.eq(self._cycle + 1)

    def _next_position(self, m: Module, last_position: Value) -> None:
        banks = self.parameters.banks
        m.d.sync += [self._position.eq(self._position + 1), self._behind.eq(self._begins_behind)]
        with m.If(~self.layer.channel):
            m.d.sync += self._bank.eq(0)
        with m.If(last_position):
            back = self._begins_behind - self.layer.phase_step
            begins = Mux(self._begins_behind < self.layer.phase_step, back + banks, back)
            last_bank = self._bank == banks - 1
            m.d.sync += [
                self._position.eq(0),
                self._block.eq(self._block + 1),
                self._begins_behind.eq(begins),
                self._behind.eq(begins),
            ]
            with m.If(self.layer.channel):
                m.d.sync += self._bank.eq(Mux(last_bank, 0, self._bank + 1))
            with m.If(~self.layer.channel | last_bank):
                m.d.sync += self._base.eq(self._base + self.layer.positions)

    def _up(self, behind: Signal) -> Value:
        return Mux(behind == self.parameters.banks - 1, 0, behind + 1)

    def _add(self, m: Module, enable: Value, shown: dict[str, Signal]) -> None:
        """Add what the chosen bank shows to the sum so far; nothing where it has no part of it."""
        layout = sums_layout(self.parameters)
        words = Array([self.words[bank] for bank in range(self.parameters.banks)])
        word, sums, following = Signal(layout), Signal(layout, name="sums", reset_less=True), Signal(layout)
        m.d.comb += word.eq(words[shown["bank"]] & shown["present"].replicate(layout.size))
        for lane in range(self.parameters.lanes):
            m.submodules[f"add_{lane}"] = add = CrossBankSum(parameters=self.parameters)
            m.d.comb += [add.first.eq(sums[lane]), add.second.eq(word[lane])]
            kept = Mux(shown["present"], add.total, sums[lane])
            m.d.comb += following[lane].eq(Mux(shown["first"], word[lane], kept))
        with m.If(enable):
            m.d.sync += sums.eq(following)
            m.d.sync += self.result.payload.sums.eq(following)

    def _leave(self, m: Module, go: Value, complete: Value, shown: dict[str, Signal]) -> None:
        final = rank(m, "final", shown["final"], go)
        with m.If(go):
            m.d.sync += [
                self.result.valid.eq(complete),
                self.result.payload.position.eq(shown["position"]),
                self.result.payload.block.eq(shown["block"]),
            ]
        m.d.comb += self.ended.eq(self.result.valid & self.result.ready & final)
