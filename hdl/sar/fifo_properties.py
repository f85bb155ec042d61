"""What the FIFO of results promises."""

from amaranth.hdl import Module, Signal

from hdl.property_set import PropertySet
from hdl.sar.fifo import ResultFifo


class ResultFifoProperties(PropertySet):
    """No word is lost, doubled or overtaken, as long as one is written only where there was room before.

    A prover picks any one word that is written; it leaves after those that were there before it, as it came.
    """

    def __init__(self, *, width: int, depth: int, component: ResultFifo | None = None) -> None:
        self.depth = depth
        super().__init__(component or ResultFifo(width=width, depth=depth), {"watch": 1})

    def state(self, m: Module) -> None:
        level = Signal(range(self.depth + 1))
        room = self.before(m, self.room, "room")
        self.assumes(m, ~self.write | room)
        self.assumes(m, ~self.read | self.valid)
        m.d.sync += level.eq(level + self.write - self.read)
        self.holds(m, "valid_while_there_is_a_word", self.valid == (level != 0))
        self.holds(m, "room_counts_what_is_written", self.room == (level + self.write < self.depth))
        self.holds(m, "it_never_overflows", (level < self.depth) | ~self.write)
        # The watched word, and how many are before it.
        watched, before, word = Signal(), Signal.like(level), Signal.like(self.write_data)
        with m.If(~watched & self.write & self.watch):
            m.d.sync += [watched.eq(1), word.eq(self.write_data), before.eq(level - self.read)]
        with m.Elif(watched & self.read):
            m.d.sync += [watched.eq(before != 0), before.eq(before - 1)]
        self.holds(m, "a_word_leaves_as_it_came", ~watched | (before != 0) | (self.valid & (self.data == word)))
        self.holds(m, "a_word_stays_until_it_is_read", ~watched | (before < level))
        self.reaches(m, "a_full_fifo", level == self.depth)
        self.reaches(m, "a_watched_word_behind_others", watched & (before == self.depth - 1))
