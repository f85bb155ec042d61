"""Trained networks as integers: what hardware of NNS+A and NNADC stores."""

from fractions import Fraction

import numpy as np

from sim_models.arith.checking import require_instance, require_integer
from sim_models.crossbar.fixed_adc import LARGEST_VALUE, FixedAdc
from sim_models.crossbar.fixed_adder import HELD_BITS, LARGEST_LINE, LINES, FixedAdder
from sim_models.crossbar.fixed_point import above_zero, nearest, scaled
from sim_models.crossbar.fixed_stage import FixedStage
from sim_models.crossbar.fixed_vtc import CENTRE, ENTRIES, LEVEL_BITS, FixedVtc, fixed_vtc
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.neural_adder import NeuralAdder
from sim_models.crossbar.neural_quantiser import NeuralQuantiser
from sim_models.crossbar.parameters import NEURAL_PIM, CrossbarParameters

SCALE_BITS = 16
"""Of the scale of the sums, and of the largest gain."""


def fixed_adder(network: NeuralAdder, *, line_maximum: int, full_line: int | None = None) -> FixedAdder:
    """``network`` in integers, for lines of 0 to ``line_maximum`` counts, of which ``full_line`` (all) are full scale.

    The table covers whatever lines of 0..1 and a held value of -1..1 can give. Codes are exact; scale and gains have
    16 bits, the held value at least 2^14 steps to full scale, levels 2^-16 of the supply: all finer than the table.
    Raises ValueError for a network without a scale above 0 or without weights, and as `FixedAdder` does.
    """
    require_instance("network", network, NeuralAdder)
    require_integer("line_maximum", line_maximum, 1, LARGEST_LINE)
    full = line_maximum if full_line is None else full_line
    require_integer("full_line", full, 1, line_maximum)
    if network.input_scale <= 0:
        raise ValueError(f"input_scale must be above 0, not {network.input_scale}")
    places = max(0, HELD_BITS + 1 - full.bit_length())
    unit = full << places
    count = Fraction(network.input_scale) / (network.cells.maximum * unit)
    low, high = _reach(network)
    scale, vtc = _table(network, count, low, high)
    gains, output_shift = _gains(network, unit)
    return FixedAdder(
        line_maximum=line_maximum,
        full_line=full,
        places=places,
        input_codes=tuple(map(tuple, network.input_codes.T.tolist())),
        biases=tuple(nearest((Fraction(bias) - (low + high) / 2) / count) for bias in network.biases.tolist()),
        scale=scale,
        vtc=vtc,
        output_codes=tuple(network.output_codes.tolist()),
        gains=gains,
        offset=nearest(Fraction(network.offset) * unit * (1 << output_shift)) + (1 << output_shift - 1),
        output_shift=output_shift,
    )


def _reach(network: NeuralAdder) -> tuple[Fraction, Fraction]:
    """Lowest and highest input of an inverter, volts, over lines of 0..1 and a held value of -1..1."""
    factor = Fraction(network.input_scale) / network.cells.maximum
    lines, held = network.input_codes[:LINES], np.abs(network.input_codes[LINES])
    lowest = (np.minimum(lines, 0).sum(axis=0) - held).tolist()
    highest = (np.maximum(lines, 0).sum(axis=0) + held).tolist()
    biases = [Fraction(bias) for bias in network.biases.tolist()]
    low = min(factor * codes + bias for codes, bias in zip(lowest, biases, strict=True))
    high = max(factor * codes + bias for codes, bias in zip(highest, biases, strict=True))
    if low == high:
        raise ValueError("input_codes must not all be 0 with equal biases, they are")
    return low, high


def _table(network: NeuralAdder, count: Fraction, low: Fraction, high: Fraction) -> tuple[int, FixedVtc]:
    """Scale, and table from ``low`` to ``high`` volts, of sums in steps of ``count`` volts.

    The scale is rounded down, which makes the table's range slightly wider; its entries follow.
    """
    wanted = ENTRIES * count / (high - low)
    shift = 0
    while wanted * (1 << shift + 1) < 1 << SCALE_BITS:
        shift += 1
    scale = int(wanted * (1 << shift))
    step = count * Fraction(1 << shift, scale)
    return scale, fixed_vtc(network.vtc, centre=(low + high) / 2, step=step, shift=shift)


def _gains(network: NeuralAdder, unit: int) -> tuple[tuple[int, ...], int]:
    """Gain of each neuron, from a level times a code to steps of the held value, and its places after the point."""
    factor = Fraction(network.vtc.supply) * unit / (network.cells.maximum << LEVEL_BITS)
    return scaled("gains", [factor * Fraction(gain) for gain in network.gains.tolist()], SCALE_BITS)


def fixed_stage(network: NeuralQuantiser, unit: int) -> FixedStage:
    """``network`` in integers, for values of which ``unit`` is 1.0.

    The table is centred at the threshold of the inverters, its step a power of two of the sums; it covers what values
    of 0..1 can give. Raises ValueError for inverters so flat that the table does not tell one side of the threshold.
    """
    require_instance("network", network, NeuralQuantiser)
    count = Fraction(1, network.cells.maximum * unit)  # volts
    centre = Fraction(network.vtc.threshold)
    codes = network.input_codes.tolist()
    above = [(Fraction(bias) - centre) / count for bias in network.biases.tolist()]
    reach = max(max(abs(bias), abs(bias + code * unit)) for code, bias in zip(codes, above, strict=True))
    shift = 0
    while CENTRE << shift < reach:
        shift += 1
    vtc = fixed_vtc(network.vtc, centre=centre, step=count * (1 << shift), shift=shift)
    if not vtc.entries[CENTRE] < 0 < vtc.entries[CENTRE - 1]:
        raise ValueError(f"slope must be steep enough for a table of comparisons, not {network.vtc.slope}")
    factor = Fraction(2 * network.cells.maximum) / Fraction(network.vtc.supply)
    return FixedStage(
        bits=network.bits,
        input_codes=tuple(codes),
        biases=tuple(map(above_zero, above)),
        vtc=vtc,
        output_codes=tuple(map(tuple, network.output_codes.T.tolist())),
        output_biases=tuple(above_zero(factor * Fraction(bias)) for bias in network.output_biases.tolist()),
    )


def fixed_adc(network: NeuralAdc, *, full_scale: int, input_maximum: int) -> FixedAdc:
    """``network`` as designed, in integers: inputs of ``full_scale`` get the largest code.

    Raises ValueError as `FixedAdc` and `fixed_stage` do.
    """
    require_instance("network", network, NeuralAdc)
    require_integer("full_scale", full_scale, 1, LARGEST_VALUE)
    unit = full_scale << network.bits + 1
    stages = tuple(fixed_stage(stage, unit) for stage in network.stages)
    return FixedAdc(full_scale=full_scale, input_maximum=input_maximum, stages=stages)


def following_adc(network: NeuralAdc, adder: FixedAdder, parameters: CrossbarParameters) -> FixedAdc:
    """``network`` behind ``adder``: the held value after all cycles, with the calibrated range of ``parameters``.

    The held value of a product y is ``y (2^dac_bits - 1) line_maximum / (Y_FS 2^(dac_bits cycles)) * 2^places``; that
    of the product of the largest code is rounded to an integer. Raises ValueError for parameters of another
    strategy, another largest line, or other output_bits than the network's, and as `fixed_adc` does.
    """
    require_instance("adder", adder, FixedAdder)
    require_instance("network", network, NeuralAdc)
    require_instance("parameters", parameters, CrossbarParameters)
    p = parameters
    if p.strategy != NEURAL_PIM:
        raise ValueError(f"strategy must be {NEURAL_PIM!r}, not {p.strategy!r}")
    for name, wanted, found in (
        ("line_maximum", adder.line_maximum, p.line_maximum),
        ("output_bits", network.bits, p.output_bits),
    ):
        if found != wanted:
            raise ValueError(f"{name} must be {wanted}, that of the network, not {found}")
    top = ((1 << p.dac_bits) - 1) * (p.line_maximum << adder.places)
    held = Fraction(p.code_full_scale * top, p.step_full_scale << p.dac_bits * p.cycles)
    return fixed_adc(network, full_scale=nearest(held), input_maximum=adder.held_bound)
