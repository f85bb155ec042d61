"""What the bookkeeping of a bank promises."""

from amaranth.hdl import Cat, Const, Module, ResetSignal, Signal, Value

from hdl.daism.layouts import bank_latency
from hdl.daism.slots import SlotPipeline
from hdl.property_set import PropertySet
from sim_models.daism import DaismParameters


class SlotPipelineProperties(PropertySet):
    """Each operand that is taken is stored once, in its slot and in its cycle; nothing else is, but presets.

    Operands are taken only while ``free`` is 1 and ``conflict`` is 0. Then a sum is never added to before the last
    product for it is stored, and what is preset is never overtaken.
    """

    def __init__(self, *, parameters: DaismParameters, component: SlotPipeline | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or SlotPipeline(parameters=parameters))

    def state(self, m: Module) -> None:
        p, latency = self.parameters, bank_latency(self.parameters)
        self.assumes(m, ~self.take | (self.free & ~self.conflict))
        # What was taken so many cycles ago.
        taken: list[Value] = [Cat(self.take & ~ResetSignal(), self.slot, self.first, self.last)]
        for age in range(1, latency + 1):
            kept = Signal(len(taken[0]), name=f"taken_{age}")
            m.d.sync += kept.eq(taken[-1])
            taken.append(kept)
        bits = len(self.slot)
        valid, slots = [word[0] for word in taken], [word[1 : 1 + bits] for word in taken]
        stored, preset = valid[latency - 1], self.preset_valid & self.preset_ready
        self.holds(m, "stores_what_was_taken_and_presets", self.store == (stored | preset))
        where = self.store_slot == slots[latency - 1]
        self.holds(m, "stores_in_its_slot", ~stored | (where & ~self.store_preset & ~preset))
        self.holds(m, "stores_presets_in_theirs", ~preset | ((self.store_slot == self.preset_slot) & self.store_preset))
        ends = valid[latency] & taken[latency][-1]
        self.holds(
            m, "finished_is_the_last_stored", (self.finished == ends) & (~ends | (self.finished_slot == slots[-1]))
        )
        reads = Cat(valid[1 : 1 + p.accesses]).any()
        self.holds(m, "reads_for_what_was_taken_only", self.reading == reads)
        self._state_adding(m, taken, valid, slots)
        self.reaches(m, "a_preset_among_sums", preset & Cat(valid[1:latency]).any())

    def _state_adding(self, m: Module, taken: list[Value], valid: list[Value], slots: list[Value]) -> None:
        p, latency = self.parameters, bank_latency(self.parameters)
        adding = latency - p.accumulate_latency
        right = (self.add_slot == slots[adding]) & (self.add_first == taken[adding][-2])
        self.holds(m, "adds_to_its_slot", ~valid[adding] | right)
        behind = range(adding + 1, latency)
        early = [valid[each] & (slots[each] == slots[adding]) for each in behind]
        self.holds(m, "no_sum_is_used_before_it_is_there", ~valid[adding] | ~Cat(early, Const(0, 1)).any())
        under_way = [
            Cat(valid[each] & (slots[each] == slot) for each in range(1, latency)).any() for slot in range(p.interleave)
        ]
        self.holds(m, "pending_says_what_is_under_way", self.pending == Cat(under_way))
