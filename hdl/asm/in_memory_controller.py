"""The controller of the in-memory unit: a product's loop nest in micro-operations."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from hdl.asm.in_memory_layouts import config_layout, operation_layout
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.asm.in_memory import COUNT_BITS, InMemoryParameters
from sim_models.asm.program import accumulator_row, triple_row, zero_row

_WRITE_X, _WRITE_TRIPLE, _READ_X, _ADD_TRIPLE = range(4)


class InMemoryController(Block):
    """Say in each cycle what the arrays do: IDLE, ZERO, LOAD, CLEAR, RUN, DRAIN, FINISH. ::

        for each group of positions:
            for each pass, as many inputs as the rows hold:
                clear the row of zeros, without zero_skip; load the inputs
                for each output: clear its accumulators, run its weights, drain its accumulators

    * ``config``: stream of `config_layout`, taken while idle; ``layer``: the one taken last. ``begins``: it is taken.
    * ``input_valid``, ``input_ready``: of the stream of inputs, a row a transfer; it waits for the second row it fills.
    * ``operation``: what is done in this cycle. ``pass_begins``: the first cycle of a pass, of ``inputs`` inputs.
    * ``run``, ``run_operation``, ``run_ends``: of the sequencer.
    * ``drains``: an accumulator is read: the ``first`` or ``last`` of ``output`` and ``group``; ``resumes``: sums of
      earlier passes are kept; ``keeps``: there are more passes. It waits for ``free``.
    * ``idle``: of what follows the drain. ``busy``; ``done``: the product has ended, for one cycle.

    Raises ValueError for ``parameters`` that are no ``InMemoryParameters``.
    """

    def __init__(self, *, parameters: InMemoryParameters) -> None:
        require_instance("parameters", parameters, InMemoryParameters)
        self.parameters = p = parameters
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))), "layer": Out(config_layout(p)), "begins": Out(1),
                "input_valid": In(1), "input_ready": Out(1), "operation": Out(operation_layout(p)),
                "pass_begins": Out(1), "inputs": Out(p.inputs_per_pass.bit_length()),
                "run": Out(1), "run_operation": In(operation_layout(p)), "run_ends": In(1),
                "drains": Out(1), "first": Out(1), "last": Out(1), "resumes": Out(1), "keeps": Out(1), "free": In(1),
                "output": Out(COUNT_BITS), "group": Out(COUNT_BITS),
                "idle": In(1), "busy": Out(1), "done": Out(1),
            }
        )  # fmt: skip
        self._place = Signal(range(max(2, p.quartets)), name="accumulator")
        self._start = "load" if p.zero_skip else "zero"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rest = self._count_inputs(m)
        m.d.sync += self.pass_begins.eq(0)
        with m.FSM(name="phase"):
            with m.State("idle"):
                self._idle(m, rest)
            if not self.parameters.zero_skip:
                with m.State("zero"):
                    m.d.comb += [self.operation.clear.eq(1), self.operation.row.eq(zero_row(self.parameters))]
                    m.next = "load"
            with m.State("load"):
                self._load(m)
            with m.State("clear"):
                m.d.comb += self.operation.clear.eq(1)
                self._accumulator(m)
                with m.If(self.last):
                    m.next = "run"
            with m.State("run"):
                m.d.comb += [self.run.eq(1), self.operation.eq(self.run_operation)]
                with m.If(self.run_ends):
                    m.next = "drain"
            with m.State("drain"):
                self._drain(m, rest)
            with m.State("finish"):
                m.d.comb += self.done.eq(self.idle)
                with m.If(self.idle):
                    m.next = "idle"
        m.d.comb += self.busy.eq(~self.config.ready)
        return m

    def _count_inputs(self, m: Module) -> Signal:
        """Inputs of this pass, of the ``rest`` that this and later passes have; whether others came before."""
        p, rest = self.parameters, Signal(self.parameters.reduction_length.bit_length())
        if p.keeps_sums:
            m.d.comb += [
                self.keeps.eq(rest > p.inputs_per_pass),
                self.inputs.eq(Mux(self.keeps, p.inputs_per_pass, rest)),
                self.resumes.eq(rest != self.layer.length),
            ]
        else:
            m.d.comb += self.inputs.eq(rest)
        return rest

    def _idle(self, m: Module, rest: Signal) -> None:
        m.d.comb += [self.config.ready.eq(1), self.begins.eq(self.config.valid)]
        m.d.sync += [self.layer.eq(self.config.payload), rest.eq(self.config.payload.length)]
        with m.If(self.config.valid):
            m.d.sync += [self.output.eq(0), self.group.eq(0), self.pass_begins.eq(1)]
            m.next = self._start

    def _load(self, m: Module) -> None:
        """WRITE X; with 3X kept also WRITE 3X, READ X shifted by one, ADD 3X."""
        p, operation = self.parameters, self.operation
        k = Signal(index_bits(p.inputs_per_pass))
        ends = self._load_triple(m, k) if p.keeps_triple else self.input_valid
        if not p.keeps_triple:
            m.d.comb += [operation.write.eq(self.input_valid), operation.row.eq(k), self.input_ready.eq(1)]
        with m.If(ends):
            m.d.sync += k.eq(k + 1)
            with m.If(k == self.inputs - 1):
                m.d.sync += k.eq(0)
                m.next = "clear"

    def _load_triple(self, m: Module, k: Signal) -> Signal:
        step, ends, operation = Signal(2), Signal(), self.operation
        writes = (step == _WRITE_X) | (step == _WRITE_TRIPLE)
        m.d.comb += [
            operation.write.eq(writes & self.input_valid),
            operation.read.eq(step == _READ_X),
            operation.add.eq(step == _ADD_TRIPLE),
            operation.shift.eq(1 << 1),
            # X for the steps 0 and 2, 3X for 1 and 3.
            operation.row.eq(Mux(step[0], k + triple_row(0, self.parameters), k)),
            self.input_ready.eq(step == _WRITE_TRIPLE),
            ends.eq(step == _ADD_TRIPLE),
        ]
        with m.If(self.input_valid | ~writes):
            m.d.sync += step.eq(step + 1)
        return ends

    def _accumulator(self, m: Module) -> None:
        """The accumulators one after the other."""
        p, place = self.parameters, self._place
        row: Value = Const(accumulator_row(0, p), index_bits(p.rows))
        last: Value = Const(1, 1)
        if p.quartets > 1:
            row, last = place + accumulator_row(0, p), place == p.quartets - 1
            with m.If(self.operation.clear | self.operation.read):
                m.d.sync += place.eq(Mux(last, 0, place + 1))
        m.d.comb += [self.operation.row.eq(row), self.first.eq(place == 0), self.last.eq(last)]

    def _drain(self, m: Module, rest: Signal) -> None:
        p = self.parameters
        m.d.comb += [
            self.drains.eq(~self.first | self.free),
            self.operation.read.eq(self.drains),
            self.operation.shift.eq(1),
        ]
        self._accumulator(m)
        with m.If(self.drains & self.last):
            m.d.sync += self.output.eq(self.output + 1)
            m.next = "clear"
            with m.If(self.output == self.layer.outputs - 1):
                m.d.sync += [self.output.eq(0), self.pass_begins.eq(1)]
                m.next = self._start
                with m.If(self.keeps):
                    m.d.sync += rest.eq(rest - p.inputs_per_pass)
                with m.Else():
                    m.d.sync += [rest.eq(self.layer.length), self.group.eq(self.group + 1)]
                    with m.If(self.group == self.layer.groups - 1):
                        m.d.sync += self.pass_begins.eq(0)
                        m.next = "finish"
