"""What strategy A's read-out promises, whatever its converters give and whenever its products are taken."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from amaranth.hdl import Cat, Module, Mux, ResetSignal, Signal, Value, signed

from hdl.crossbar.interleaved_sar_properties import search_properties
from hdl.crossbar.isaac_lane_properties import IsaacLaneProperties
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_readout import IsaacReadout
from hdl.crossbar.line_scan import LineScan
from hdl.crossbar.requirements import IDEAL, SAR
from hdl.crossbar.shift_add_lane import ShiftAddLane
from hdl.property_set import PropertySet

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


class IsaacReadoutProperties(PropertySet):
    """Strobes do not disturb each other, no conversion and no product is lost, none comes too much.

    The surroundings are those of `IsaacReadout`: ``index`` is 0 after ``load`` and grows with ``step``. Codes are
    anything, products are taken at any time.

    * The sample-and-hold circuits follow the lines only at the end of a drive, and never while lines of the slice
      before are still to be converted. Each slice has every line converted once, at its position.
    * Every started vector has its products, in the order of the outputs; they wait unchanged. As many vectors are under
      way as there is place for.
    """

    def __init__(self, *, parameters: IsaacParameters, component: IsaacReadout | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or IsaacReadout(parameters=parameters))

    def state(self, m: Module) -> None:
        drives = follow_inputs(self, m, self.parameters)
        self._state_strobes(m, drives)
        self._state_scan(m)
        self._state_products(m)

    def _state_strobes(self, m: Module, drives: Value) -> None:
        p = self.parameters
        slots = Signal(range(p.slots_per_cycle + 1))  # of this slice's drive that have passed, as far as they matter
        m.d.sync += slots.eq(Mux(self.hold | self.load, 0, slots + (slots != p.slots_per_cycle)))
        self.holds(m, "held_at_the_end_of_a_drive_only", ~self.hold | self.drive)
        self.holds(m, "a_slice_is_driven_for_an_array_cycle", ~self.hold | (slots >= p.slots_per_cycle - 1))
        self.holds(m, "step_is_the_end_of_a_drive", self.step == self.hold)
        self.holds(m, "driven_while_there_are_slices", self.drive == drives)
        self.holds(m, "a_vector_is_loaded_when_all_slices_were_driven", ~self.load | ~drives | self._last_step())

    def _last_step(self) -> Value:
        return self.step & (self.index == self.parameters.cycles - 1)

    def _state_scan(self, m: Module) -> None:
        """``left``: positions of the scan that are still to come."""
        p = self.parameters
        left = Signal(range(p.scan_positions + 1))
        m.d.sync += left.eq(Mux(self.hold, p.scan_positions, left - (left != 0)))
        position = p.scan_positions - left
        self.holds(m, "no_strobe_before_all_lines_are_converted", ~self.hold | (left <= 1))
        self.holds(m, "the_scan_goes_through_all_positions", (left == 0) | (self.select == position))
        self.holds(m, "the_scan_stays_in_range", self.select < p.scan_positions)
        for place, share in enumerate(p.shares):
            first = p.has_unit_column if place else 0
            end = p.has_unit_column + share * p.lines_per_output
            due = (left != 0) & (position >= first) & (position < end)
            start, announced = self.adc_start[place], self.adc_next[place]
            self.holds(m, f"converter_{place}_converts_its_lines", start == due)
            known = self.before(m, announced & ~ResetSignal(), f"announced_{place}")
            self.holds(m, f"converter_{place}_is_told_a_cycle_before", start == known)
        self.reaches(m, "a_scan_right_after_another", self.hold & (left == 1))

    def _state_products(self, m: Module) -> None:
        p, shown = self.parameters, self.products
        accepted, taken = self.start & ~self.busy, shown.valid & shown.ready
        most = -(-(p.cycles + 5) // p.cycles) + p.output_banks
        owed, index = Signal(range(most + 2)), Signal(range(p.outputs + 1))
        m.d.sync += owed.eq(owed + accepted - self.done)
        last = index == p.outputs - 1
        with m.If(taken):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
        self.holds(m, "vectors_under_way_have_place", owed <= most)
        self.holds(m, "products_of_started_vectors_only", ~shown.valid | (owed != 0))
        self.holds(m, "products_come_in_order", ~shown.valid | (shown.payload.index == index))
        self.holds(m, "done_with_the_last_product", self.done == (taken & last))
        waits = self.before(m, shown.valid & ~shown.ready & ~ResetSignal(), "waits")
        payload = shown.payload.as_value()
        same = shown.valid & (payload == self.before(m, payload, "payload"))
        self.holds(m, "a_product_waits_unchanged", ~waits | same)
        self.reaches(m, "a_vector_that_waits_for_the_one_before", self.done & (owed >= 2))


class IsaacLatencyProperties(PropertySet):
    """If products are taken at once, every strobe of a vector comes in its clock cycle, the last product's
    `latency_clocks` after the start; no strobe comes without a vector."""

    def __init__(self, *, parameters: IsaacParameters, component: IsaacReadout | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or IsaacReadout(parameters=parameters))

    def state(self, m: Module) -> None:
        p, slots = self.parameters, self.parameters.slots_per_cycle
        follow_inputs(self, m, p)
        self.assumes(m, self.products.ready)
        since = Signal(p.latency_clocks + 1)  # bit n: a vector started n + 1 clock cycles ago
        m.d.sync += since.eq(Cat(self.start & ~self.busy, since))
        drives = range(slots, (p.cycles + 1) * slots)
        written = range((p.cycles + 5) * slots, p.latency_clocks)
        self.holds(m, "loaded_in_its_cycle", self.load == since[slots - 1])
        self.holds(m, "driven_in_its_cycles", self.drive == Cat(since[place] for place in drives).any())
        ends = [since[(2 + t) * slots - 1] for t in range(p.cycles)]
        self.holds(m, "held_in_its_cycles", self.hold == Cat(ends).any())
        self.holds(m, "written_back_in_its_cycles", self.products.valid == Cat(since[place] for place in written).any())
        self.holds(m, "done_in_its_cycle", self.done == since[p.latency_clocks - 1])
        self.reaches(m, "a_vector_behind_another", self.done & Cat(since[place] for place in drives).any())


class ShiftAddLaneProperties(PropertySet):
    """The sum grows by the code, or what its flipped line stands for, at its place."""

    def __init__(self, *, parameters: IsaacParameters, component: ShiftAddLane | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or ShiftAddLane(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        meant, change = Signal(signed(p.sum_bits)), Signal(signed(p.sum_bits))
        if p.flip_encoding:
            m.d.comb += meant.eq(Mux(self.flip, p.cell_maximum * self.unit - self.code, self.code))
        else:
            m.d.comb += meant.eq(self.code)
        total = Signal(signed(p.sum_bits))
        m.d.comb += change.eq(meant * (1 << self.shift))
        m.d.comb += total.eq(self.acc_in + Mux(self.subtract, -change, change))
        self.assumes(m, self.shift < p.places)
        self.holds(m, "the_sum_changes_by_the_code", self.acc_out == total)
        self.reaches(m, "something_is_taken_away", self.subtract & (self.acc_out < self.acc_in))


class LineScanProperties(PropertySet):
    """After a start every position comes once, in order; what comes next is known a cycle before."""

    def __init__(self, *, positions: int, component: LineScan | None = None) -> None:
        self.positions = positions
        super().__init__(component or LineScan(positions=positions))

    def state(self, m: Module) -> None:
        left = Signal(range(self.positions + 1))
        self.assumes(m, ~self.start | (left <= 1))
        m.d.sync += left.eq(Mux(self.start, self.positions, left - (left != 0)))
        self.holds(m, "active_for_as_many_cycles", self.active == (left != 0))
        self.holds(m, "positions_in_order", (left == 0) | (self.position == self.positions - left))
        self.holds(m, "position_in_range", self.position < self.positions)
        self.holds(m, "last_is_the_last_one", self.last == (left == 1))
        after_reset = self.before(m, ResetSignal(), "reset")
        known = Cat(self.before(m, self.upcoming, "upcoming"), self.before(m, self.following, "following"))
        self.holds(m, "what_comes_is_known", after_reset | (Cat(self.active, self.position) == known))
        self.reaches(m, "one_scan_after_another", self.last & self.start)


def follow_inputs(properties: PropertySet, m: Module, p: IsaacParameters) -> Value:
    """Assume that ``index`` is what an input register shows; returns whether there is a slice to be driven."""
    index, drives = Signal.like(properties.index), Signal()
    with m.If(properties.load | properties.step):
        m.d.sync += [
            index.eq(Mux(properties.load, 0, index + 1)),
            drives.eq(properties.load | (index != p.cycles - 1)),
        ]
    properties.assumes(m, properties.index == index)
    return drives


def readout_properties(parameters: IsaacParameters) -> Claims:
    """Of the read-out, with two slices and outputs and ideal converters; of its parts with few bits."""
    p = parameters
    small = replace(
        p,
        rows=1,
        input_bits=2,
        dac_bits=1,
        weight_bits=1,
        cell_bits=1,
        outputs=2,
        converters=min(p.converters, 2),
        adc_bits=None,
        slots_per_cycle=6,
        converter=IDEAL,
    )
    # No slot is left over, so that scans follow each other at once.
    tight = replace(small, slots_per_cycle=max(small.scan_positions, small.outputs))
    yield f"IsaacReadout of {tight.slots_per_cycle} slots", partial(IsaacReadoutProperties, parameters=tight)
    yield f"IsaacReadout of {tight.slots_per_cycle} slots, latency", partial(IsaacLatencyProperties, parameters=tight)
    lane = replace(p, rows=3, input_bits=2, dac_bits=1, weight_bits=2, cell_bits=min(2, p.cell_bits), adc_bits=None)
    yield "ShiftAddLane of few bits", partial(ShiftAddLaneProperties, parameters=lane)
    alone = replace(lane, outputs=1, converters=1, converter=IDEAL)
    yield "IsaacLane of an output", partial(IsaacLaneProperties, parameters=alone)
    if p.converter == SAR:
        yield from search_properties(p.code_bits, p.signed_samples)
    positions = min(p.scan_positions, 9)
    yield f"LineScan of {positions} positions", partial(LineScanProperties, positions=positions)
