"""What the in-memory unit promises at its ports, and its parts to each other, for products that fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, ResetSignal, Signal, Value

from hdl.asm.in_memory import AsmInMemory
from hdl.asm.in_memory_array_properties import (
    BitlineAdderProperties,
    ColumnShiftProperties,
    InMemoryArrayProperties,
    small_array,
)
from hdl.asm.in_memory_merge import DrainMerge, QuartetMerge
from hdl.asm.micro_sequencer_properties import MicroSequencerProperties
from hdl.property_set import PropertySet
from sim_models.asm import supported_values
from sim_models.asm.in_memory import InMemoryParameters, weight_transfers
from sim_models.asm.in_memory_cycles import unit_cycles
from sim_models.asm.parameters import QUARTET_BITS

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


class QuartetMergeProperties(PropertySet):
    """Words that come in the order of their quartets become one sum."""

    def __init__(self, *, width: int, quartets: int, component: QuartetMerge | None = None) -> None:
        self.width, self.quartets = width, quartets
        super().__init__(component or QuartetMerge(width=width, quartets=quartets))

    def state(self, m: Module) -> None:
        place, total, known = Signal(range(self.quartets + 1)), Signal(self.width, reset_less=True), Signal()
        begins, last = self.take & self.first, place == self.quartets - 1
        self.assumes(m, ~self.take | (self.first == (place == 0)))
        with m.If(self.take):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
            for quartet in range(self.quartets):
                with m.If(place == quartet):
                    m.d.sync += total.eq(Mux(self.first, self.start, total) + (self.word << QUARTET_BITS * quartet))
        with m.If(ResetSignal()):
            m.d.sync += [place.eq(0), known.eq(0)]
        with m.Elif(begins):
            m.d.sync += known.eq(1)
        for done in range(1, self.quartets + 1):
            shown = self.total[QUARTET_BITS * (self.quartets - done) :][: self.width]
            here = known & (place == done % self.quartets)
            self.holds(m, f"the_sum_of_{done}", ~here | (shown == total))
        self.reaches(m, "a_sum", known & (place == 0) & total.any())


class DrainMergeProperties(PropertySet):
    """A result is the sum of its accumulator and of what earlier passes kept; of weights of one quartet.

    The free input ``watched`` chooses the output whose kept sum is followed.
    """

    def __init__(self, *, parameters: InMemoryParameters, component: DrainMerge | None = None) -> None:
        self.parameters = parameters
        watched = {"watched": range(max(2, parameters.output_limit))}
        super().__init__(component or DrainMerge(parameters=parameters), watched)

    def state(self, m: Module) -> None:
        result, known = self.result, Signal()
        total, kept = (
            Signal(self.parameters.accumulator_width, name=name, reset_less=True) for name in ("total", "kept")
        )
        watched = self.chosen(m, self.watched, "watched")
        names = ("resumes", "keeps", "output", "group")
        resumes, keeps, output, group = (self.before(m, getattr(self, name), name) for name in names)
        read = self.before(m, self.drains & ~ResetSignal(), "read")
        mine = output == watched
        with m.If(read):
            m.d.sync += total.eq(self.latch + Mux(resumes, kept, 0))
            with m.If(keeps & mine):
                m.d.sync += kept.eq(self.latch + Mux(resumes, kept, 0))
        self._assume(m, known, watched)
        ended = self.before(m, read & ~keeps & ~ResetSignal(), "ended")
        tags = self.before(m, Cat(output, group), "tags")
        followed = ended & self.before(m, mine | ~resumes, "mine")
        sums = result.payload.sums[0].as_unsigned()
        self.holds(m, "a_sum_is_handed_on", ~ended | result.valid)
        self.holds(m, "it_is_told_whose", ~ended | (Cat(result.payload.output, result.payload.group) == tags))
        self.holds(m, "it_is_the_sum_of_all_passes", ~followed | (sums == total))
        waits = self.before(m, result.valid & ~result.ready & ~ResetSignal(), "waits")
        self.holds(m, "nothing_else_is_handed_on", ~result.valid | ended | waits)
        same = result.payload.as_value() == self.before(m, result.payload.as_value(), "offer")
        self.holds(m, "a_sum_waits_unchanged", ~waits | (result.valid & same))
        self.reaches(m, "a_sum_of_two_passes", followed & self.before(m, resumes, "resumed"))

    def _assume(self, m: Module, known: Signal, watched: Value) -> None:
        """Results are waited for; only sums that there are resume; drains are at least three cycles apart."""
        drains = self.drains & ~ResetSignal()
        with m.If(ResetSignal()):
            m.d.sync += known.eq(0)
        with m.Elif(drains & self.keeps & (self.output == watched)):
            m.d.sync += known.eq(1)
        self.assumes(m, ~self.drains | (self.first & self.last & self.free))
        self.assumes(m, ~(self.drains & (self.resumes | self.keeps)) | (self.output < self.parameters.output_limit))
        self.assumes(m, ~(self.drains & self.resumes & (self.output == watched)) | known)
        drained = self.before(m, drains, "drained")
        self.assumes(m, ~(self.drains & (drained | self.before(m, drained & ~ResetSignal(), "drained_earlier"))))


@dataclass(frozen=True, kw_only=True)
class ProductShape:
    """``groups`` of positions, ``length`` terms, ``outputs``."""

    groups: int
    length: int
    outputs: int


class InMemoryProperties(PropertySet):
    """Each result comes once, in order, with its tags, and waits unchanged; the unit waits for nobody but its streams.

    No deadlock: cycles in which inputs are offered and no stream keeps the unit waiting are at most those of the
    formula for the slowest weights, and one for each transfer of weights that comes late. The free input ``number``
    says which of ``shapes`` is offered.
    """

    def __init__(
        self, *, parameters: InMemoryParameters, shapes: Sequence[ProductShape], component: AsmInMemory | None = None
    ) -> None:
        self.parameters, self.shapes = parameters, shapes
        free = {"number": range(max(2, len(shapes)))}
        super().__init__(component or AsmInMemory(parameters=parameters), free)

    def state(self, m: Module) -> None:
        taken, result = self._offered(m), self.result_out
        self._results(m, taken)
        self._progress(m, taken)
        waits = self.before(m, result.valid & ~result.ready & ~ResetSignal(), "waits")
        same = result.valid & (result.payload.as_value() == self.before(m, result.payload.as_value(), "offer"))
        self.holds(m, "a_result_waits_unchanged", ~waits | same)
        begins = self.before(m, self.config.valid & self.config.ready, "begins")
        told = self.before(m, self.error & ~ResetSignal(), "told")
        self.holds(m, "an_error_is_told_until_the_next_product", ~told | begins | self.error)
        self.holds(m, "a_product_begins_without_error", ~begins | ~self.error)
        self.reaches(m, "a_product_ends", self.done)

    def _offered(self, m: Module) -> Signal:
        """Assume that descriptors are those of ``number``; returns the number of the product that was taken last."""
        payload = self.config.payload
        names = ("length", "outputs", "groups")
        same = [
            (self.number == place) & Cat(payload[name] == getattr(shape, name) for name in names).all()
            for place, shape in enumerate(self.shapes)
        ]
        self.assumes(m, ~self.config.valid | reduce(or_, same))
        taken = Signal.like(self.number, name="taken")
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += taken.eq(self.number)
        return taken

    def _of(self, number: Value, values: Sequence[int]) -> Value:
        chosen: Value = Const(values[0])
        for place, value in enumerate(values[1:], 1):
            chosen = Mux(number == place, value, chosen)
        return chosen

    def _results(self, m: Module, taken: Signal) -> None:
        result, payload = self.result_out, self.result_out.payload
        most = max(max(shape.outputs, shape.groups) for shape in self.shapes)
        output, group = (Signal(range(most + 2), name=name) for name in ("output", "group"))
        ends = output == self._of(taken, [shape.outputs for shape in self.shapes]) - 1
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += [output.eq(0), group.eq(0)]
        with m.Elif(result.valid & result.ready):
            m.d.sync += [output.eq(Mux(ends, 0, output + 1)), group.eq(group + ends)]
        groups = self._of(taken, [shape.groups for shape in self.shapes])
        expected = (payload.output == output) & (payload.group == group) & (group < groups)
        self.holds(m, "results_come_once_and_in_order", ~result.valid | expected)
        self.holds(m, "a_product_ends_with_all_its_results", ~self.done | ((group == groups) & (output == 0)))

    def _progress(self, m: Module, taken: Signal) -> None:
        result, weights = self.result_out, self.weight_in
        # An input is looked at before it is taken: the first of its rows is written without ready.
        waits = ~self.input_in.valid | (weights.ready & ~weights.valid) | (result.valid & ~result.ready)
        totals = [self._slowest(shape) for shape in self.shapes]
        worked = Signal(range(max(totals) + 3))
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += worked.eq(0)
        with m.Elif(self.busy & ~self.done & ~waits & ~worked.all()):
            m.d.sync += worked.eq(worked + 1)
        self.holds(m, "a_product_ends_in_its_cycles", ~self.busy | (worked <= self._of(taken, totals)))

    def _slowest(self, shape: ProductShape) -> int:
        """Cycles where every quartet of every weight is of the alphabet that takes longest."""
        p = replace(self.parameters, unsupported="refuse")
        weight = max(supported_values(p), key=lambda value: unit_cycles([[int(value)]], 1, p).total)
        weights = [[int(weight)] * shape.outputs] * shape.length
        late = shape.groups * len(weight_transfers(weights, p))
        return unit_cycles(weights, shape.groups * p.positions_together, p).total + late


def in_memory_properties(parameters: InMemoryParameters) -> Claims:
    """Of the unit and its parts; adder and shift as they are, the others in small: as few bits and rows as may be."""
    width = parameters.accumulator_width
    yield f"BitlineAdder of {width} bits", partial(BitlineAdderProperties, width=width)
    yield f"ColumnShift of {width} bits", partial(ColumnShiftProperties, width=width)
    yield "InMemoryArray of two words", partial(InMemoryArrayProperties, parameters=small_array(parameters))
    sequencer = replace(small_parameters(parameters, inputs=3), transfer_words=2)
    yield "MicroSequencer of two words a transfer", partial(MicroSequencerProperties, parameters=sequencer)
    for quartets in range(2, parameters.quartets + 1):
        merge = partial(QuartetMergeProperties, width=width, quartets=quartets)
        yield f"QuartetMerge of {quartets} quartets", merge
    small = small_parameters(parameters)
    yield "DrainMerge of one quartet", partial(DrainMergeProperties, parameters=small)
    for shape in proof_shapes(small):
        said = f"AsmInMemory with {shape.groups} x {shape.length} x {shape.outputs}"
        yield said, partial(InMemoryProperties, parameters=small, shapes=[shape])


def small_parameters(parameters: InMemoryParameters, inputs: int = 1) -> InMemoryParameters:
    """One word a row of the fewest bits, 4-bit weights, rows for so many inputs, and one input more in a reduction."""
    one = replace(
        parameters,
        weight_bits=4,
        input_bits=2,
        reduction_length=inputs + 1,
        banks=1,
        accumulator_bits=None,
        rows=256,
        columns=256,
        transfer_words=1,
        output_limit=2,
    )
    return replace(one, rows=inputs * one.rows_per_input + 2, columns=one.needed_accumulator_bits)


def proof_shapes(parameters: InMemoryParameters) -> list[ProductShape]:
    """One term; two outputs; two passes; two groups."""
    sizes = ((1, 1, 1), (1, 1, 2), (1, parameters.inputs_per_pass + 1, 1), (2, 1, 1))
    return [ProductShape(groups=groups, length=length, outputs=outputs) for groups, length, outputs in sizes]
