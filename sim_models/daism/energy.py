"""Energy and area of the accelerator from what its counters count: a stated model, not a measurement.

The array's part comes from capacitances and swings (`SramModel`), that of the lanes from energies per operation
(`LogicEnergies`). Every number is a field with its default and where it comes from; `energy_sensitivity` says how much
each one matters. All of it is bitline's, at a nominal 45 nm; nothing is the paper's.
"""

from dataclasses import dataclass, fields

from sim_models.arith.checking import require_instance, require_integer, require_real
from sim_models.daism.cycles import Counters
from sim_models.daism.parameters import DaismParameters

LARGEST = 1e12
"""The most that any number of the models may be."""


def _require_reals(numbers: object) -> None:
    for field in fields(numbers):  # type: ignore[arg-type]  # every caller is a dataclass
        require_real(field.name, getattr(numbers, field.name), 0, LARGEST)


@dataclass(frozen=True, kw_only=True)
class SramModel:
    """An array of cells whose read port pulls a precharged bitline down, and its periphery.

    ``bitline_ff_per_row``: capacitance of a bitline per cell along it, junction and 0.4 um of wire. ``wordline_ff_per_
    column``: of a wordline per cell along it, gates and 1 um of wire. ``supply_v``: precharge and wordline voltage.
    ``read_swing_v``: how far a bitline falls in a read; the whole supply for a single-ended port, some 0.2 V with sense
    amplifiers on bitline pairs. ``discharged_fraction``: share of columns that fall, 1 at most, once per read however
    many rows are open. ``sense_fj``: of one column's sense output. ``decode_pj``: decoder and row enables, per access.
    ``cell_um2``, ``array_efficiency``: area of a cell, and of all cells over that of the macro.

    Assumptions of the order of published 45 nm arrays. Check: reading all 256 columns of 256 rows (8 kB) takes 15 pJ by
    these defaults; a 64-bit access of an 8 kB cache takes 10 pJ (published, 45 nm). Raises ValueError for negative
    fields, a swing above the supply, and a fraction or an efficiency outside 0..1.
    """

    bitline_ff_per_row: float = 0.2
    wordline_ff_per_column: float = 0.4
    supply_v: float = 1.0
    read_swing_v: float = 1.0
    discharged_fraction: float = 1.0
    sense_fj: float = 5.0
    decode_pj: float = 0.5
    cell_um2: float = 0.5
    array_efficiency: float = 0.6

    def __post_init__(self) -> None:
        _require_reals(self)
        require_real("read_swing_v", self.read_swing_v, 0, self.supply_v)
        require_real("discharged_fraction", self.discharged_fraction, 0, 1)
        require_real("array_efficiency", self.array_efficiency, 0.01, 1)

    def wordline_pj(self, columns: int) -> float:
        """Energy of opening one row."""
        return columns * self.wordline_ff_per_column * self.supply_v**2 * 1e-3

    def read_pj(self, rows: int, columns: int, rows_open: float = 1) -> float:
        """Energy of a read with ``rows_open`` rows open, decoder left out: each bitline swings once at most."""
        bitline_fj = rows * self.bitline_ff_per_row * self.supply_v * self.read_swing_v * self.discharged_fraction
        return columns * (bitline_fj + self.sense_fj) * 1e-3 + rows_open * self.wordline_pj(columns)

    def write_pj(self, rows: int, columns: int) -> float:
        """Energy of writing one row: one bitline of every pair swings by the supply."""
        bitline_pj = columns * rows * self.bitline_ff_per_row * self.supply_v**2 * 1e-3
        return bitline_pj + self.wordline_pj(columns) + self.decode_pj

    def area_um2(self, rows: int, columns: int) -> float:
        """Area of one bank's array."""
        return rows * columns * self.cell_um2 / self.array_efficiency


@dataclass(frozen=True, kw_only=True)
class LogicEnergies:
    """Energies in picojoule, per product and lane but for the last four.

    ``exponent``: an 8-bit add. ``normalise``: one place and the range check. ``accumulate``: a float32 add.
    ``partial_sum``: a 32-bit register read and written. ``driver_buffer``: a driver operand fetched, per access: a
    quarter of a 64-bit access of 8 kB. ``spill_word``: an accumulator word written to or read from a buffer between
    passes. ``dram_word``: an operand or result outside. ``side_memory``: exponent and sign of a stored operand read.

    Defaults: 0.9 pJ and the 10 pJ behind ``driver_buffer`` and ``spill_word`` are published 45 nm figures; the DRAM
    word is 200 units of 1 pJ as for the row-stationary baseline; the others are assumptions. Measured energies of the
    mapped lane should replace them. Raises ValueError for negative fields.
    """

    exponent: float = 0.03
    normalise: float = 0.03
    side_memory: float = 0.05
    accumulate: float = 0.9
    partial_sum: float = 0.1
    driver_buffer: float = 2.5
    spill_word: float = 5.0
    dram_word: float = 200.0

    def __post_init__(self) -> None:
        _require_reals(self)

    @property
    def lane_pj(self) -> float:
        """One product in one lane, behind the array."""
        return self.exponent + self.normalise + self.side_memory + self.accumulate + self.partial_sum


@dataclass(frozen=True, kw_only=True)
class LayerEnergy:
    """Energies of a layer in picojoule: reads with decoder, driver fetches, lanes, row writes, spills, DRAM."""

    read: float
    driver: float
    lanes: float
    load: float
    spill: float
    dram: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.read + self.driver + self.lanes + self.load + self.spill + self.dram

    @property
    def on_chip(self) -> float:
        """All but DRAM."""
        return self.total - self.dram


def layer_energy(
    counters: Counters,
    parameters: DaismParameters,
    *,
    sram: SramModel | None = None,
    logic: LogicEnergies | None = None,
    spilled_words: int = 0,
    dram_words: int = 0,
) -> LayerEnergy:
    """Energy of a layer from its counters (of the model or of the hardware).

    A skipped access saves the read and the decoder, not the driver fetch nor the lanes. All lanes of a read work, used
    or not. ``spilled_words`` as in `LayerCycles`; ``dram_words``: words from and to the outside. Raises ValueError for
    arguments of another kind and negative numbers.
    """
    p, array, energies = parameters, sram or SramModel(), logic or LogicEnergies()
    require_instance("counters", counters, Counters)
    require_instance("parameters", p, DaismParameters)
    for name, number in (("spilled_words", spilled_words), ("dram_words", dram_words)):
        require_integer(name, number, 0)
    reads = counters.accesses * (array.read_pj(p.rows, p.columns, 0) + array.decode_pj)
    slots = (counters.accesses + counters.skipped) // p.accesses
    return LayerEnergy(
        read=reads + counters.wordlines * array.wordline_pj(p.columns),
        driver=slots * energies.driver_buffer,
        lanes=slots * p.lanes * energies.lane_pj,
        load=counters.row_writes * array.write_pj(p.rows, p.columns),
        spill=spilled_words * energies.spill_word,
        dram=dram_words * energies.dram_word,
    )


def peak_gops(parameters: DaismParameters) -> float:
    """Operations per second in 10^9, two per multiply-accumulate, every lane busy at ``clock_hz``."""
    p = parameters
    return 2 * p.banks * p.lanes * p.clock_hz / p.accesses * 1e-9
