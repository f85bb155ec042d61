"""Vectors for the decoder of twin-range codes and for the accumulator of shifted values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.sar_configurations import random_configurations
from sim_models.arith.widths import index_bits
from sim_models.sar import (
    ShiftAddParameters,
    TrqDecoderParameters,
    TrqParameters,
    convert,
    register_values,
    remove_offset,
    shift_add,
    subtract_negative,
)

SEED = 2402
COUNT = 2000
VALUES = 3000
_CONFIGURATIONS = 40
_KEPT = 0.9

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def decoder_vectors(parameters: TrqDecoderParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Codes that random configurations give, and the values they stand for."""
    configurations = random_configurations(parameters.controller, _CONFIGURATIONS, np.random.default_rng(seed))
    inputs, outputs = decoded(parameters, configurations, count, seed)
    return {
        "inputs": {name: words.tolist() for name, words in inputs.items()},
        "outputs": {name: words.tolist() for name, words in outputs.items()},
    }


def decoded(
    parameters: TrqDecoderParameters, configurations: Sequence[TrqParameters], count: int, seed: int
) -> tuple[dict[str, Integers], dict[str, Integers]]:
    """Inputs and outputs of the decoder by port: of each configuration all counts, or random ones, ``count`` in all.

    The expected values are those of the conversion, not of a decoder.
    """
    random = np.random.default_rng(seed)
    share = min(1 << parameters.bits, -(-count // len(configurations)))
    rows = []
    for configuration in configurations:
        every = share == 1 << parameters.bits
        drawn = np.arange(share) if every else random.integers(0, 1 << parameters.bits, share)
        converted = convert(drawn, configuration)
        step = np.where(converted.in_r1, configuration.r1_step_log2, configuration.r2_step_log2)
        code = converted.code >> step if parameters.coding == "packed" else converted.code
        fields = {"code": code, "flag": (~converted.in_r1).astype(np.int64), "value": converted.value}
        fields |= {name: np.full(len(drawn), word) for name, word in _fields(parameters, configuration).items()}
        rows.append(fields)
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return joined, {"value": joined.pop("value")}


def _fields(p: TrqDecoderParameters, configuration: TrqParameters) -> dict[str, int]:
    """What the decoder reads of the registers."""
    wanted = ["stop1", "stop2", "mid_rise", *["base"] * p.support_base, *["after_r1", "r1_size"] * p.support_after_r1]
    values = register_values(configuration, p.controller)
    return {name: values[name] for name in wanted}


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Values in the order of their stream, by field, and the ``sums`` that end with those that are ``last``."""

    values: dict[str, Integers]
    sums: Integers


def shift_add_vectors(parameters: ShiftAddParameters) -> dict[str, Any]:
    """Words for the stream of values, in order, whether each is the last of its sum, and the sums."""
    drawn = random_sums(parameters, VALUES, SEED)
    return {
        "width": parameters.accumulator_width,
        "values": value_words(parameters, drawn).tolist(),
        "last": drawn.values["last"].tolist(),
        "sums": drawn.sums.tolist(),
    }


def value_words(parameters: ShiftAddParameters, sums: Sums) -> Integers:
    """The stream of values as words."""
    bits, slices = (index_bits(count) for count in (parameters.input_bits, parameters.slices))
    words, place = np.zeros(len(sums.values["value"]), np.int64), 0
    widths = {"value": parameters.bits, "input_bit": bits, "slice": slices, "subtract": 1, "last": 1}
    for name, width in widths.items():
        words |= sums.values[name] << place
        place += width
    return words


def random_sums(parameters: ShiftAddParameters, values: int, seed: int) -> Sums:
    """About ``values`` values: of each sum all or nearly all that it can have, in any order; a fourth are extremes."""
    p, random = parameters, np.random.default_rng(seed)
    terms = _terms(p)
    shape = (max(1, -(-values // len(terms["subtract"]))), len(terms["subtract"]))
    drawn = random.integers(0, p.maximum, shape, endpoint=True)
    kept = random.random(shape) < np.where(random.random((len(drawn), 1)) < 1 / 2, _KEPT, 1)
    own = p.input_bits * p.slices
    extreme = random.random(len(drawn)) < 1 / 4
    drawn[extreme, :own], drawn[extreme, own:] = p.maximum, 0
    extreme[0] = True
    turned = extreme & (random.random(len(drawn)) < 1 / 2) & (np.arange(len(drawn)) > 0)
    drawn[turned] = p.maximum - drawn[turned]
    if p.encoding == "offset" and p.cell_bits == 2:  # the same correction twice
        drawn[:, -p.input_bits :] = drawn[:, own : own + p.input_bits]
        kept[:, -p.input_bits :] = kept[:, own : own + p.input_bits]
    kept[:, 0] = True
    drawn = np.where(kept, drawn, 0)
    fits = np.array([_fits(p, row) for row in drawn])
    return _in_any_order(p, terms, drawn[fits], kept[fits], random)


def _terms(p: ShiftAddParameters) -> dict[str, Integers]:
    """Place and sign of every value that a sum can have: the column's own, then those that are subtracted."""
    bit, index = np.divmod(np.arange(p.input_bits * p.slices), p.slices)
    if p.encoding == "differential":
        bits, slices = np.tile(bit, 2), np.tile(index, 2)
    else:
        bits = np.concatenate([bit, np.tile(np.arange(p.input_bits), p.cell_bits)])
        slices = np.concatenate([index, np.full(p.input_bits * p.cell_bits, p.slices - 1)])
    return {"input_bit": bits, "slice": slices, "subtract": (np.arange(len(bits)) >= len(bit)).astype(np.int64)}


def _fits(p: ShiftAddParameters, row: Integers) -> bool:
    """Whether the accumulator holds the sum: that of a few slices of two bits does not hold every correction."""
    try:
        _golden(p, row[np.newaxis])
    except ValueError:
        return False
    return True


def _golden(p: ShiftAddParameters, drawn: Integers) -> Integers:
    own = p.input_bits * p.slices
    first = shift_add(drawn[:, :own].reshape(-1, p.input_bits, p.slices), p)
    if p.encoding == "differential":
        return subtract_negative(first, shift_add(drawn[:, own:].reshape(-1, p.input_bits, p.slices), p), p)
    inputs = shift_add(drawn[:, own : own + p.input_bits, np.newaxis], replace(p, slices=1))
    return remove_offset(first, inputs, p)


def _in_any_order(
    p: ShiftAddParameters, terms: dict[str, Integers], drawn: Integers, kept: Flags, random: np.random.Generator
) -> Sums:
    shuffled = random.permuted(np.tile(np.arange(drawn.shape[1]), (len(drawn), 1)), axis=1)
    there = np.take_along_axis(kept, shuffled, axis=1)
    last = np.zeros(there.shape, np.int64)
    last[np.arange(len(last)), there.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)] = 1
    values = {"value": np.take_along_axis(drawn, shuffled, axis=1)[there]}
    values |= {name: words[shuffled][there] for name, words in terms.items()}
    return Sums(values=values | {"last": last[there]}, sums=_golden(p, drawn))
