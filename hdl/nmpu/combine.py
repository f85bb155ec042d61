"""Second half of the NMPU datapath: subtract, add the offset, round, rectify, clamp."""

from collections.abc import Callable
from functools import partial

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.wiring import In, Out

from hdl.arith import round_shift, saturate
from hdl.block import Block
from sim_models.arith import Rounding
from sim_models.nmpu import NmpuParameters


class NmpuCombine(Block):
    """``data = clamp(relu(round((positive - negative + (offset << (fr - OF))) / 2^fr)))``, combinational.

    ``fr = scale_fraction_bits - pre_cut_bits + shift`` and ``OF = offset_fraction_bits``. The aligned offset has zeros
    below its last bit, so the difference is shifted down to it instead: the bits that fall off cannot carry, the
    rounded sum is the same and the adder is narrower. ``variant='branch_round'`` rounds each branch to ``OF`` fraction
    bits before the subtraction instead.

    With ``partial_sum='accumulate'`` the unrounded sum leaves as ``total``, clamped to ``accumulator_bits``: the
    difference plus the aligned offset (``first``) or plus ``previous``; ``data`` is ``total`` rounded.

    Ports: ``positive``, ``negative`` (cut products; ``negative`` is absent in signed-input mode), ``offset`` (two's
    complement), ``shift`` (unsigned; outside ``shift_min..shift_max`` it reads as ``shift_max``), ``relu``; ``data``
    (two's complement integer), ``clipped`` (the clamp changed the value); with accumulation ``first``, ``previous``,
    ``total`` (two's complement) and ``saturated`` (the clamp of ``total`` changed it).
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = p = parameters
        branch = signed if p.signed_input else unsigned
        ports = {
            "positive": In(branch(p.cut_bits)),
            "offset": In(signed(p.offset_bits)),
            "shift": In(p.shift_bits),
            "relu": In(1),
            "data": Out(signed(p.output_bits)),
            "clipped": Out(1),
        }
        if not p.signed_input:
            ports["negative"] = In(branch(p.cut_bits))
        if p.accumulates:
            ports |= {
                "first": In(1),
                "previous": In(signed(p.accumulator_bits)),
                "total": Out(signed(p.accumulator_bits)),
                "saturated": Out(1),
            }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        difference = self._branch_difference(m) if p.variant == "branch_round" else self._difference(m)
        if p.accumulates:
            value, offset = self._accumulate(m, difference), Const(0, signed(1))
        else:
            value, offset = difference, self.offset
        y = Signal(signed(p.rounded_bits))
        if p.variant == "branch_round":
            m.d.comb += y.eq(_round_half_up(value, offset, p.offset_fraction_bits))
        else:
            m.d.comb += y.eq(self._round_from_cut(m, value, offset))
        rectified = Signal.like(y)
        m.d.comb += rectified.eq(Mux(self.relu & y[-1], 0, y))
        data, clipped = saturate(rectified, p.output_bits)
        m.d.comb += [self.data.eq(data), self.clipped.eq(clipped)]
        return m

    def _difference(self, m: Module) -> Signal:
        """``positive - negative``, with ``scale_fraction_bits - pre_cut_bits`` fraction bits."""
        difference = Signal(signed(self.parameters.cut_bits + 1))
        m.d.comb += difference.eq(self.positive if self.parameters.signed_input else self.positive - self.negative)
        return difference

    def _branch_difference(self, m: Module) -> Value:
        """Each branch rounded half up to ``offset_fraction_bits`` fraction bits, then subtracted."""
        p = self.parameters
        rounded = []
        for name in ("positive",) if p.signed_input else ("positive", "negative"):
            kept = self._by_shift(m, f"aligned_{name}", partial(_drop_to_half, getattr(self, name)))
            rounded.append((kept + 1) >> 1)
        return rounded[0] if p.signed_input else rounded[0] - rounded[1]

    def _accumulate(self, m: Module, difference: Value) -> Value:
        p = self.parameters
        if p.variant == "branch_round":
            offset: Value = self.offset
        else:
            offset = self._by_shift(m, "aligned_offset", lambda bits: self.offset << bits)
        total, saturated = saturate(difference + Mux(self.first, offset, self.previous), p.accumulator_bits)
        m.d.comb += [self.total.eq(total), self.saturated.eq(saturated)]
        return self.total

    def _round_from_cut(self, m: Module, value: Value, offset: Value) -> Value:
        """``value + (offset << (fr - OF))`` rounded to an integer, by shifting ``value`` down to the offset."""
        p = self.parameters
        # An offset without fraction bits gets one, so that the rounding bit is always inside the sum.
        tail = max(1, p.offset_fraction_bits)
        offset = offset << (tail - p.offset_fraction_bits)
        excess = tail - p.offset_fraction_bits
        kept = self._by_shift(m, "aligned", lambda bits: value >> (bits - excess))
        if p.final_rounding == "half_up":
            return _round_half_up(kept, offset, tail)
        lost = self._by_shift(m, "lost", lambda bits: value[: bits - excess].any())
        return round_shift(Cat(lost.any(), kept + offset).as_signed(), tail + 1, Rounding.HALF_EVEN)

    def _by_shift(self, m: Module, name: str, choose: Callable[[int], Value]) -> Signal:
        """``choose(fr - OF)`` for the value of the ``shift`` port."""
        p = self.parameters
        to_offset = p.scale_fraction_bits - p.pre_cut_bits - p.offset_fraction_bits
        choices = {shift: choose(to_offset + shift) for shift in range(p.shift_min, p.shift_max + 1)}
        chosen = Signal(signed(max(len(choice) for choice in choices.values()) + 1), name=name)
        largest = choices.pop(p.shift_max)
        with m.Switch(self.shift):
            for shift, choice in choices.items():
                with m.Case(shift):
                    m.d.comb += chosen.eq(choice)
            with m.Default():
                m.d.comb += chosen.eq(largest)
        return chosen


def _drop_to_half(branch: Value, bits: int) -> Value:
    """All but one of the ``bits`` that a branch is rounded by."""
    return branch >> (bits - 1)


def _round_half_up(value: Value, offset: Value, tail: int) -> Value:
    """``(value + offset + 2^(tail-1)) >> tail``; for one bit the half is the carry into a subtraction."""
    if tail == 1:
        return (value - ~offset) >> 1
    return round_shift(value + offset, tail, Rounding.HALF_UP)
