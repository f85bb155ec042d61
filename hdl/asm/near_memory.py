"""The near-memory unit: banks of weights with their lanes, what feeds and drains them, the controller of a layer."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.asm.bank import NearMemoryBank
from hdl.asm.controller import NearMemoryController
from hdl.asm.drain import Drain
from hdl.asm.loader import Loader
from hdl.asm.near_memory_layouts import (
    channels_layout,
    config_layout,
    inputs_layout,
    result_layout,
    weights_layout,
)
from hdl.asm.word_check import WeightWordCheck
from hdl.block import Block
from hdl.buffer import Buffer
from hdl.daism.counters import COUNTER_BITS
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.asm.near_memory import NearMemoryParameters, bank_parameters, exact_parameters
from sim_models.asm.near_memory_cycles import MAC_LATENCY

COUNTS = ("cycle_count", "weight_read_count", "input_read_count")


class AsmNearMemory(Block):
    """Layers through alphabet-set lanes beside the memory of their weights, requantized to the next layer's inputs.

    Bit for bit `sim_models.asm.near_memory`: sums of a matrix product or a convolution, for each output channel
    ``sum * scale + offset``, then rounding, ReLU and saturation to an input word; or the affine sums of a last layer.

    * ``config``: stream of descriptors (`sim_models.asm.near_memory_descriptor`), taken while nothing runs.
    * ``weight_in``: stream of rows, a stored word for each lane; block by block of output channels, in each by index t.
    * ``input_in``: stream of input words, ``transfer_words`` a transfer, the first one low: image, channel, row,
      column; the last transfer filled up.
    * ``channel_in``: stream of words of requantization, one of each bank a transfer: block by block, in each by lane.
    * ``result_out``: stream of `result_layout`: block by block, in each by position, in each by lane. Output channel:
      ``block * lanes + bank * lanes_in_bank + lane``.
    * ``busy``: a layer runs. ``done``: the cycle after its last result was taken.
    * ``error``: a stored word of the layer was unsupported; until the next layer begins. With
      ``unsupported='dont_care'`` never.
    * ``cycle_count``: cycles of the layer; ``weight_read_count``: rows of weights read, those of all banks as one;
      ``input_read_count``: inputs read; since the layer began.

    While streams do not wait a layer takes `sim_models.asm.near_memory_cycles`. Results that wait stop the lanes, and
    change nothing else. Lanes beyond the output channels give results too, of the words that they were given.
    Descriptors of layers that do not fit must not occur. Reset ends the layer; the memories keep what they hold, and
    nothing of it is used but by a layer that says that its weights are loaded.

    Raises ValueError for ``parameters`` that are no ``NearMemoryParameters``.
    Source: idea arXiv 2302.01990, multiplier arXiv 1602.08557; structure, dataflow and formats are bitline's.
    """

    exact = False

    def __init__(self, *, parameters: NearMemoryParameters) -> None:
        require_instance("parameters", parameters, NearMemoryParameters)
        self.parameters = p = exact_parameters(parameters) if self.exact else parameters
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))),
                "weight_in": In(stream.Signature(weights_layout(p))),
                "input_in": In(stream.Signature(inputs_layout(p))),
                "channel_in": In(stream.Signature(channels_layout(p))),
                "result_out": Out(stream.Signature(result_layout(p))),
                "busy": Out(1), "done": Out(1), "error": Out(1), **dict.fromkeys(COUNTS, Out(COUNTER_BITS)),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.controller = controller = NearMemoryController(parameters=p)
        m.submodules.drain = drain = Drain(parameters=p)
        banks = [NearMemoryBank(parameters=bank_parameters(p), exact=self.exact) for _ in range(p.banks)]
        for place, bank in enumerate(banks):
            m.submodules[f"bank_{place}"] = bank
        m.d.comb += [
            controller.config.valid.eq(self.config.valid),
            controller.config.payload.eq(self.config.payload),
            self.config.ready.eq(controller.config.ready),
            self.busy.eq(controller.busy),
            self.done.eq(controller.done),
        ]
        inputs = self._load(m, controller, drain, banks)
        self._beat(m, controller, drain, banks, inputs)
        self._drain(m, controller, drain, banks)
        self._observe(m, controller, banks)
        return m

    def _load(self, m: Module, controller: NearMemoryController, drain: Drain, banks: list[NearMemoryBank]) -> Buffer:
        p, layer, kept = self.parameters, controller.layer, self.config.payload.loaded
        transfers = -(-p.activation_words // p.transfer_words)
        rows = self._loader(m, "weight", controller, p.rows, layer.rows, kept)
        words = self._loader(m, "input", controller, transfers, layer.transfers, None)
        channels = self._loader(m, "channel", controller, p.block_limit * p.lanes_in_bank, layer.channel_words, kept)
        m.submodules.inputs = inputs = Buffer(words=transfers, width=inputs_layout(p).size)
        m.d.comb += [
            controller.loaded.eq(rows.done & words.done & channels.done),
            inputs.write.eq(words.write),
            inputs.write_address.eq(words.address),
            inputs.write_word.eq(self.input_in.payload),
            drain.write.eq(channels.write),
            drain.address.eq(channels.address),
            drain.words.eq(self.channel_in.payload),
        ]
        for place, bank in enumerate(banks):
            first = place * p.lanes_in_bank
            m.d.comb += [bank.write.eq(rows.write), bank.write_row.eq(rows.address)]
            m.d.comb += [bank.words[lane].eq(self.weight_in.payload[first + lane]) for lane in range(p.lanes_in_bank)]
        return inputs

    def _loader(
        self, m: Module, name: str, controller: NearMemoryController, words: int, count: Value, skip: Value | None
    ) -> Loader:
        given = getattr(self, f"{name}_in")
        m.submodules[f"{name}_loader"] = loader = Loader(words=words)
        m.d.comb += [
            loader.start.eq(controller.begins),
            loader.skip.eq(0 if skip is None else skip),
            loader.count.eq(count),
            loader.valid.eq(given.valid),
            given.ready.eq(loader.ready),
        ]
        return loader

    def _beat(
        self,
        m: Module,
        controller: NearMemoryController,
        drain: Drain,
        banks: list[NearMemoryBank],
        inputs: Buffer,
    ) -> None:
        """Read in the cycle of the beat; multiply and add in the next; sums follow after the lanes' latency."""
        p = self.parameters
        low = (p.transfer_words - 1).bit_length()
        words = data.View(inputs_layout(p), inputs.word)
        chosen = words[rank(m, "word", controller.address[:low])] if low else words[0]
        valid, ends = Signal(), controller.beat & controller.last
        m.d.sync += valid.eq(controller.beat)
        first, inside = rank(m, "first", controller.first), rank(m, "inside", controller.inside)
        m.d.comb += [
            inputs.read.eq(controller.beat & controller.inside),
            inputs.read_address.eq(controller.address[low:]),
        ]
        for bank in banks:
            m.d.comb += [
                bank.read.eq(controller.beat),
                bank.row.eq(controller.row),
                bank.input.eq(Mux(inside, chosen, zero_word(p))),
                bank.first.eq(first),
                bank.valid.eq(valid),
            ]
        tags = rank(m, "tags", controller.tags.as_value(), ends)
        for stage in range(1 + MAC_LATENCY):
            ended = Signal(name=f"ended_{stage}")
            m.d.sync += ended.eq(ends)
            ends = ended
        m.d.comb += [drain.capture.eq(ends), drain.tags.as_value().eq(tags)]

    def _drain(self, m: Module, controller: NearMemoryController, drain: Drain, banks: list[NearMemoryBank]) -> None:
        m.d.comb += [
            drain.sums.as_value().eq(Cat(bank.sums.as_value() for bank in banks)),
            drain.reserve.eq(controller.beat & controller.last),
            drain.relu.eq(controller.layer.relu),
            drain.rounded.eq(controller.layer.rounded),
            controller.free.eq(drain.free),
            controller.idle.eq(drain.idle),
            self.result_out.valid.eq(drain.result.valid),
            self.result_out.payload.eq(drain.result.payload),
            drain.result.ready.eq(self.result_out.ready),
        ]

    def _observe(self, m: Module, controller: NearMemoryController, banks: list[NearMemoryBank]) -> None:
        """Errors and counters."""
        refused = Signal()
        m.submodules.check = check = WeightWordCheck(parameters=self.parameters)
        m.d.comb += [
            check.words.eq(self.weight_in.payload),
            self.error.eq(refused | Cat(bank.error for bank in banks).any()),
            *(bank.clear.eq(controller.begins) for bank in banks),
        ]
        with m.If(controller.begins):
            m.d.sync += refused.eq(0)
        with m.Elif(self.weight_in.valid & self.weight_in.ready):
            m.d.sync += refused.eq(refused | check.refused)
        counted = {
            "cycle_count": controller.busy,
            "weight_read_count": controller.beat,
            "input_read_count": controller.beat & controller.inside,
        }
        for name, event in counted.items():
            counter = getattr(self, name)
            with m.If(controller.begins):
                m.d.sync += counter.eq(0)
            with m.Elif(event & ~counter.all()):
                m.d.sync += counter.eq(counter + 1)


class ExactNearMemory(AsmNearMemory):
    """The von Neumann baseline: `AsmNearMemory` with exact multipliers, whose weights are plain words on a bus.

    The same memory, controller, requantization and ports, with `sim_models.asm.near_memory.exact_parameters`: any
    weight, sign and magnitude, and inputs that are not encoded. Cycles are the same; what the words cost on their way
    is the energy model's. Source: textbook; baseline of arXiv 2302.01990.
    """

    exact = True


def zero_word(p: NearMemoryParameters) -> int:
    """The input word of zero, which stands for the padding."""
    coded = p.encode_inputs and 3 in p.alphabets
    return (1 << 3 * p.input_quartets) - 1 if coded else 0
