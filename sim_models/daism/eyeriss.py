"""A row-stationary baseline like Eyeriss: cycles and energy of a layer, by a stated mapping.

A set of kernel rows x output rows of processing elements (PEs) makes one two-dimensional convolution of a channel with
a kernel; each PE convolves one kernel row with one input row, a multiply-accumulate a cycle. Output rows are cut into
strips as wide as the array; sets lie below each other as often as they fit, and beside each other where a strip is
narrow; taller kernels are cut as well. A pass is as many sets as fit, and takes output width x kernel width cycles.

Source: Chen et al., Eyeriss (JSSC 2017, ISCA 2016), for dataflow, sizes and the ratios of energies (published); the
formulas are bitline's. They know no stalls: the chip itself runs AlexNet at 35 and VGG-16 at 0.7 images per second.
"""

from dataclasses import dataclass, replace

from sim_models.arith.checking import require_instance, require_integer, require_real
from sim_models.daism.layers import ConvLayer
from sim_models.daism.parameters import DaismParameters


@dataclass(frozen=True, kw_only=True)
class EyerissParameters:
    """The baseline, every assumption a field.

    ``array_rows``, ``array_columns``: PEs. ``buffer_bytes``: global buffer. ``register_bytes``: register files of a
    PE. ``filters_per_pass``: kernels that share an input row while it is in a register file; ``channels_per_pass``:
    channels summed there before a partial sum leaves. ``overhead_cycles``: per pass, for what is not overlapped.
    ``mac_pj``: a bfloat16 multiply, an assumption of 1.1 pJ, and a float32 add, 0.9 pJ (published, 45 nm).
    ``unit_pj``: what the ratios multiply, a 16-bit multiply-accumulate of the published hierarchy, taken as 1 pJ at
    45 nm. The ratios, per 16-bit word: ``register_ratio`` 1, ``network_ratio`` 2 (PE to PE), ``buffer_ratio`` 6,
    ``dram_ratio`` 200.

    Raises ValueError for counts below 1 (overhead below 0) and negative energies.
    """

    array_rows: int = 12
    array_columns: int = 14
    buffer_bytes: int = 108 * 1024
    register_bytes: int = 520
    filters_per_pass: int = 16
    channels_per_pass: int = 4
    overhead_cycles: int = 0
    mac_pj: float = 2.0
    unit_pj: float = 1.0
    register_ratio: float = 1.0
    network_ratio: float = 2.0
    buffer_ratio: float = 6.0
    dram_ratio: float = 200.0

    def __post_init__(self) -> None:
        counts = ("array_rows", "array_columns", "buffer_bytes", "register_bytes", "filters_per_pass")
        for name in (*counts, "channels_per_pass"):
            require_integer(name, getattr(self, name), 1)
        require_integer("overhead_cycles", self.overhead_cycles, 0)
        ratios = ("register_ratio", "network_ratio", "buffer_ratio", "dram_ratio")
        for name in ("mac_pj", "unit_pj", *ratios):
            require_real(name, getattr(self, name), 0, 1e9)

    @property
    def pes(self) -> int:
        """Processing elements."""
        return self.array_rows * self.array_columns

    @property
    def sram_bytes(self) -> int:
        """Global buffer and register files."""
        return self.buffer_bytes + self.pes * self.register_bytes


def with_pes(pes: int, base: EyerissParameters | None = None) -> EyerissParameters:
    """The baseline with at most ``pes`` PEs, its rows kept and its columns as many as fit, its buffer in proportion.

    Raises ValueError for fewer PEs than one column.
    """
    start = base or EyerissParameters()
    require_integer("pes", pes, start.array_rows)
    columns = pes // start.array_rows
    buffer = max(1, round(start.buffer_bytes * columns / start.array_columns))
    return replace(start, array_columns=columns, buffer_bytes=buffer)


def equal_pes(parameters: DaismParameters, base: EyerissParameters | None = None) -> EyerissParameters:
    """The baseline with about as many PEs as the accelerator has lanes, whole columns, never more."""
    return with_pes(parameters.banks * parameters.lanes, base)


def equal_sram(parameters: DaismParameters, base: EyerissParameters | None = None) -> EyerissParameters:
    """The baseline with the bytes of the accelerator's arrays in buffer and register files, never more."""
    start = base or EyerissParameters()
    budget = parameters.banks * parameters.rows * parameters.columns // 8
    return with_pes(budget * start.pes // start.sram_bytes, start)


@dataclass(frozen=True, kw_only=True)
class BaselineCycles:
    """Cycles of a layer, its ``passes``, PEs at work in a full pass, and macs over PEs times cycles."""

    total: int
    passes: int
    active_pes: int
    utilisation: float


def baseline_cycles(layer: ConvLayer, parameters: EyerissParameters) -> BaselineCycles:
    """Cycles of a layer on the baseline. Raises ValueError for arguments of another kind."""
    e = parameters
    require_instance("layer", layer, ConvLayer)
    require_instance("parameters", e, EyerissParameters)
    rows = min(layer.kernel, e.array_rows)
    folds = -(-layer.kernel // e.array_rows)
    strip = min(layer.output_edge, e.array_columns)
    strips = -(-layer.output_edge // e.array_columns)
    together = (e.array_rows // rows) * (e.array_columns // strip)
    sets = layer.images * layer.outputs * (layer.channels // layer.groups) * strips * folds
    passes = -(-sets // together)
    total = passes * (layer.output_edge * layer.kernel + e.overhead_cycles)
    return BaselineCycles(
        total=total,
        passes=passes,
        active_pes=_active_pes(layer, e, together, strips),
        utilisation=layer.macs / (total * e.pes),
    )


def _active_pes(layer: ConvLayer, e: EyerissParameters, together: int, strips: int) -> int:
    """PEs at work while the strips of one convolution, the last one narrower, fill the places together."""
    edge, rows = layer.output_edge, min(layer.kernel, e.array_rows)
    if strips == 1:
        return together * rows * edge
    widths = [min(e.array_columns, edge - first) for first in range(0, edge, e.array_columns)]
    return rows * sum(widths[place % strips] for place in range(together))


@dataclass(frozen=True, kw_only=True)
class BaselineEnergy:
    """Energies of a layer in picojoule, by level of the hierarchy."""

    mac: float
    registers: float
    network: float
    buffer: float
    dram: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.on_chip + self.dram

    @property
    def on_chip(self) -> float:
        """All but DRAM."""
        return self.mac + self.registers + self.network + self.buffer


def baseline_energy(layer: ConvLayer, parameters: EyerissParameters) -> BaselineEnergy:
    """Energy of a layer on the baseline.

    Register file: four accesses per multiply-accumulate (input, weight, partial sum read and written). Buffer: the
    input once per ``filters_per_pass`` kernels, the weights once per strip and image, partial sums written and read
    back once per ``channels_per_pass`` channels of the sets stacked in the array, results written once. Network:
    every word read from the buffer, and partial sums from PE to PE, kernel - 1 hops per kernel x kernel products.
    DRAM: input, weights and results once. Raises ValueError for arguments of another kind.
    """
    e = parameters
    require_instance("layer", layer, ConvLayer)
    require_instance("parameters", e, EyerissParameters)
    reads, writes = _buffer_words(layer, e)
    hops = layer.macs * (layer.kernel - 1) / layer.kernel**2
    return BaselineEnergy(
        mac=layer.macs * e.mac_pj,
        registers=4 * layer.macs * e.register_ratio * e.unit_pj,
        network=(reads + hops) * e.network_ratio * e.unit_pj,
        buffer=(reads + writes) * e.buffer_ratio * e.unit_pj,
        dram=layer.words * e.dram_ratio * e.unit_pj,
    )


def _buffer_words(layer: ConvLayer, e: EyerissParameters) -> tuple[int, int]:
    """Words read from and written to the global buffer."""
    strips = -(-layer.output_edge // e.array_columns)
    stacked = max(1, e.array_rows // layer.kernel)
    rounds = -(-(layer.channels // layer.groups) // (e.channels_per_pass * stacked))
    inputs = layer.input_words * -(-(layer.outputs // layer.groups) // e.filters_per_pass)
    weights = layer.weight_words * strips * layer.images
    partial = layer.output_words * (rounds - 1)
    return inputs + weights + partial, layer.input_words + partial + layer.output_words
