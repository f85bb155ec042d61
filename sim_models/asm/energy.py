"""Energy of a matrix product near memory, in memory and in the von Neumann baseline, each term by itself, in pJ.

Memory and wires come from stated models whose constants are bitline's assumptions, see `sim_models.asm.bit_energies`;
energies of logic are arguments, as only synthesis gives them. Alphabets shorten and share the arithmetic only: what a
total gains beyond some tens of percent comes from `memory` and `transport`, and a report must show these apart.
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from sim_models.arith.checking import require_instance, require_integer, require_real
from sim_models.asm.bit_energies import LARGEST_PJ, BitEnergies, bit_energies
from sim_models.asm.coding import INPUT_CODE_BITS
from sim_models.asm.cycles import in_memory_cycles, near_memory_cycles
from sim_models.asm.parameters import AsmParameters
from sim_models.asm.program import require_in_memory, require_matrix


@dataclass(frozen=True, kw_only=True)
class MacEnergy:
    """Energy by term of a product of ``macs`` multiply-accumulates with MACs outside the memory, in pJ.

    ``weight_read``, ``weight_bus``, ``input_read``, ``input_bus``, ``output_write``, ``output_bus``: words from and to
    memories; ``mac``, ``precompute``: logic; ``broadcast``: alphabet multiples to the lanes.
    """

    macs: int
    weight_read: float
    weight_bus: float
    input_read: float
    input_bus: float
    mac: float
    precompute: float
    broadcast: float
    output_write: float
    output_bus: float

    @property
    def memory(self) -> float:
        """Reads and writes of memories."""
        return self.weight_read + self.input_read + self.output_write

    @property
    def transport(self) -> float:
        """Buses and broadcast."""
        return self.weight_bus + self.input_bus + self.output_bus + self.broadcast

    @property
    def logic(self) -> float:
        """MACs and pre-computer."""
        return self.mac + self.precompute

    @property
    def total(self) -> float:
        """All of it."""
        return self.memory + self.transport + self.logic


def von_neumann_energy(
    positions: int,
    length: int,
    outputs: int,
    parameters: AsmParameters,
    *,
    exact_mac_pj: float,
    energies: BitEnergies | None = None,
) -> MacEnergy:
    """Energy of the baseline: plain words of weights and inputs read and moved over the bus to exact MACs. ::

        MACs * (b_w * (read + bus) + exact_mac_pj) + X * b_x * (read + bus) + outputs * b_acc * (write + bus)

    MACs = positions * length * outputs; X = inputs read, once per block of ``lanes`` outputs; b_w = 1 + M, b_x =
    input_bits and a sign if signed, b_acc = accumulator_width. Raises ValueError as `near_memory_cycles` does, but for
    ``placement`` and ``rows``, and for a negative energy.
    """
    p = parameters
    bits = _energies(energies, p)
    require_real("exact_mac_pj", exact_mac_pj, 0, LARGEST_PJ)
    require_integer("positions", positions, 1)
    require_integer("length", length, 1, p.reduction_length)
    require_integer("outputs", outputs, 1)
    macs, inputs = positions * length * outputs, positions * length * -(-outputs // p.lanes)
    return MacEnergy(
        macs=macs,
        weight_read=macs * (1 + p.magnitude_bits) * bits.read,
        weight_bus=macs * (1 + p.magnitude_bits) * bits.bus,
        input_read=inputs * (p.input_signed + p.input_bits) * bits.read,
        input_bus=inputs * (p.input_signed + p.input_bits) * bits.bus,
        mac=macs * exact_mac_pj,
        precompute=0.0,
        broadcast=0.0,
        output_write=positions * outputs * p.accumulator_width * bits.write,
        output_bus=positions * outputs * p.accumulator_width * bits.bus,
    )


def near_memory_energy(
    positions: int,
    length: int,
    outputs: int,
    parameters: AsmParameters,
    *,
    mac_pj: float,
    precompute_pj: float,
    energies: BitEnergies | None = None,
) -> MacEnergy:
    """Energy near memory: weights are read where they are used, as stored words, which no bus moves. ::

        MACs * (c_w * read + mac_pj) + X * (c_x * (read + bus) + precompute_pj + b_all * lanes * broadcast)
            + outputs * b_acc * (write + bus)

    Words as in `von_neumann_energy`, but c_w = weight_word_bits and c_x = input_word_bits; b_all = `broadcast_bits`.
    Writing the weights, once, is left out, in the baseline too. ``mac_pj``: of one lane, without the pre-computer;
    ``precompute_pj``: of one input, 0 where there is no pre-computer, for {1} and between two codes. MACs are those
    wanted: where ``outputs`` are no multiple of ``lanes``, a row read has words that nobody uses, which are left out.
    Raises ValueError as `near_memory_cycles` does, and for a negative
    energy.
    """
    p = parameters
    bits = _energies(energies, p)
    for name, energy in (("mac_pj", mac_pj), ("precompute_pj", precompute_pj)):
        require_real(name, energy, 0, LARGEST_PJ)
    inputs = near_memory_cycles(positions, length, outputs, p).row_reads
    macs = positions * length * outputs
    return MacEnergy(
        macs=macs,
        weight_read=macs * p.weight_word_bits * bits.read,
        weight_bus=0.0,
        input_read=inputs * p.input_word_bits * bits.read,
        input_bus=inputs * p.input_word_bits * bits.bus,
        mac=macs * mac_pj,
        precompute=inputs * precompute_pj,
        broadcast=inputs * broadcast_bits(p) * p.lanes * bits.broadcast,
        output_write=positions * outputs * p.accumulator_width * bits.write,
        output_bus=positions * outputs * p.accumulator_width * bits.bus,
    )


def broadcast_bits(parameters: AsmParameters) -> int:
    """Wires of the input's magnitude that reach every lane: of all its multiples, or of its code.

    input_bits for X itself, input_bits + bit_length(a) for each other alphabet a. Lanes that multiply two codes, both
    operands encoded and of one quartet, have no pre-computer and get the code, `INPUT_CODE_BITS`.
    """
    p = parameters
    require_instance("parameters", p, AsmParameters)
    if p.encode_weights and p.encode_inputs and p.quartets == p.input_quartets == 1:
        return INPUT_CODE_BITS
    return p.input_bits + sum(p.input_bits + alphabet.bit_length() for alphabet in p.alphabets if alphabet > 1)


@dataclass(frozen=True, kw_only=True)
class ArrayEnergy:
    """Energy by term of a product of ``macs`` multiply-accumulates inside the memory, in pJ.

    ``input_read``, ``input_bus``: inputs from a memory. ``read``: READ of rows, for codes and 3X. ``add``: the array's
    part of ADD and SUB, a row read and written; ``peripheral``: their logic. ``load``: rows of inputs written.
    ``code_read``: stored weights read. ``clear`` of rows, ``drain`` of accumulator rows, ``output_write`` and
    ``output_bus`` of what was drained and merged.
    """

    macs: int
    input_read: float
    input_bus: float
    read: float
    add: float
    peripheral: float
    load: float
    code_read: float
    clear: float
    drain: float
    output_write: float
    output_bus: float

    @property
    def memory(self) -> float:
        """Reads and writes of arrays and memories."""
        array = self.read + self.add + self.load + self.clear + self.drain
        return self.input_read + array + self.code_read + self.output_write

    @property
    def transport(self) -> float:
        """Buses."""
        return self.input_bus + self.output_bus

    @property
    def logic(self) -> float:
        """Peripheral logic."""
        return self.peripheral

    @property
    def total(self) -> float:
        """All of it."""
        return self.memory + self.transport + self.logic


def in_memory_energy(
    weights: ArrayLike,
    positions: int,
    parameters: AsmParameters,
    *,
    peripheral_pj: float,
    energies: BitEnergies | None = None,
) -> ArrayEnergy:
    """Energy in memory for supported signed ``weights`` (length, outputs) and ``positions``. ::

        inputs * b_x * (read + bus)
            + reads * row_read + adds * (row_read + peripheral_pj + row_write) + loads * row_write + words * c_w * read
            + clears * row_write + drains * row_read + outputs * b_acc * (write + bus)

    inputs = positions * length of b_x = input_bits, each fetched once, whatever it is written to. A row is
    ``columns`` bits. reads, adds, loads, clears, drains: micro-operations of every bank that works, whole rows even
    where words stay unused. words: stored weights of c_w = weight_word_bits bits, read once for each load of all banks.
    ``peripheral_pj``: of an ADD or SUB in one row. Raises ValueError as `in_memory_cycles` does, and for a
    negative energy.
    """
    p = parameters
    require_in_memory(p)
    bits = _energies(energies, p)
    require_real("peripheral_pj", peripheral_pj, 0, LARGEST_PJ)
    length, outputs = require_matrix("weights", weights).shape
    cycles = in_memory_cycles(weights, positions, p)
    loads, triples = length * p.rows_per_input, length * p.keeps_triple
    adds = cycles.run // cycles.groups // 2 + triples  # every READ of a code or of X for 3X has its ADD
    row_read, row_write = p.columns * bits.read, p.columns * bits.write
    inputs = positions * length * p.input_bits
    return ArrayEnergy(
        macs=positions * length * outputs,
        input_read=inputs * bits.read,
        input_bus=inputs * bits.bus,
        read=cycles.bank_groups * adds * row_read,
        add=cycles.bank_groups * adds * (row_read + row_write),
        peripheral=cycles.bank_groups * adds * peripheral_pj,
        load=cycles.bank_groups * loads * row_write,
        code_read=cycles.groups * length * outputs * p.weight_word_bits * bits.read,
        clear=cycles.bank_groups * (cycles.clear // cycles.groups) * row_write,
        drain=cycles.bank_groups * (cycles.drain // cycles.groups) * row_read,
        output_write=positions * outputs * p.accumulator_width * bits.write,
        output_bus=positions * outputs * p.accumulator_width * bits.bus,
    )


def _energies(energies: BitEnergies | None, p: AsmParameters) -> BitEnergies:
    if energies is None:
        return bit_energies(p)
    require_instance("energies", energies, BitEnergies)
    require_instance("parameters", p, AsmParameters)
    return energies
