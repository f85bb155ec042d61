"""What is under way in a bank, and for which partial sum."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class SlotPipeline(Block):
    """Follow every driver operand from the array to the partial sum it ends in.

    * ``take`` (with ``slot``, ``first``, ``last``): an operand enters the driver register; only while ``free`` is 1 and
      ``conflict`` is 0. ``free``: no access follows the one that is under way. ``conflict``: ``slot`` was taken less
      than ``accumulate_latency`` cycles ago, so its sum would not be there in time.
    * ``reading``, ``access``: the array is read, for the first or second access of a product.
    * ``hold``: what the array shows is the word of a first access.
    * ``add_slot``, ``add_first``: where the product in the lanes' register is added.
    * ``store``, ``store_slot``, ``store_preset``: write a partial sum, that of the adder or the preset one.
    * ``preset_valid``, ``preset_slot``, ``preset_ready``: a preset is taken when nothing is under way for its slot and
      no sum is stored.
    * ``pending``: a bit a slot; ``finished``, ``finished_slot``: the slot's sum ended with ``last`` and is stored.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        slot = index_bits(p.interleave)
        super().__init__(
            {
                "take": In(1), "slot": In(slot), "first": In(1), "last": In(1),
                "free": Out(1), "conflict": Out(1), "reading": Out(1), "access": Out(1), "hold": Out(1),
                "add_slot": Out(slot), "add_first": Out(1),
                "store": Out(1), "store_slot": Out(slot), "store_preset": Out(1),
                "preset_valid": In(1), "preset_slot": In(slot), "preset_ready": Out(1),
                "pending": Out(p.interleave), "finished": Out(1), "finished_slot": Out(slot),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        enters = self._read(m)
        accesses = _Stage(m, "access", self.take, self.slot, self.first, self.last, load=self.take, stays=~enters)
        words = accesses.after(m, "word", enters)
        products = words.after(m, "product")
        sums = [products]
        for stage in range(1, p.accumulate_latency):
            sums.append(sums[-1].after(m, f"sum_{stage}"))
        m.d.comb += [
            self.reading.eq(accesses.valid),
            self.add_slot.eq(products.slot),
            self.add_first.eq(products.first),
        ]
        stages = [accesses, words, *sums]
        m.d.comb += self.pending.eq(Cat(self._holds(stages, Const(each)) for each in range(p.interleave)))
        self._store(m, sums[-1], stages)
        self._conflict(m)
        return m

    def _read(self, m: Module) -> Value:
        """Count the accesses of a product; returns whether the last one is under way, if any is."""
        if self.parameters.accesses == 1:
            m.d.comb += self.free.eq(1)
            return Const(1, 1)
        m.d.sync += [self.access.eq(self.reading & ~self.access), self.hold.eq(self.reading & ~self.access)]
        m.d.comb += self.free.eq(~self.reading | self.access)
        return self.free

    @staticmethod
    def _holds(stages: list["_Stage"], slot: Value) -> Value:
        return Cat(stage.valid & (stage.slot == slot) for stage in stages).any()

    def _store(self, m: Module, last: "_Stage", stages: list["_Stage"]) -> None:
        m.d.comb += [
            self.preset_ready.eq(~last.valid & ~self._holds(stages, self.preset_slot)),
            self.store.eq(last.valid | (self.preset_valid & self.preset_ready)),
            self.store_preset.eq(~last.valid),
            self.store_slot.eq(Mux(last.valid, last.slot, self.preset_slot)),
        ]
        m.d.sync += [self.finished.eq(last.valid & last.last), self.finished_slot.eq(last.slot)]

    def _conflict(self, m: Module) -> None:
        """Compare with the slots taken in the last ``accumulate_latency - 1`` cycles."""
        taken, slot, found = self.take, self.slot, []
        for age in range(1, self.parameters.accumulate_latency):
            was_taken, was_slot = Signal(name=f"taken_{age}"), Signal.like(self.slot, name=f"slot_{age}")
            m.d.sync += [was_taken.eq(taken), was_slot.eq(slot)]
            found.append(was_taken & (was_slot == self.slot))
            taken, slot = was_taken, was_slot
        m.d.comb += self.conflict.eq(Cat(found).any() if found else 0)


class _Stage:
    """An operand's slot and marks in one stage; it is valid in the cycle after ``enters``, and while it ``stays``."""

    def __init__(
        self, m: Module, name: str, enters: Value, slot: Value, first: Value, last: Value,
        load: Value | None = None, stays: Value | None = None,
    ) -> None:  # fmt: skip
        self.valid = Signal(name=f"{name}_valid")
        self.slot = Signal(len(slot), name=f"{name}_slot")
        self.first, self.last = Signal(name=f"{name}_first"), Signal(name=f"{name}_last")
        m.d.sync += self.valid.eq(enters if stays is None else enters | (self.valid & stays))
        with m.If(Const(1, 1) if load is None else load):
            m.d.sync += [self.slot.eq(slot), self.first.eq(first), self.last.eq(last)]

    def after(self, m: Module, name: str, leaves: Value | None = None) -> "_Stage":
        """The next stage, where this one goes when it ``leaves``; in every cycle by default."""
        enters = self.valid if leaves is None else self.valid & leaves
        return _Stage(m, name, enters, self.slot, self.first, self.last)
