"""Workload of the in-memory unit: outputs one after the other at full rate, of inputs that are loaded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.asm_in_memory import ProductWork, random_work, result_fields, weight_words
from sim_models.asm.coding import decode
from sim_models.asm.in_memory import InMemoryParameters
from sim_models.asm.in_memory_cycles import CONTROL, unit_cycles
from sim_models.asm.program import code_cycles
from verif.asm_in_memory_work import result_parts, stream_words
from verif.checks_form import require_equal
from verif.workloads_form import SEED, Integers, Outputs, Workload

_LENGTH = 16
_OUTPUTS = 16
_ZEROS = 0.2


def in_memory(parameters: InMemoryParameters) -> Workload:
    """One group of positions in one pass; measured from the first output's clear to the last one's drain."""
    p = parameters
    length = min(_LENGTH, p.inputs_per_pass, p.reduction_length)
    work = random_work(p.positions_together, length, _OUTPUTS, p, SEED, zeros=_ZEROS)
    cycles = unit_cycles(work.weights, work.positions, p)
    loaded = 1 + cycles.array.load + cycles.array.clear - cycles.array.drain  # a row of zeros may be cleared before
    taken = {
        "config": np.zeros(1, np.int64),
        "input_in": loaded - 1 - cycles.array.load // length * np.arange(length)[::-1],
        "weight_in": _taken(work, loaded, p),
    }
    if p.keeps_triple:
        taken["input_in"] -= 2  # READ and ADD follow the second WRITE
    inputs: dict[str, Any] = {"result_out__ready": 1}
    for name, words in stream_words([work], p).items():
        inputs |= _by_cycle(name, words, taken[name], cycles.total + 1)
    expected = result_fields(work, p)

    def check(outputs: Outputs) -> int:
        taken = outputs["result_out__payload"][outputs["result_out__valid"] == 1]
        require_equal(result_parts(taken, p), expected, SEED)
        return work.inputs.size * work.outputs  # multiply-accumulates whose sums were compared

    return Workload(
        action="one multiply-accumulate",
        operations=work.inputs.size * work.outputs,
        window=slice(loaded, 1 + cycles.total - CONTROL),
        inputs=inputs,
        check=check,
    )


def _taken(work: ProductWork, loaded: int, p: InMemoryParameters) -> Integers:
    """The cycle in which each transfer of weights is taken: the first in the second cycle of the pass, the others when
    the one before is done.
    """
    spent = code_cycles(np.abs(decode(weight_words(work, p), p)), p).reshape(work.outputs, -1)
    spent[:, work.length :] = 0  # what fills up the last transfer
    each = np.maximum(spent.reshape(work.outputs, -1, p.transfer_words).sum(axis=2), 1)
    before = np.cumsum(each.sum(axis=1)) - each.sum(axis=1) + 2 * p.quartets * np.arange(work.outputs)
    begins = loaded + p.quartets + before
    done = begins[:, None] + np.cumsum(each, axis=1) - 1
    return np.append(2, done.ravel()[:-1])


def _by_cycle(name: str, words: NDArray[Any], taken: Integers, cycles: int) -> dict[str, Any]:
    """The ports of a stream that always offers its next word."""
    place = np.searchsorted(taken, np.arange(cycles))
    offered = place < len(words)
    payload = words[np.minimum(place, len(words) - 1)]
    return {f"{name}__valid": offered.astype(np.int64), f"{name}__payload": payload}
