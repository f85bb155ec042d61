"""What the accelerator promises at its ports, and its loop nest to the banks, for layers that fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from amaranth.hdl import Cat, Module, Mux, ResetSignal, Signal

from hdl.daism.accelerator import Daism
from hdl.daism.address_walks import AddressWalks
from hdl.daism.layer_properties import LayerProperties
from hdl.daism.place_walk import PlaceWalk
from hdl.daism.walk_properties import PlaceWalkProperties, PositionWalkProperties, WindowAddressProperties
from hdl.property_set import PropertySet
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape, fits, matrix_shape
from sim_models.daism.layout import lane_blocks

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


class DaismProperties(LayerProperties):
    """Each result comes once, in order, with its tags, and waits unchanged; no bank is given what it does not take."""

    def __init__(
        self, *, parameters: AcceleratorParameters, layers: Sequence[LayerShape], component: Daism | None = None
    ) -> None:
        super().__init__(parameters=parameters, component=component or Daism(parameters=parameters), layers=layers)

    def state(self, m: Module) -> None:
        taken = self.offered(m)
        self.holds(m, "every_bank_takes_its_beat", ~self.refused)
        self._results(m, taken)
        self.reaches(m, "a_layer_ends", self.done)

    def _results(self, m: Module, taken: Signal) -> None:
        result, begins = self.result_out, self.config.valid & self.config.ready
        tags = Cat(result.payload.position, result.payload.block)
        position, block = Signal.like(result.payload.position), Signal.like(result.payload.block)
        positions = self.of(taken, [shape.gemm.positions for shape in self.layers])
        blocks = self.of(taken, [lane_blocks(shape.outputs, self.parameters) for shape in self.layers])
        ends = position == positions - 1
        with m.If(begins):
            m.d.sync += [position.eq(0), block.eq(0)]
        with m.Elif(result.valid & result.ready):
            m.d.sync += [position.eq(Mux(ends, 0, position + 1)), block.eq(block + ends)]
        expected = (tags == Cat(position, block)) & (block < blocks)
        self.holds(m, "results_come_once_and_in_order", ~result.valid | expected)
        self.holds(m, "a_layer_ends_with_all_its_results", ~self.done | ((block == blocks) & (position == 0)))
        offer = Cat(tags, result.payload.sums.as_value())
        waits = self.before(m, result.valid & ~result.ready & ~ResetSignal(), "waits")
        same = result.valid & (offer == self.before(m, offer, "offer"))
        self.holds(m, "a_result_waits_unchanged", ~waits | same)


class LoopNestProperties(LayerProperties):
    """No bank is read while it is loaded; groups, slots and positions are those that there are."""

    def __init__(
        self, *, parameters: AcceleratorParameters, layers: Sequence[LayerShape], component: AddressWalks | None = None
    ) -> None:
        super().__init__(
            parameters=parameters, component=component or AddressWalks(parameters=parameters), layers=layers
        )

    def state(self, m: Module) -> None:
        p, beat = self.parameters, self.beat
        taken = self.offered(m)
        positions = self.of(taken, [shape.gemm.positions for shape in self.layers])
        at_work = beat.drive | beat.preset
        self.holds(m, "loads_and_beats_take_turns", ~(self.loads & (at_work | self.before(m, at_work, "at_work"))))
        self.holds(m, "drives_and_presets_take_turns", ~(beat.drive & beat.preset))
        self.holds(m, "groups_are_there", ~(at_work | self.loads) | (beat.group < p.groups))
        self.holds(m, "slots_are_there", ~at_work | (beat.slot < p.interleave))
        self.holds(m, "positions_are_the_layers", ~at_work | (beat.position < positions))
        self.reaches(m, "all_banks_read", self.reads.all() & beat.drive)


class KeptWindowProperties(LayerProperties):
    """In the places of a pass after its first a position has the window that it had there."""

    def __init__(
        self, *, parameters: AcceleratorParameters, layers: Sequence[LayerShape], component: AddressWalks | None = None
    ) -> None:
        walks = component or AddressWalks(parameters=parameters)
        free = {"any_position": len(walks.beat.position)}
        super().__init__(parameters=parameters, component=walks, layers=layers, free=free)

    def state(self, m: Module) -> None:
        self.offered(m)
        beat, first = self.beat, Signal.like(self.beat.window.as_value(), name="first_window")
        here = beat.drive & (beat.position == self.chosen(m, self.any_position, "position"))
        with m.If(here & (beat.group == 0)):
            m.d.sync += first.eq(beat.window)
        later = here & (beat.group != 0)
        self.holds(m, "windows_are_kept", ~later | (beat.window.as_value() == first))
        self.reaches(m, "a_window_used_again", later & (beat.window.base != 0))


def accelerator_properties(parameters: AcceleratorParameters) -> Claims:
    """Of the accelerator, in small: as few bits as there can be, layers of a few operands."""
    small = small_parameters(parameters)
    layers = proof_layers(small)
    yield "Daism with a layer", partial(DaismProperties, parameters=small, layers=layers[1:2])
    yield f"LoopNest with {len(layers)} layers", partial(LoopNestProperties, parameters=small, layers=layers)
    yield f"windows with {len(layers)} layers", partial(KeptWindowProperties, parameters=small, layers=layers)
    for last in (False, True):
        said = "the last PlaceWalk" if last else "PlaceWalk"
        yield f"{said} with {len(layers)} layers", partial(_place_walk, small, layers, last)
    yield f"PositionWalk with {len(layers)} layers", partial(PositionWalkProperties, parameters=small, layers=layers)
    yield f"WindowAddress with {len(layers)} layers", partial(WindowAddressProperties, parameters=small, layers=layers)


def _place_walk(parameters: AcceleratorParameters, layers: Sequence[LayerShape], last: bool) -> PropertySet:
    walk = PlaceWalk(parameters=parameters, unit=last)
    return PlaceWalkProperties(parameters=parameters, layers=layers, component=walk)


def small_parameters(parameters: AcceleratorParameters) -> AcceleratorParameters:
    """Two banks of one lane of four bits, two row groups each, with buffers of a few words."""
    return replace(
        parameters,
        operand_kind="integer",
        accumulator="int",
        variant="fla",
        hla_mode="a",
        significand_bits=4,
        rows=8,
        columns=4,
        kept_columns="truncated",
        banks=2,
        interleave=2,
        accumulate_latency=min(2, parameters.accumulate_latency),
        bank_slicing="auto",
        activation_words=8,
        sum_words=4,
        group_limit=8,
    )


def proof_layers(parameters: AcceleratorParameters) -> list[LayerShape]:
    """The smallest layers of each kind: of one operand, of two passes with a bias, by channels, with padding."""
    shapes = [
        matrix_shape(1, 1, 1),
        matrix_shape(1, 5, 1, bias=True, slicing="index"),
        matrix_shape(2, 1, 3, slicing="channel"),
        LayerShape(
            images=1, channels=1, outputs=1, height=2, width=2, kernel_height=2, kernel_width=2, padding=1, stride=2
        ),
        LayerShape(images=1, channels=2, outputs=1, height=1, width=3, kernel_width=2),
    ]
    return [shape for shape in shapes if fits(shape, parameters)]
