"""Drive the half-precision unit and its lane over arrays of columns."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from sim_models.nmpu import LdpuParameters, ldpu_cycles
from verif.batch import simulate
from verif.packing import pack, unpack

Segment = dict[str, NDArray]
"""Inputs by name, all of one number of cycles."""


def run_lane(rtl: Rtl, operands: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """``value``, ``out_data`` and ``invalid`` of each column; all operands of a column are given at one index."""
    delays = {"addend": 2, "relu": 4}
    length = len(operands["count_p"])
    driven = {name: np.zeros(length + 5, np.int64) for name in operands}
    for name, values in operands.items():
        driven[name][delays.get(name, 0) :][:length] = values
    outputs = simulate(rtl, driven)
    return {"value": outputs["value"][4:][:length], **{name: outputs[name][5:] for name in ("out_data", "invalid")}}


def length(parameters: LdpuParameters) -> int:
    """Cycles from the start of one tile to the first cycle in which the next may start."""
    return ldpu_cycles(parameters.columns, parameters) + 1


def configuration(words: NDArray) -> Segment:
    """Write slopes and offset, of shape (3, columns)."""
    word, column = (np.asarray(index) for index in np.indices(words.shape))
    values: Segment = {"cfg_word": word, "cfg_column": column, "cfg_data": words}
    return {"cfg_write": np.ones(words.size, np.int64)} | {name: value.ravel() for name, value in values.items()}


def tiles(parameters: LdpuParameters, positive: NDArray, negative: NDArray, **settings: NDArray | int) -> Segment:
    """Run tiles of shape (tiles, columns) in a row. Counts and settings are there in the starts' cycles only."""
    count, period = len(positive), length(parameters)
    segment = {}
    for name, value in {"start": 1, "emit": 1, **settings}.items():
        segment[name] = np.zeros(count * period, np.int64)
        segment[name][::period] = value
    for name, counts in (("count_p", positive), ("count_n", negative)):
        words = pack(counts, parameters.count_bits)
        segment[name] = np.zeros((count * period, words.shape[-1]), words.dtype)
        segment[name][::period] = words
    return segment


def joined(segments: Sequence[Segment]) -> Segment:
    """One segment after the other; what a segment does not drive is 0."""
    example = {name: values for segment in segments for name, values in segment.items()}
    parts: dict[str, list[NDArray]] = {name: [] for name in example}
    for segment in segments:
        cycles = len(next(iter(segment.values())))
        for name, values in example.items():
            parts[name].append(segment.get(name, np.zeros((cycles, *values.shape[1:]), values.dtype)))
    return {name: np.concatenate(values) for name, values in parts.items()}


def results(parameters: LdpuParameters, outputs: Mapping[str, NDArray]) -> tuple[NDArray, NDArray]:
    """Activations and ``invalid`` of all tiles that were shown, of shape (tiles, columns)."""
    valid = outputs["out_valid"] == 1
    rows = parameters.columns // parameters.lanes
    assert (outputs["out_column"][valid] == np.arange(valid.sum()) % rows).all(), "rows come out of order"
    data = unpack(outputs["out_data"][valid], parameters.lanes, 8, True)
    invalid = unpack(outputs["invalid"][valid], parameters.lanes, 1, False)
    return data.reshape(-1, parameters.columns), invalid.reshape(-1, parameters.columns)
