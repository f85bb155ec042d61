"""One bank: the array, what loads and drives it, and the lanes behind it."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.array import MultiRowArray
from hdl.daism.counters import COUNTER_BITS, BankCounters
from hdl.daism.decoder import WordlineDecoder
from hdl.daism.lane import DaismLane
from hdl.daism.layouts import (
    bank_latency,
    drive_layout,
    load_layout,
    operand_layout,
    preset_layout,
    sum_bits,
)
from hdl.daism.loader import BankLoader
from hdl.daism.side_memory import SideMemory
from hdl.daism.slots import SlotPipeline
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters

COUNTS = ("access_count", "skipped_count", "row_write_count", "wordline_count")


class DaismBank(Block):
    """Products of one driver operand with the stored operand of every lane, an access a cycle, summed up by slot. ::

        sum[lane][slot] = accumulate(sum[lane][slot], multiply(stored[group][lane], operand))

    bit for bit as `sim_models.daism.multiply` and `accumulate`, in the order of the transfers of ``drive``; integers
    as `product`, shifted back to its place and added exactly.

    * ``load``: stream of `load_layout`: the operands of all lanes for one group (lane 0 low). Taken while no row is
      written, or the last one of a group is; L rows follow in L cycles, so groups follow each other every L cycles. It
      goes before a ``drive`` that is offered in the same cycle.
    * ``drive``: stream of `drive_layout`: a driver operand, the group it meets, the slot that takes the products,
      ``first`` (the sum starts at zero, not at what the slot holds), ``last`` (tell when it is complete). Taken every
      cycle (every second one where a product takes two accesses), but neither while rows are written nor with a
      ``load``, nor in less than ``accumulate_latency`` cycles after one for the same slot.
    * ``preset``: stream of `preset_layout`: new sums of one slot in all lanes, a bias or sums saved before. Taken when
      nothing is under way for that slot and no sum is being stored.
    * ``finished``, ``finished_slot``: the sum that ended with ``last`` is readable, ``latency`` cycles after the
      transfer of ``drive``; for one cycle.
    * ``shown_slot`` to ``sums``: the sums of one slot in all lanes (lane 0 low), in the same cycle.
    * ``pending``: for each slot, whether something is under way for it. ``idle``: nothing is, and no row is written.
    * ``clear_counters`` and the counters of `BankCounters`.

    A word is {sign, exponent, fraction} or an unsigned integer; a sum {sign, 8 exponent bits, 23 or 7 fraction bits} or
    an unsigned integer of 2n + 16 bits. A driver of zero opens no row; with ``zero_skip`` nothing is read at all, which
    takes no less time. Infinite and NaN words, groups from ``groups`` on and slots from ``interleave`` on must not
    occur. Reset forgets everything under way and clears counters; array and sums keep what they hold.

    ``latency`` is 2 + accesses + ``accumulate_latency``: driver register; decoding and the read; product; accumulation.
    Raises ValueError for ``parameters`` that are no ``DaismParameters``.
    Source: array and principle arXiv 2305.07376; structure bitline's.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        self.latency = bank_latency(p)
        slot = index_bits(p.interleave)
        super().__init__(
            {
                "load": In(stream.Signature(load_layout(p))),
                "drive": In(stream.Signature(drive_layout(p))),
                "preset": In(stream.Signature(preset_layout(p))),
                "finished": Out(1), "finished_slot": Out(slot),
                "shown_slot": In(slot), "sums": Out(data.ArrayLayout(sum_bits(p), p.lanes)),
                "pending": Out(p.interleave), "idle": Out(1),
                "clear_counters": In(1), **dict.fromkeys(COUNTS, Out(COUNTER_BITS)),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.loader = loader = BankLoader(parameters=p)
        m.submodules.slots = slots = SlotPipeline(parameters=p)
        self._hand_shake(m, loader, slots)
        operand, group = self._driver(m, slots)
        read, q = self._access(m, loader, slots, operand, group)
        shared = self._shared(m, operand)
        stored = self._side(m, loader, read, group) if p.is_float else None
        for lane in range(p.lanes):
            self._add_lane(m, lane, slots, q, shared, stored)
        return m

    def _hand_shake(self, m: Module, loader: BankLoader, slots: SlotPipeline) -> None:
        """The array is the loader's or the driver's in the next cycle; a load goes first."""
        free = Signal()
        m.d.comb += [
            free.eq(loader.load.ready & slots.free),
            self.load.ready.eq(free),
            loader.load.valid.eq(self.load.valid & slots.free),
            loader.load.payload.eq(self.load.payload),
            self.drive.ready.eq(free & ~self.load.valid & ~slots.conflict),
            slots.take.eq(self.drive.valid & self.drive.ready),
            slots.preset_valid.eq(self.preset.valid),
            slots.preset_slot.eq(self.preset.payload.slot),
            self.preset.ready.eq(slots.preset_ready),
            self.pending.eq(slots.pending),
            self.idle.eq(~slots.pending.any() & ~loader.busy),
            self.finished.eq(slots.finished),
            self.finished_slot.eq(slots.finished_slot),
        ]
        for name in ("slot", "first", "last"):
            m.d.comb += getattr(slots, name).eq(getattr(self.drive.payload, name))

    def _driver(self, m: Module, slots: SlotPipeline) -> tuple[data.View, Signal]:
        """The driver register: operand and group of the access that is under way."""
        operand = data.View(operand_layout(self.parameters), rank(m, "driver", self.drive.payload.operand, slots.take))
        return operand, rank(m, "group", self.drive.payload.group, slots.take)

    def _access(
        self, m: Module, loader: BankLoader, slots: SlotPipeline, operand: data.View, group: Signal
    ) -> tuple[Signal, Signal]:
        """Decoder, array and counters; returns the read strobe and what the array shows in the next cycle."""
        p = self.parameters
        m.submodules.decoder = decoder = WordlineDecoder(parameters=p)
        m.submodules.array = array = MultiRowArray(parameters=p)
        m.submodules.counters = counters = BankCounters(parameters=p)
        read = Signal()
        if p.accesses == 2:
            m.d.comb += decoder.access.eq(slots.access)
        m.d.comb += [
            decoder.driver.eq(Cat(operand.fraction, 1) if p.is_float else operand.fraction),
            decoder.zero.eq(self._is_zero(operand)),
            read.eq(slots.reading & ~(decoder.zero & p.zero_skip)),
            array.rd_en.eq(read),
            array.rd_group.eq(group),
            array.rd_mask.eq(decoder.mask),
            counters.clear.eq(self.clear_counters),
            counters.access.eq(read),
            counters.skipped.eq(slots.reading & ~read),
            counters.row_write.eq(loader.wr_en),
            counters.mask.eq(decoder.mask),
        ]
        for name in ("wr_en", "wr_row", "wr_data"):
            m.d.comb += getattr(array, name).eq(getattr(loader, name))
        for name in COUNTS:
            m.d.comb += getattr(self, name).eq(getattr(counters, name))
        return read, array.q

    def _is_zero(self, operand: data.View) -> Value:
        return ~(operand.exponent if self.parameters.is_float else operand.fraction).any()

    def _shared(self, m: Module, operand: data.View) -> dict[str, Value]:
        """What all lanes need of the driver, when the array's word is there."""
        shared: dict[str, Value] = {"zero": rank(m, "zero", self._is_zero(operand))}
        if self.parameters.is_float:
            exponent = operand.exponent - self.parameters.bias
            shared |= {"sign": rank(m, "sign", operand.sign), "exponent": rank(m, "exponent", exponent)}
        return shared

    def _side(self, m: Module, loader: BankLoader, read: Signal, group: Signal) -> Value:
        m.submodules.side = side = SideMemory(parameters=self.parameters)
        m.d.comb += [
            side.wr_en.eq(loader.side_en),
            side.wr_group.eq(loader.side_group),
            side.wr_data.eq(loader.side_data),
            side.rd_en.eq(read),
            side.rd_group.eq(group),
        ]
        return side.data.as_value()

    def _add_lane(
        self, m: Module, place: int, slots: SlotPipeline, q: Signal, shared: dict[str, Value], stored: Value | None
    ) -> None:
        p = self.parameters
        m.submodules[f"lane_{place}"] = lane = DaismLane(parameters=p)
        m.d.comb += lane.word.eq(q.word_select(place, p.kept))
        if stored is not None:
            m.d.comb += lane.stored.eq(stored.word_select(place, 1 + p.exponent_bits))
        if p.accesses == 2:
            m.d.comb += lane.hold.eq(slots.hold)
        for name, value in shared.items():
            m.d.comb += getattr(lane, name).eq(value)
        m.d.comb += [
            lane.slot.eq(slots.add_slot),
            lane.first.eq(slots.add_first),
            lane.write.eq(slots.store),
            lane.write_slot.eq(slots.store_slot),
            lane.preset.eq(slots.store_preset),
            lane.preset_sum.eq(self.preset.payload.sums[place]),
            lane.shown_slot.eq(self.shown_slot),
            self.sums[place].eq(lane.shown_sum),
        ]
