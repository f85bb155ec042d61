"""Controller of Neural-PIM's dataflow: two-phase accumulation, ping-pong holds, one scan of conversions a product."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.array_cycle import ArrayCycle
from hdl.crossbar.delay import delayed
from hdl.crossbar.line_scan import LineScan
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.stage_timer import StageTimer
from hdl.crossbar.vector_sequence import IGNORED_BITS, VectorSequence
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.crossbar import readout_cycles


class NeuralPimController(Block):
    """Leads vectors through reading, driving, accumulation, conversion and the stages after it, in array cycles.

    Array cycle 1 of a vector: it is read; 2 to cycles + 1: its slices are driven; the cycle after each: NNS+A; then
    conversion, output register, activation, write-back. A vector may follow every ``cycles`` array cycles.

    * ``start``: a vector is there to be read, a row block of a result; ``first_block``, ``last_block`` tell which. It
      is accepted when not ``busy``, in the first slot of its first array cycle: at any time if nothing is under way.
      While ``busy`` it is ignored and counted in ``start_ignored`` (16 bits, stops at its largest value). ``load``: it
      is taken, in the last slot of that array cycle; only then the blocks are asked for.
    * ``drive``: the rows are driven; ``step``: with the next slice from the next clock cycle on.
    * ``bl_strobe``: the lines are held, in the last slot of a driven cycle. ``accum``: NNS+A of the held lines into the
      hold of ``bank``, in the slot after that; ``first``, ``negate`` go with it. ``fb_strobe``: what it gave is held
      for the next slice, half an array cycle later. No two of these strobes ever come at once.
    * ``adc_start``: the converters take outputs ``group`` * converters and up of ``read_bank``; one conversion each.
      ``adc_next``: they will in the next clock cycle. ``code_valid``, ``code_first``: converter_delay clock cycles
      later their codes are there, of a first block or another.
    * ``hold_results``: the sums of a last block are whole. ``move_results``: an array cycle ends.
    * ``write``: the result is written, in the last slot of its last cycle, which lasts until it is ``taken``: then all
      stages wait. ``done``: it is taken.

    `sim_models.crossbar.latency` array cycles from that of the start to that of ``done``.

    Raises ValueError for ``parameters`` that are no ``NeuralPimParameters``.
    """

    def __init__(self, *, parameters: NeuralPimParameters) -> None:
        require_instance("parameters", parameters, NeuralPimParameters)
        self.parameters = parameters
        inputs = ("start", "first_block", "last_block", "taken")
        outputs: tuple[str, ...] = (
            "busy",
            "load",
            "drive",
            "step",
            "bl_strobe",
            "accum",
            "first",
            "negate",
            "fb_strobe",
            "bank",
        )
        outputs += ("adc_start", "adc_next", "read_bank", "code_valid", "code_first", "hold_results", "move_results")
        outputs += ("write", "done")
        ports = {name: In(1) for name in inputs} | {name: Out(1) for name in outputs}
        counts = {"group": Out(range(max(2, parameters.groups))), "start_ignored": Out(IGNORED_BITS)}
        super().__init__({**ports, **counts})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.cycle = cycle = ArrayCycle(slots=self.parameters.slots_per_cycle)
        m.submodules.vectors = vectors = VectorSequence(slices=self.parameters.cycles)
        m.submodules.conversion = conversion = StageTimer(cycles=readout_cycles(self.parameters))
        adding = Signal()
        final = self._accumulate(m, cycle, vectors, adding)
        emitted = self._follow_blocks(m, vectors, final)
        self._convert(m, final)
        finishing = self._finish(m, cycle, conversion.over & emitted)
        idle = Signal()
        m.d.comb += [
            idle.eq(~(vectors.reading | vectors.drive | adding | conversion.active | finishing)),
            conversion.start.eq(final),
            conversion.ended.eq(cycle.ended),
            cycle.restart.eq(idle & ~vectors.accepted),
            vectors.start.eq(self.start),
            vectors.first.eq(cycle.first),
            vectors.ended.eq(cycle.ended),
            vectors.read_allowed.eq(1),
            vectors.drive_allowed.eq(1),
        ]
        names = ("busy", "load", "drive", "start_ignored")
        m.d.comb += [getattr(self, name).eq(getattr(vectors, name)) for name in names]
        return m

    def _accumulate(self, m: Module, cycle: ArrayCycle, vectors: VectorSequence, adding: Signal) -> Value:
        """The strobes of both phases; returns what is 1 as the array cycle of a vector's last accumulation ends."""
        p = self.parameters
        final = Signal(name="adds_last")
        ended = Signal()
        with m.If(cycle.ended):
            m.d.sync += [
                adding.eq(vectors.drive),
                self.first.eq(vectors.index == 0),
                final.eq(vectors.top),
                self.bank.eq(self.bank ^ final),
            ]
        m.d.comb += [
            self.step.eq(vectors.drive & cycle.ended),
            self.bl_strobe.eq(self.step),
            self.accum.eq(adding & cycle.first),
            self.negate.eq(final & int(p.signed_inputs)),
            self.fb_strobe.eq(adding & (cycle.slot == p.slots_per_cycle // 2)),
            ended.eq(final & cycle.ended),
        ]
        return ended

    def _follow_blocks(self, m: Module, vectors: VectorSequence, begun: Value) -> Value:
        """Which block each stage has, as far as the conversion; returns whether the one there is the last."""
        driven, added, converted = (Signal(2, name=f"block_{stage}") for stage in ("driven", "added", "converted"))
        with m.If(vectors.load):
            m.d.sync += driven.eq(Cat(self.first_block, self.last_block))
        with m.If(self.step & vectors.top):
            m.d.sync += added.eq(driven)
        with m.If(begun):
            m.d.sync += converted.eq(added)
        m.d.comb += [
            self.read_bank.eq(rank(m, "converted_bank", self.bank, begun)),
            self.code_first.eq(delayed(m, "first_blocks", converted[0], self.parameters.converter_delay)),
        ]
        return converted[1]

    def _convert(self, m: Module, begun: Value) -> None:
        """The scan of the outputs."""
        m.submodules.scan = scan = LineScan(positions=self.parameters.groups)
        m.d.comb += [
            scan.start.eq(begun),
            self.adc_start.eq(scan.active),
            self.adc_next.eq(scan.upcoming),
            self.group.eq(scan.position),
        ]
        delay = self.parameters.converter_delay
        m.d.comb += self.code_valid.eq(delayed(m, "conversions", scan.active, delay))

    def _finish(self, m: Module, cycle: ArrayCycle, whole: Value) -> Value:
        """Output register, activation, write-back; returns whether a result is in one of them."""
        output, active, writing = (Signal(name=f"in_{stage}") for stage in ("output", "activation", "write_back"))
        with m.If(cycle.ended):
            m.d.sync += [output.eq(whole), active.eq(output), writing.eq(active)]
        m.d.comb += [
            self.hold_results.eq(output & self._held_at(cycle)),
            self.move_results.eq(cycle.ended),
            self.write.eq(writing & cycle.last),
            self.done.eq(self.write & self.taken),
            cycle.pause.eq(self.write & ~self.taken),
        ]
        return output | active | writing

    def _held_at(self, cycle: ArrayCycle) -> Value:
        """When an output register takes the sums: where conversions go on without a break, before the next code."""
        p = self.parameters
        return cycle.slot == p.converter_delay if p.converts_always else cycle.ended
