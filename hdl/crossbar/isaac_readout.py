"""Strategy A without its drivers and converters: controller, scan, shift-and-add, output registers."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Shape, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.code_sequence import CodeSequence
from hdl.crossbar.delay import delayed
from hdl.crossbar.isaac_controller import IGNORED_BITS, IsaacController
from hdl.crossbar.isaac_lane import IsaacLane
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.line_scan import LineScan
from hdl.crossbar.output_registers import OutputRegisters, product_layout
from hdl.crossbar.unit_sum import UnitSum
from hdl.sar.tally import Tally
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.crossbar.parameters import OFFSET

COUNT_BITS, SATURATION_BITS = 32, 16


class IsaacReadout(Block):
    """Makes products of the codes of bit lines: ``cycles`` + 6 array cycles from ``start`` to the last product. ::

        y = sum over t, s of 2^(dac_bits t + cell_bits s) * restored code[t, s] - weight_offset * sum of the inputs

    Array: ``start``, ``busy``, ``load``, ``step``, ``drive``, ``hold``, ``index``, ``start_ignored`` as in
    `IsaacController`. All vectors that are started come out, in their order.

    Converters: ``select``, the position of the scan, from a register. Position 0 is the unit column, where there is
    one, for the first converter only; the others are the lines of each converter's outputs, output by output, with
    conversion_polarity 'separate' the positive ones before the negative ones, lowest slice first. One bit of
    ``adc_start`` each: that line is converted in this clock cycle; ``adc_next``: one will be in the next one. ``code``
    (two's complement where samples can be negative, else unsigned) and ``saturated`` are those of the conversion
    ``converter_delay`` clock cycles ago.

    ``products``: stream of `product_layout`; the products of a vector come from the beginning of its last array cycle
    on, and ``done`` with the last one's transfer. If they are not taken, vectors behind them wait.

    With flip_encoding: ``flip_write`` sets the flag of line ``flip_line`` (output by output as above) to ``flip_flag``;
    while a vector is under way it is ignored, and ``flip_ignored`` is 1 from then on.

    ``adc_count``: conversions; ``sat_count``: saturated ones. Both stop at their largest value. Raises ValueError for
    ``parameters`` that are no ``IsaacParameters``. Source: ISAAC (ISCA 2016), as reported; the structure is bitline's.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        kind = "signed" if p.signed_samples else "unsigned"
        self.formats = {
            "code": IntegerFormat(kind=kind, width=p.code_bits),
            "products__payload.value": IntegerFormat(kind="signed", width=p.sum_bits),
        }
        strobes = ("busy", "load", "step", "drive", "hold", "done")
        ports: dict[str, Any] = {
            "start": In(1),
            "index": In(range(max(2, p.cycles))),
            **{name: Out(1) for name in strobes},
            "select": Out(range(max(2, p.scan_positions))),
            "adc_start": Out(data.ArrayLayout(1, p.converters)),
            "adc_next": Out(data.ArrayLayout(1, p.converters)),
            "code": In(data.ArrayLayout(Shape(p.code_bits, p.signed_samples), p.converters)),
            "saturated": In(data.ArrayLayout(1, p.converters)),
            "products": Out(stream.Signature(product_layout(p))),
            "adc_count": Out(COUNT_BITS),
            "sat_count": Out(SATURATION_BITS),
            "start_ignored": Out(IGNORED_BITS),
        }
        if p.flip_encoding:
            line = In(range(max(2, p.lines)))
            ports |= {"flip_write": In(1), "flip_line": line, "flip_flag": In(1), "flip_ignored": Out(1)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.controller = controller = IsaacController(parameters=p)
        m.submodules.code_sequence = sequence = CodeSequence(parameters=p)
        m.submodules.outputs = outputs = OutputRegisters(parameters=p)
        # Before all other statements: a register that drives a port of a part is named after what comes first.
        held = delayed(m, "holds", controller.hold, p.converter_delay)
        finished = delayed(m, "finishes", controller.finish, p.converter_delay)
        m.d.comb += [sequence.start.eq(held), sequence.finish.eq(finished)]
        self._connect_controller(m, controller, outputs)
        self._scan(m, controller.hold)
        unit = self._unit(m, sequence)
        lanes = [self._lane(m, number, sequence, unit) for number in range(p.converters)]
        self._store(m, sequence, lanes, outputs, unit)
        if p.flip_encoding:
            self._flip(m, lanes, controller.idle)
        self._count(m, sequence)
        return m

    def _connect_controller(self, m: Module, controller: IsaacController, outputs: OutputRegisters) -> None:
        m.d.comb += [
            getattr(self, name).eq(getattr(controller, name))
            for name in ("busy", "load", "step", "drive", "hold", "start_ignored")
        ]
        m.d.comb += [
            controller.start.eq(self.start),
            controller.index.eq(self.index),
            controller.room.eq(outputs.room),
            outputs.claim.eq(controller.finish),
            outputs.write_back.eq(controller.write_back),
            self.products.payload.eq(outputs.products.payload),
            self.products.valid.eq(outputs.products.valid),
            outputs.products.ready.eq(self.products.ready),
            self.done.eq(outputs.done),
        ]

    def _scan(self, m: Module, hold: Value) -> None:
        p = self.parameters
        m.submodules.scan = scan = LineScan(positions=p.scan_positions)
        m.d.comb += [scan.start.eq(hold), self.select.eq(scan.position)]
        for number in range(p.converters):
            m.d.comb += [
                self.adc_start[number].eq(scan.active & self._converts(number, scan.position)),
                self.adc_next[number].eq(scan.upcoming & self._converts(number, scan.following)),
            ]

    def _converts(self, number: int, position: Value) -> Value:
        """Whether a converter has a line at ``position``: not each has the unit column, or as many outputs."""
        p = self.parameters
        first = p.has_unit_column if number else 0
        end = p.has_unit_column + p.shares[number] * p.lines_per_output
        after = position >= first if first else Const(1)
        return after & (position < end) if end < p.scan_positions else after

    def _unit(self, m: Module, sequence: CodeSequence) -> UnitSum | None:
        p = self.parameters
        if not p.has_unit_column:
            return None
        m.submodules.unit_sum = unit = UnitSum(parameters=p)
        m.d.comb += [unit.take.eq(sequence.adding & sequence.unit), unit.code.eq(self.code[0])]
        if p.weight_encoding == OFFSET:
            m.d.comb += [
                unit.fresh.eq(sequence.fresh),
                unit.subtract.eq(sequence.subtract),
                unit.keep.eq(sequence.finishing & sequence.unit),
            ]
        return unit

    def _lane(self, m: Module, number: int, sequence: CodeSequence, unit: UnitSum | None) -> IsaacLane:
        p = self.parameters
        m.submodules[f"lane_{number}"] = lane = IsaacLane(parameters=p, outputs=p.shares[number])
        m.d.comb += [
            getattr(lane, name).eq(getattr(sequence, name))
            for name in ("target", "opening", "fresh", "shift", "subtract")
        ]
        m.d.comb += [lane.adding.eq(sequence.adding & ~sequence.unit), lane.code.eq(self.code[number])]
        if p.flip_encoding and unit is not None:
            m.d.comb += [lane.unit.eq(unit.unit), lane.line.eq(sequence.line)]
        return lane

    def _store(
        self, m: Module, sequence: CodeSequence, lanes: list[IsaacLane], outputs: OutputRegisters, unit: UnitSum | None
    ) -> None:
        """Sums, without the offset of the weights, go to the output registers."""
        p = self.parameters
        for number, lane in enumerate(lanes):
            product: Value = lane.sum
            if p.weight_encoding == OFFSET and unit is not None:
                product = product - (unit.total << p.weight_bits - 1)
            m.d.comb += outputs.values[number].eq(product)
        m.d.comb += [
            outputs.write.eq(sequence.finishing & sequence.opening),
            outputs.target.eq(sequence.target),
            outputs.filled.eq(sequence.finishing & sequence.last),
        ]

    def _flip(self, m: Module, lanes: list[IsaacLane], idle: Value) -> None:
        ignored = self.flip_write & ~idle
        m.d.sync += self.flip_ignored.eq(self.flip_ignored | ignored)
        first = 0
        for lane in lanes:
            after = first + lane.outputs * self.parameters.lines_per_output
            here = (self.flip_line >= first) & (self.flip_line < after)
            m.d.comb += [
                lane.flip_write.eq(self.flip_write & idle & here),
                lane.flip_line.eq(self.flip_line - first),
                lane.flip_flag.eq(self.flip_flag),
            ]
            first = after

    def _count(self, m: Module, sequence: CodeSequence) -> None:
        p = self.parameters
        there = [sequence.adding & (sequence.target < share) for share in p.shares]
        coded = Cat(there[0], *(each & ~sequence.unit for each in there[1:]))
        for name, total, events in (
            ("conversions", self.adc_count, Cat(self.adc_start)),
            ("saturations", self.sat_count, Cat(self.saturated) & coded),
        ):
            amount = _ones(events)
            m.submodules[name] = tally = Tally(width=len(total), amount_width=len(amount))
            m.d.comb += [tally.amount.eq(amount), total.eq(tally.total)]


def _ones(bits: Value) -> Value:
    """How many there are."""
    return sum((bit for bit in bits[1:]), start=bits[0])
