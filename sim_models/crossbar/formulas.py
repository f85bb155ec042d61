"""Conversions, their resolution and the cycles of a product, from the parameters alone."""

from fractions import Fraction

from sim_models.arith.checking import require_instance
from sim_models.arith.widths import unsigned_width
from sim_models.crossbar.buffer_cells import cell_unit, largest_level
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, SEPARATE, CrossbarParameters


def conversions(parameters: CrossbarParameters) -> int:
    """A/D conversions per output and array: cycles * slices (twice with 'separate'), converted columns, or 1.

    Those of the unit column, `unit_conversions` for a whole array, are not among them.
    """
    p = _checked(parameters)
    if p.strategy == ISAAC:
        return p.cycles * p.slices * (2 if p.conversion_polarity == SEPARATE else 1)
    return len(p.significances) - p.carry_columns if p.strategy == CASCADE else 1


def unit_conversions(parameters: CrossbarParameters) -> int:
    """Conversions of the unit column per array and product of A: one a cycle; 0 without such a column."""
    p = _checked(parameters)
    return p.cycles if p.strategy == ISAAC and p.has_unit_column else 0


def adc_bits(parameters: CrossbarParameters) -> int:
    """Bits of magnitude of a conversion that loses nothing; of C the bits of its code, a free choice.

    A: ceil(log2(p_max + 1)); with flipped columns of half that sum, a bit less. With cells of 1 bit that is too few for
    the unit column, which reaches p_max: only its own converter then saves the bit. B: the most of `column_bits`. A
    sample that can be negative, ``signed_samples``, has a sign bit beside these: `sample_bits`. Source: ISAAC's rule,
    as reported; B and C are ours.
    """
    p = _checked(parameters)
    if p.strategy == NEURAL_PIM:
        return p.output_bits
    if p.strategy == CASCADE:
        return max(column_bits(p))
    return unsigned_width(p.line_maximum // 2 if p.flip_encoding else p.line_maximum)


def sample_bits(parameters: CrossbarParameters) -> int:
    """`adc_bits`, with the sign bit of samples that can be negative; a code of C has its sign among its bits."""
    p = _checked(parameters)
    return adc_bits(p) + (p.signed_samples and p.strategy != NEURAL_PIM)


def column_depths(parameters: CrossbarParameters) -> tuple[int, ...]:
    """How many partial sums share each column of B, from the lowest significance."""
    p = _checked(parameters)
    shared = [p.significance(t, s) for t in range(p.cycles) for s in range(p.slices)]
    return tuple(shared.count(significance) for significance in p.significances)


def column_bits(parameters: CrossbarParameters) -> tuple[int, ...]:
    """Bits of magnitude that each converted column of B needs, from the lowest: ceil(log2(depth * largest + 1)).

    The largest is that of a cell, top slices counted as wide as the others. The lowest converted column has what is
    carried into it besides, often a bit more than the deepest column: CASCADE as published needs 11 bits there, where
    15 sums of 63 alone would fit 10. Raises ValueError for another strategy. Source: ours.
    """
    p = _checked(parameters)
    if p.strategy != CASCADE:
        raise ValueError(f"strategy must be {CASCADE!r}, not {p.strategy!r}")
    largest = largest_level(p) * cell_unit(p)
    bounds = [depth * largest for depth in column_depths(p)]
    first = p.carry_columns
    places = [significance - p.significances[first] for significance in p.significances[: first + 1]]
    carried = sum((bound * Fraction(2) ** place for bound, place in zip(bounds, places, strict=False)), Fraction(0))
    return tuple(unsigned_width(int(bound + Fraction(1, 2))) for bound in (carried, *bounds[first + 1 :]))


def latency(parameters: CrossbarParameters) -> int:
    """Array cycles from the read of a vector to the write of its results.

    A: cycles + 6. B: 1 + (cycles + 1) + `readout_cycles` + cascade_tail_cycles, of a vector that finds its bank clear.
    C: cycles + 5 + `readout_cycles`, so cycles + 6 where the converters take one. Source: ISAAC's 22 cycles for 16
    bits, as reported; the others are ours.
    """
    p = _checked(parameters)
    if p.strategy == CASCADE:
        return 1 + (p.cycles + 1) + readout_cycles(p) + p.cascade_tail_cycles
    return p.cycles + (6 if p.strategy == ISAAC else 5 + readout_cycles(p))


def readout_cycles(parameters: CrossbarParameters) -> int:
    """Array cycles that the converters take: of A for one slice, of B and C for all outputs of a product."""
    p = _checked(parameters)
    lines = p.outputs * conversions(p)
    if p.strategy == ISAAC:
        lines = (lines + unit_conversions(p)) // p.cycles
    return -(-lines // (p.converters * p.slots_per_cycle))


def initiation_interval(parameters: CrossbarParameters) -> int:
    """Array cycles from one vector to the next.

    ``cycles``, where the converters keep up. B without ``double_buffer`` has cycles + 1 + `readout_cycles` +
    clear_cycles; with it, its stream waits for reading and clearing where these take longer. Raises ValueError where
    the converters of A do not scan all lines in a cycle, or those of C all outputs in ``cycles``. Source: ours.
    """
    p = _checked(parameters)
    needed = readout_cycles(p)
    if p.strategy == CASCADE:
        busy = needed + p.clear_cycles
        return max(p.cycles, busy) if p.double_buffer else p.cycles + 1 + busy
    allowed = 1 if p.strategy == ISAAC else p.cycles
    if needed > allowed:
        raise ValueError(
            f"converters * slots_per_cycle must be enough to convert in {allowed} cycles, "
            f"not {p.converters} * {p.slots_per_cycle}, which take {needed}"
        )
    return p.cycles


def _checked(parameters: CrossbarParameters) -> CrossbarParameters:
    require_instance("parameters", parameters, CrossbarParameters)
    return parameters
