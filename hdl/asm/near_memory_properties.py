"""What the near-memory unit promises at its ports, and its parts to each other, for layers that fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from functools import partial, reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring

from hdl.asm.controller import NearMemoryController
from hdl.asm.loader import Loader
from hdl.asm.near_memory import AsmNearMemory, ExactNearMemory
from hdl.asm.requantize_properties import RoundToInputProperties
from hdl.property_set import PropertySet
from sim_models.asm import AsmParameters
from sim_models.asm.near_memory import NearMemoryParameters, exact_parameters, fits, lane_blocks
from sim_models.asm.near_memory_cycles import layer_cycles
from sim_models.asm.near_memory_descriptor import packed_descriptor
from sim_models.asm.requantize import affine_bits
from sim_models.daism.accelerator import LayerShape, matrix_shape

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


class LoaderProperties(PropertySet):
    """Exactly the words that are there are taken, one after the other, each into its own place."""

    def __init__(self, *, words: int, component: Loader | None = None) -> None:
        self.words = words
        super().__init__(component or Loader(words=words))

    def state(self, m: Module) -> None:
        begins = self.start & ~self.ready
        written, asked, works = Signal(range(self.words + 1)), Signal.like(self.count), Signal()
        m.d.comb += asked.eq(self.count)
        with m.If(begins):
            m.d.sync += [written.eq(0), works.eq(~self.skip)]
        with m.Elif(self.write):
            m.d.sync += [written.eq(written + 1), works.eq(written + 1 != asked)]
        steady = self.before(m, asked, "asked") == asked
        self.assumes(m, ~works | ((asked > 0) & (asked <= self.words)))
        self.assumes(m, ~(works & (written != 0)) | steady)
        self.holds(m, "takes_words_while_there_are_more", self.ready == works)
        self.holds(m, "writes_what_it_takes", self.write == (self.valid & self.ready))
        self.holds(m, "places_in_order", ~self.write | (self.address == written))
        self.holds(m, "places_are_there", ~self.write | (self.address < self.words))
        self.reaches(m, "all_words_written", self.done & (written == self.words))


class LayerProperties(PropertySet):
    """Properties over some layers: the free input ``number`` says which one is offered."""

    def __init__(
        self, *, parameters: NearMemoryParameters, component: wiring.Component, layers: Sequence[LayerShape]
    ) -> None:
        self.parameters, self.layers = parameters, layers
        super().__init__(component, {"number": range(max(2, len(layers)))})

    def offered(self, m: Module) -> Signal:
        """Assume that descriptors are those of ``number``; returns the number of the layer that was taken last."""
        words = [packed_descriptor(shape, self.parameters) for shape in self.layers]
        descriptor = self.config.payload.as_value()
        same = [(self.number == place) & (descriptor == word) for place, word in enumerate(words)]
        self.assumes(m, ~self.config.valid | reduce(or_, same))
        taken = Signal.like(self.number, name="taken")
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += taken.eq(self.number)
        return taken

    def of(self, number: Value, values: Sequence[int]) -> Value:
        """The one of ``values`` that belongs to a layer."""
        chosen: Value = Const(values[0])
        for place, value in enumerate(values[1:], 1):
            chosen = Mux(number == place, value, chosen)
        return chosen


class NearMemoryControllerProperties(LayerProperties):
    """Rows, inputs, positions and blocks are those that there are; sums end only where there is room for them."""

    def __init__(
        self,
        *,
        parameters: NearMemoryParameters,
        layers: Sequence[LayerShape],
        component: NearMemoryController | None = None,
    ) -> None:
        super().__init__(
            parameters=parameters, component=component or NearMemoryController(parameters=parameters), layers=layers
        )

    def state(self, m: Module) -> None:
        taken, shapes = self.offered(m), self.layers
        length = [shape.gemm.length for shape in shapes]
        blocks = [lane_blocks(shape.outputs, self.parameters) for shape in shapes]
        rows = self.of(taken, [one * count for one, count in zip(length, blocks, strict=True)])
        words = self.of(taken, [shape.images * shape.image_words for shape in shapes])
        positions, place = self.of(taken, [shape.gemm.positions for shape in shapes]), Signal(range(max(length) + 1))
        ends = place == self.of(taken, length) - 1
        with m.If(self.begins):
            m.d.sync += place.eq(0)
        with m.Elif(self.beat):
            m.d.sync += place.eq(Mux(ends, 0, place + 1))
        beat = self.beat
        self.holds(m, "rows_are_loaded", ~beat | (self.row < rows))
        self.holds(m, "inputs_are_there", ~(beat & self.inside) | (self.address < words))
        self.holds(m, "positions_are_the_layers", ~beat | (self.tags.position < positions))
        self.holds(m, "blocks_are_the_layers", ~beat | (self.tags.block < self.of(taken, blocks)))
        self.holds(m, "a_position_begins_once", ~beat | (self.first == (place == 0)))
        self.holds(m, "a_position_ends_once", ~beat | (self.last == ends))
        self.holds(m, "sums_end_where_there_is_room", ~(beat & self.last) | self.free)
        self.reaches(m, "a_layer_ends", self.done)


class NearMemoryProperties(LayerProperties):
    """Each result comes once, in order, with its tags, and waits unchanged; the unit waits for nobody but its streams.

    No deadlock: cycles in which no stream keeps the unit waiting are at most those of the formula.
    """

    def __init__(
        self,
        *,
        parameters: NearMemoryParameters,
        layers: Sequence[LayerShape],
        component: AsmNearMemory | None = None,
    ) -> None:
        super().__init__(
            parameters=parameters, component=component or AsmNearMemory(parameters=parameters), layers=layers
        )

    def state(self, m: Module) -> None:
        taken, result = self.offered(m), self.result_out
        self._results(m, taken)
        self._progress(m, taken)
        waits = self.before(m, result.valid & ~result.ready & ~ResetSignal(), "waits")
        same = result.valid & (result.payload.as_value() == self.before(m, result.payload.as_value(), "offer"))
        self.holds(m, "a_result_waits_unchanged", ~waits | same)
        self.reaches(m, "a_layer_ends", self.done)

    def _results(self, m: Module, taken: Signal) -> None:
        p, result, payload = self.parameters, self.result_out, self.result_out.payload
        tags = Cat(payload.lane, payload.position, payload.block)
        lane, position, block = (Signal.like(payload[name], name=name) for name in ("lane", "position", "block"))
        positions = self.of(taken, [shape.gemm.positions for shape in self.layers])
        blocks = self.of(taken, [lane_blocks(shape.outputs, p) for shape in self.layers])
        lane_ends = lane == p.lanes_in_bank - 1
        ends = lane_ends & (position == positions - 1)
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += [lane.eq(0), position.eq(0), block.eq(0)]
        with m.Elif(result.valid & result.ready):
            m.d.sync += [
                lane.eq(Mux(lane_ends, 0, lane + 1)),
                position.eq(Mux(ends, 0, position + lane_ends)),
                block.eq(block + ends),
            ]
        expected = (tags == Cat(lane, position, block)) & (block < blocks)
        self.holds(m, "results_come_once_and_in_order", ~result.valid | expected)
        all_gone = (block == blocks) & (position == 0) & (lane == 0)
        self.holds(m, "a_layer_ends_with_all_its_results", ~self.done | all_gone)

    def _progress(self, m: Module, taken: Signal) -> None:
        given = [getattr(self, f"{name}_in") for name in ("weight", "input", "channel")]
        waits = Cat(each.ready & ~each.valid for each in given).any() | (self.result_out.valid & ~self.result_out.ready)
        totals = [layer_cycles(shape, self.parameters).total for shape in self.layers]
        worked = Signal(range(max(totals) + 3))
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += worked.eq(0)
        with m.Elif(self.busy & ~waits & ~worked.all()):
            m.d.sync += worked.eq(worked + 1)
        self.holds(m, "a_layer_ends_in_its_cycles", ~self.busy | (worked <= self.of(taken, totals)))


def near_memory_properties(parameters: NearMemoryParameters) -> Claims:
    """Of the unit with alphabet-set lanes, in small: as few bits as there can be, layers of a few operands."""
    return _properties(parameters, AsmNearMemory)


def exact_near_memory_properties(parameters: NearMemoryParameters) -> Claims:
    """Of the unit with exact lanes."""
    return _properties(parameters, ExactNearMemory)


def _properties(parameters: NearMemoryParameters, unit: type[AsmNearMemory]) -> Claims:
    small = small_parameters(parameters)
    own = exact_parameters(small) if unit.exact else small
    layers = proof_layers(own)
    yield "Loader of three words", partial(LoaderProperties, words=3)
    plain = replace(own, encode_inputs=False)
    yield f"RoundToInput of {affine_bits(plain)} bits", partial(RoundToInputProperties, parameters=plain)
    controller = partial(NearMemoryControllerProperties, parameters=own, layers=layers)
    yield f"NearMemoryController with {len(layers)} layers", controller
    for shape in layers[1:4]:
        said = f"{unit.__name__}, {shape.gemm.positions} by {shape.gemm.length} by {shape.outputs}"
        yield said, partial(_unit_properties, own, shape, partial(unit, parameters=small))


def _unit_properties(
    own: NearMemoryParameters, shape: LayerShape, build: Callable[[], AsmNearMemory]
) -> NearMemoryProperties:
    return NearMemoryProperties(parameters=own, layers=[shape], component=build())


def small_parameters(parameters: NearMemoryParameters) -> NearMemoryParameters:
    """Two lanes of four bits, in two banks if there are more than one, with memories of a few words."""
    p = parameters
    banks = min(2, p.banks)
    kept = {each.name: getattr(p, each.name) for each in fields(AsmParameters)}
    sizes = {"lanes": 2, "banks": banks, "weight_bits": 4, "input_bits": 4, "rows": 4, "reduction_length": 4}
    return NearMemoryParameters(
        **{**kept, **sizes, "accumulator_bits": None},
        activation_words=4,
        transfer_words=1,
        position_limit=4,
        block_limit=2,
    )


def proof_layers(parameters: NearMemoryParameters) -> list[LayerShape]:
    """The smallest layers of each kind: of one operand, two positions, two blocks, with padding, with a window."""
    window = LayerShape(images=1, channels=1, outputs=1, height=2, width=2, kernel_height=2, kernel_width=2)
    shapes = [
        matrix_shape(1, 1, 1),
        matrix_shape(2, 2, 1),
        matrix_shape(1, 1, parameters.lanes + 1),
        LayerShape(**{**vars(window), "padding": 1, "stride": 2}),
        LayerShape(images=1, channels=2, outputs=1, height=1, width=2, kernel_width=2),
    ]
    return [shape for shape in shapes if fits(shape, parameters)]
