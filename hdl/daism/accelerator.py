"""The accelerator: banks that share a driver, their buffers, and the controller of a layer."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.bank import COUNTS
from hdl.daism.bank_unit import BankUnit
from hdl.daism.counters import COUNTER_BITS
from hdl.daism.descriptor import activations_layout, config_layout, result_layout, sums_layout, weights_layout
from hdl.daism.drain import Drain
from hdl.daism.loop_nest import LoopNest
from sim_models.arith.checking import require_instance
from sim_models.daism.accelerator import AcceleratorParameters

_COMMANDS = ("clear", "shift", "step", "save", "restore", "starts", "beat", "layer")


class Daism(Block):
    """Layers through banks of the in-SRAM multiplier, bit for bit as `sim_models.daism.matmul` and `conv2d`.

    * ``config``: stream of descriptors (`sim_models.daism.descriptor`), taken while nothing runs; starts the layer.
    * ``weight_in``: stream of the stored operands of a row group, lane 0 low; place by place, in each place bank 0
      first, banks without a row group there left out.
    * ``activation_in``: stream of driver operands, `activation_lanes` of them a transfer, the first one low: image,
      channel, row, column; the last transfer filled up. Taken from the start of the layer on.
    * ``bias_in``: stream of the sums that a block's lanes start from, block by block, if the layer has them.
    * ``result_out``: stream of sums, with position and block of lanes; block by block, in each the positions in order.
    * ``busy``: a layer runs. ``done``: the cycle after its last result was taken. ``refused``: never 1.
    * ``cycle_count``: cycles of the layer; ``access_count``, ``skipped_count``, ``row_write_count`` and
      ``wordline_count``: of all banks; since the layer began.

    While streams do not wait a layer takes `sim_models.daism.accelerator_cycles`. Words are those of `DaismBank`;
    infinite and NaN words and descriptors of layers that do not fit must not occur. A driver operand in the padding is
    zero. Reset ends the layer; buffers and arrays keep what they hold, and nothing of it is used.
    Raises ValueError for ``parameters`` that are no ``AcceleratorParameters``.
    Source: principle arXiv 2305.07376; the accelerator is bitline's.
    """

    def __init__(self, *, parameters: AcceleratorParameters) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters = p = parameters
        total = COUNTER_BITS + (p.banks - 1).bit_length()
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))),
                "weight_in": In(stream.Signature(weights_layout(p))),
                "activation_in": In(stream.Signature(activations_layout(p))),
                "bias_in": In(stream.Signature(sums_layout(p))),
                "result_out": Out(stream.Signature(result_layout(p))),
                "busy": Out(1), "done": Out(1), "refused": Out(1),
                "cycle_count": Out(COUNTER_BITS), **dict.fromkeys(COUNTS, Out(total)),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.nest = nest = LoopNest(parameters=p)
        m.submodules.drain = drain = Drain(parameters=p)
        units = [BankUnit(parameters=p, last=bank == p.banks - 1) for bank in range(p.banks)]
        for bank, unit in enumerate(units):
            m.submodules[f"bank_{bank}"] = unit
            following = units[(bank + 1) % p.banks]
            m.d.comb += [unit.neighbour.eq(following.place), unit.leads.eq(int(bank == 0))]
            m.d.comb += [getattr(unit, name).eq(getattr(nest, name)) for name in _COMMANDS]
        self._begin(m, nest, units)
        self._load(m, nest, units)
        self._fill(m, nest, units)
        self._drain(m, nest, drain, units)
        return m

    def _begin(self, m: Module, nest: LoopNest, units: list[BankUnit]) -> None:
        begins = Signal()
        m.d.comb += [
            nest.config.valid.eq(self.config.valid),
            nest.config.payload.eq(self.config.payload),
            self.config.ready.eq(nest.config.ready),
            begins.eq(self.config.valid & self.config.ready),
            self.busy.eq(nest.busy),
            self.done.eq(nest.done),
            self.refused.eq(Cat(unit.refused for unit in units).any()),
        ]
        with m.If(begins):
            m.d.sync += self.cycle_count.eq(0)
        with m.Elif(nest.busy & ~self.cycle_count.all()):
            m.d.sync += self.cycle_count.eq(self.cycle_count + 1)
        m.d.comb += [unit.clear_counters.eq(begins) for unit in units]
        for name in COUNTS:
            m.d.comb += getattr(self, name).eq(sum(getattr(unit, name) for unit in units))

    def _load(self, m: Module, nest: LoopNest, units: list[BankUnit]) -> None:
        m.d.comb += [
            nest.exists.eq(Cat(unit.exists for unit in units)),
            nest.set_sums.eq(Cat(unit.set_sums for unit in units).any()),
            nest.weight_valid.eq(self.weight_in.valid),
            self.weight_in.ready.eq(nest.weight_ready),
            nest.load_ready.eq(Cat(unit.load.ready for unit in units)),
        ]
        for bank, unit in enumerate(units):
            m.d.comb += [unit.load.valid.eq(nest.load_valid[bank]), unit.load.payload.eq(self.weight_in.payload)]

    def _fill(self, m: Module, nest: LoopNest, units: list[BankUnit]) -> None:
        """Activations and biases, from the start of a layer until all are there."""
        layer = nest.layer
        filled, bank = Signal(len(layer.transfers)), Signal(range(self.parameters.banks))
        biased, local = Signal(len(layer.blocks)), Signal(len(layer.bias_base))
        fills, biases = Signal(), Signal()
        all_filled, all_biased = filled == layer.transfers, ~layer.bias | (biased == layer.blocks)
        m.d.comb += [
            self.activation_in.ready.eq(nest.busy & ~all_filled),
            self.bias_in.ready.eq(nest.busy & ~all_biased),
            fills.eq(self.activation_in.valid & self.activation_in.ready),
            biases.eq(self.bias_in.valid & self.bias_in.ready),
            nest.filled.eq(all_filled & all_biased),
        ]
        last_bank = ~layer.channel | (bank == self.parameters.banks - 1)
        with m.If(~nest.busy):
            m.d.sync += [filled.eq(0), bank.eq(0), biased.eq(0), local.eq(0)]
        with m.If(fills):
            m.d.sync += filled.eq(filled + 1)
        with m.If(biases):
            m.d.sync += [biased.eq(biased + 1), bank.eq(Mux(last_bank, 0, bank + 1)), local.eq(local + last_bank)]
        for place, unit in enumerate(units):
            m.d.comb += [
                unit.fill.eq(fills),
                unit.fill_address.eq(filled),
                unit.activations.eq(self.activation_in.payload),
                unit.bias_write.eq(biases & (bank == place)),
                unit.bias_block.eq(local),
                unit.biases.eq(self.bias_in.payload),
            ]

    def _drain(self, m: Module, nest: LoopNest, drain: Drain, units: list[BankUnit]) -> None:
        m.d.comb += [
            drain.layer.eq(nest.layer),
            drain.run.eq(nest.drain),
            nest.drained.eq(drain.ended),
            self.result_out.valid.eq(drain.result.valid),
            self.result_out.payload.eq(drain.result.payload),
            drain.result.ready.eq(self.result_out.ready),
        ]
        for bank, unit in enumerate(units):
            m.d.comb += [
                unit.read.eq(drain.read[bank]),
                unit.read_address.eq(drain.address),
                drain.words[bank].eq(unit.sums),
            ]
