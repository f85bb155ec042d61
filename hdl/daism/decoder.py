"""Wordline decoder: the bits of the driver open rows of a group."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.rows import rows_of
from sim_models.arith.checking import require_instance
from sim_models.daism import DaismParameters


class WordlineDecoder(Block):
    """Open row ``r`` of the selected group: ``mask[r] = enable_r(driver) & ~zero``.

    ==========  ============  =======================================================================
    ``driver``  n             unsigned significand; for floats bit n-1, the hidden one, is not looked at
    ``zero``    1             the driver is zero: nothing opens
    ``access``  1             number of the access; only where a product takes two (``hla`` b and c)
    ``mask``    rows a group  rows to open, in the order of `sim_models.daism.row_contents`
    ==========  ============  =======================================================================

    The group is selected by the array (`MultiRowArray`), which takes its number; the mask is the same for every group.
    Combinational. Raises ValueError for ``parameters`` that are no ``DaismParameters``.
    Source: principle arXiv 2305.07376; row numbering and enables are bitline's.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        ports = {"driver": In(p.significand_bits), "zero": In(1), "mask": Out(p.rows_per_group)}
        super().__init__(ports | ({"access": In(1)} if p.accesses == 2 else {}))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows = rows_of(self.parameters)
        opened = Signal(len(rows))
        m.d.comb += [
            opened.eq(Cat(row.is_selected(self._driver()) for row in rows)),
            self.mask.eq(opened & (~self.zero).replicate(len(rows)) & self._turn()),
        ]
        return m

    def _driver(self) -> Value:
        """The driver with the hidden one set, which costs nothing: zero closes every row."""
        return Cat(self.driver[:-1], 1) if self.parameters.is_float else self.driver

    def _turn(self) -> Value:
        """The rows whose access it is."""
        rows = rows_of(self.parameters)
        if self.parameters.accesses == 1:
            return Const(-1, len(rows))
        return Cat(self.access if row.access else ~self.access for row in rows)
