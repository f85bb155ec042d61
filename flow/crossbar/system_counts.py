"""Conversions and their resolution, by formula, by enumeration and by what the golden dataflows really convert."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sim_models.arith.checking import IntArray
from sim_models.crossbar import (
    CASCADE_PAPER,
    ISAAC_PAPER,
    ConversionRecord,
    CrossbarParameters,
    adc_bits,
    conversions,
    eight_bit,
    read_out,
)
from sim_models.crossbar.parameters import CASCADE, ISAAC, SEPARATE, STRATEGIES

SMALL_ROWS = 4


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Conversions of an output: by formula, and in the record of the golden dataflow."""

    name: str
    formula: int
    recorded: int


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """Bits of magnitude of a conversion: by formula, and of the largest code in the record."""

    name: str
    formula: int
    recorded: int


def counted() -> list[Counted]:
    """The three strategies with 8-bit data, the two published 16-bit arrays, and CASCADE without its carry."""
    cases = {f"8-bit {strategy}": eight_bit(strategy) for strategy in STRATEGIES}
    cases |= {"CASCADE, all columns": replace(CASCADE_PAPER, carry_columns=0), "CASCADE": CASCADE_PAPER}
    cases["CASCADE's data by strategy A"] = replace(
        CASCADE_PAPER, strategy=ISAAC, carry_columns=0, bitline_bits=None, outputs=2
    )
    cases["ISAAC"] = ISAAC_PAPER
    return [
        Counted(name=name, formula=conversions(p), recorded=_record(p, *_zeros(p)).conversions // p.outputs)
        for name, p in cases.items()
    ]


def enumerated_mismatches() -> tuple[int, int]:
    """Sets of parameters of A and B for which `conversions` differs from counting bits of operands one by one.

    And all sets tried. Where there is a closed form for B it must agree too.
    """
    tried = wrong = 0
    for p in _parameter_sets():
        tried += 1
        pairs = [(t, s) for t in range(0, p.input_bits, p.dac_bits) for s in range(0, p.weight_bits, p.cell_bits)]
        places = {t + s for t, s in pairs}
        wrong += conversions(p) != (len(pairs) if p.strategy == ISAAC else len(places)) or _astray(p)
    return wrong, tried


def _astray(p: CrossbarParameters) -> bool:
    """Whether B differs from (input_bits + weight_bits - dac_bits) / cell_bits where slices leave no place out."""
    divides = not (p.input_bits % p.dac_bits or p.weight_bits % p.cell_bits or p.dac_bits % p.cell_bits)
    if p.strategy != CASCADE or not divides or p.weight_bits < p.dac_bits:
        return False
    return conversions(p) != (p.input_bits + p.weight_bits - p.dac_bits) // p.cell_bits


def _parameter_sets() -> Iterator[CrossbarParameters]:
    for strategy in (ISAAC, CASCADE):
        for inputs in range(1, 9):
            for weights in range(1, 9):
                for dac in range(1, inputs + 1):
                    for cell in range(1, min(4, weights) + 1):
                        yield CrossbarParameters(
                            strategy=strategy, input_bits=inputs, weight_bits=weights, dac_bits=dac, cell_bits=cell
                        )


def resolutions() -> list[Resolution]:
    """Formula and record on the data that drive lines highest: all ones, and for flipped columns half of the rows.

    Of `SMALL_ROWS` rows every vector of 1-bit inputs on every column of 2-bit weights.
    """
    single = replace(eight_bit(ISAAC), conversion_polarity=SEPARATE)
    plain = replace(ISAAC_PAPER, flip_encoding=False)
    return [
        _highest("8-bit isaac", single, *_ones(single)),
        _highest("8-bit cascade", eight_bit(CASCADE), *_ones(eight_bit(CASCADE))),
        _highest("ISAAC without flipped columns", plain, *_ones(plain)),
        _highest("ISAAC with flipped columns", ISAAC_PAPER, *_half(ISAAC_PAPER)),
        *[_exhaustive(strategy) for strategy in (ISAAC, CASCADE)],
    ]


def _exhaustive(strategy: str) -> Resolution:
    p = CrossbarParameters(
        strategy=strategy,
        rows=SMALL_ROWS,
        input_bits=2,
        weight_bits=2,
        conversion_polarity=SEPARATE if strategy == ISAAC else "difference",
        outputs=512,
    )
    vectors = _all_words(SMALL_ROWS, 4)
    return _highest(f"{strategy}, {SMALL_ROWS} rows, all data", p, vectors, _all_words(SMALL_ROWS, 4).T)


def _all_words(length: int, values: int) -> IntArray:
    grid = np.indices((values,) * length, np.int64)
    return grid.reshape(length, -1).T


def _highest(name: str, p: CrossbarParameters, inputs: IntArray, weights: IntArray) -> Resolution:
    return Resolution(name=name, formula=adc_bits(p), recorded=int(_record(p, inputs, weights).max_code).bit_length())


def _record(p: CrossbarParameters, inputs: IntArray, weights: IntArray) -> ConversionRecord:
    return read_out(inputs, weights, p).record


def _zeros(p: CrossbarParameters) -> tuple[IntArray, IntArray]:
    return np.zeros((1, p.rows), np.int64), np.zeros((p.rows, p.outputs), np.int64)


def _ones(p: CrossbarParameters) -> tuple[IntArray, IntArray]:
    """Every bit of inputs and cells set."""
    inputs = -1 if p.signed_inputs else p.input_range[1]
    return np.full((1, p.rows), inputs), np.full((p.rows, 1), p.weight_range[1])


def _half(p: CrossbarParameters) -> tuple[IntArray, IntArray]:
    """Every bit of inputs set, of cells all in half of the rows: the most that is not stored flipped."""
    inputs, weights = _ones(p)
    weights[p.rows // 2 :] = p.weight_range[0]
    return inputs, weights
