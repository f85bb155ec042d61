"""The in-memory unit: arrays that add, the sequencer that drives them, what feeds and drains them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from hdl.asm.in_memory_array import InMemoryArray
from hdl.asm.in_memory_controller import InMemoryController
from hdl.asm.in_memory_layouts import config_layout, inputs_layout, result_layout, weights_layout
from hdl.asm.in_memory_merge import DrainMerge
from hdl.asm.micro_sequencer import MicroSequencer
from hdl.block import Block
from hdl.daism.counters import COUNTER_BITS
from sim_models.arith.checking import require_instance
from sim_models.asm.in_memory import InMemoryParameters

COUNTS = ("cycle_count", "read_count", "write_count")


class AsmInMemory(Block):
    """Matrix products inside the memory of their inputs: sums of shifted rows, whose shifts the weights' codes are.

    Bit for bit `sim_models.asm.matmul`, for a matrix of inputs (positions, length) and one of weights (length,
    outputs). All positions of a group are in one row of the arrays, each in a word of its own.

    * ``config``: stream of `config_layout`, taken while nothing runs.
    * ``input_in``: stream of rows: of each group of ``positions_together`` positions, input by input
      (`sim_models.asm.in_memory.input_rows`).
    * ``weight_in``: stream of stored words, ``transfer_words`` a transfer: for each group again all of
      `sim_models.asm.in_memory.weight_transfers`: pass by pass, in each output by output.
    * ``result_out``: stream of `result_layout`: of each group, output by output.
    * ``busy``: a product is being made. ``done``: the cycle after its last result was taken.
    * ``error``: a stored word of the product had an unsupported quartet or refused code, which counts as 0; until the
      next product begins. With ``unsupported='dont_care'`` never.
    * ``cycle_count``: cycles of the product; ``read_count``: READs; ``write_count``: micro-operations that write a row;
      those of all arrays as one; since the product began.

    While streams do not wait a product takes `sim_models.asm.in_memory_cycles`. A result that waits stops the next
    drain, and changes nothing else. Descriptors of products that do not fit must not occur. Reset ends the product.

    Raises ValueError for ``parameters`` that are no ``InMemoryParameters``.
    Source: idea arXiv 2302.01990, arrays after arXiv 2105.08217; structure, program and formats are bitline's.
    """

    def __init__(self, *, parameters: InMemoryParameters) -> None:
        require_instance("parameters", parameters, InMemoryParameters)
        self.parameters = p = parameters
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))),
                "input_in": In(stream.Signature(inputs_layout(p))),
                "weight_in": In(stream.Signature(weights_layout(p))),
                "result_out": Out(stream.Signature(result_layout(p))),
                "busy": Out(1), "done": Out(1), "error": Out(1), **dict.fromkeys(COUNTS, Out(COUNTER_BITS)),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.controller = controller = InMemoryController(parameters=p)
        m.submodules.sequencer = sequencer = MicroSequencer(parameters=p)
        m.submodules.merge = merge = DrainMerge(parameters=p)
        arrays = [InMemoryArray(parameters=p) for _ in range(p.banks)]
        for bank, array in enumerate(arrays):
            m.submodules[f"array_{bank}"] = array
            m.d.comb += array.operation.eq(controller.operation)
            for lane in range(p.lanes_in_row):
                m.d.comb += array.inputs[lane].eq(self.input_in.payload[bank * p.lanes_in_row + lane])
        m.d.comb += [
            controller.config.valid.eq(self.config.valid),
            controller.config.payload.eq(self.config.payload),
            self.config.ready.eq(controller.config.ready),
            controller.input_valid.eq(self.input_in.valid),
            self.input_in.ready.eq(controller.input_ready),
            self.busy.eq(controller.busy),
            self.done.eq(controller.done),
            merge.latch.eq(Cat(array.latch.as_value() for array in arrays)),
        ]
        self._sequence(m, controller, sequencer)
        self._drain(m, controller, merge)
        self._observe(m, controller)
        return m

    def _sequence(self, m: Module, controller: InMemoryController, sequencer: MicroSequencer) -> None:
        m.d.comb += [
            sequencer.weights.valid.eq(self.weight_in.valid),
            sequencer.weights.payload.eq(self.weight_in.payload),
            self.weight_in.ready.eq(sequencer.weights.ready),
            sequencer.begin.eq(controller.pass_begins),
            sequencer.inputs.eq(controller.inputs),
            sequencer.outputs.eq(controller.layer.outputs),
            sequencer.run.eq(controller.run),
            sequencer.clear.eq(controller.begins),
            controller.run_operation.eq(sequencer.operation),
            controller.run_ends.eq(sequencer.ends),
            self.error.eq(sequencer.error),
        ]

    def _drain(self, m: Module, controller: InMemoryController, merge: DrainMerge) -> None:
        for name in ("drains", "first", "last", "resumes", "keeps", "output", "group"):
            m.d.comb += getattr(merge, name).eq(getattr(controller, name))
        m.d.comb += [
            controller.free.eq(merge.free),
            controller.idle.eq(merge.idle),
            self.result_out.valid.eq(merge.result.valid),
            self.result_out.payload.eq(merge.result.payload),
            merge.result.ready.eq(self.result_out.ready),
        ]

    def _observe(self, m: Module, controller: InMemoryController) -> None:
        operation = controller.operation
        counted = {
            "cycle_count": controller.busy & ~controller.done,
            "read_count": operation.read,
            "write_count": operation.add | operation.subtract | operation.clear | operation.write,
        }
        for name, event in counted.items():
            counter, following = getattr(self, name), Signal(COUNTER_BITS, name=f"{name}_next")
            m.d.comb += following.eq(Mux(event & ~counter.all(), counter + 1, counter))
            m.d.sync += counter.eq(Mux(controller.begins, 0, following))
