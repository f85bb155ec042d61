"""What the parameter words of the NMPU promise."""

from amaranth.hdl import Module, Signal

from hdl.nmpu.storage import NmpuStorage
from hdl.property_set import PropertySet
from sim_models.nmpu import NmpuParameters


class NmpuStorageProperties(PropertySet):
    """A column's word is the one written last, from the cycle after the write on; writing another column keeps it.

    That holds for every column, because a prover picks the one that is watched.
    """

    def __init__(self, *, parameters: NmpuParameters, component: NmpuStorage | None = None) -> None:
        super().__init__(component or NmpuStorage(parameters=parameters), {"watch": parameters.column_bits})
        self.columns = parameters.columns_per_unit

    def state(self, m: Module) -> None:
        watched = self.chosen(m, self.watch, "watched")
        written, latest = Signal(), Signal.like(self.write_word.as_value())
        with m.If(self.write & (self.write_column == watched)):
            m.d.sync += [written.eq(1), latest.eq(self.write_word.as_value())]
        shown = written & (self.column == watched) & (watched < self.columns)
        self.holds(m, "word_is_the_one_written_last", ~shown | (self.word.as_value() == latest))
        other = self.write & (self.write_column != watched)
        self.reaches(m, "a_word_read_while_another_is_written", shown & other & latest.any())
