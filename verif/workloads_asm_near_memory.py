"""Workload of the near-memory units: a matrix product at full rate, a row of weights and an input in every cycle."""

from typing import Any

import numpy as np

from gen.vectors.asm_layers import random_layer
from gen.vectors.asm_near_memory import result_fields
from sim_models.asm.near_memory import NearMemoryParameters, exact_parameters
from sim_models.asm.near_memory_cycles import MAC_LATENCY, layer_cycles
from sim_models.daism.accelerator import matrix_shape
from verif.asm_near_memory_work import result_parts, stream_words
from verif.checks_form import require_equal
from verif.workloads_form import SEED, Outputs, Workload

_LENGTH = 16
_POSITIONS = 16


def near_memory(parameters: NearMemoryParameters) -> Workload:
    """The unit with alphabet-set lanes, on supported weights."""
    return _product(parameters)


def exact_near_memory(parameters: NearMemoryParameters) -> Workload:
    """The unit with exact lanes, on any weights."""
    return _product(exact_parameters(parameters))


def _product(p: NearMemoryParameters) -> Workload:
    """One block of outputs; measured from the second position on to the last beat."""
    if (most := _LENGTH - MAC_LATENCY - 1) < p.lanes_in_bank:
        raise ValueError(f"lanes of a bank must be at most {most} for the workload, not {p.lanes_in_bank}")
    positions = min(_POSITIONS, p.activation_words // _LENGTH, p.position_limit)
    if positions < 2:
        raise ValueError(f"activation_words must be at least {2 * _LENGTH} for the workload, not {p.activation_words}")
    work = random_layer(matrix_shape(positions, _LENGTH, p.lanes), p, SEED)
    cycles = layer_cycles(work.shape, p)
    begins = 2 + cycles.load + cycles.fill
    inputs: dict[str, Any] = {"result_out__ready": 1}
    for name, words in stream_words([work], p).items():
        valid = np.zeros(cycles.total + 1, np.int64)
        payload = np.zeros((cycles.total + 1, *words.shape[1:]), words.dtype)
        first = int(name != "config")
        valid[first : first + len(words)] = 1
        payload[first : first + len(words)] = words
        inputs |= {f"{name}__valid": valid, f"{name}__payload": payload}
    expected = result_fields(work, p)

    def check(outputs: Outputs) -> int:
        taken = outputs["result_out__payload"][outputs["result_out__valid"] == 1]
        require_equal(result_parts(taken, p), expected, SEED)
        return len(taken) * p.banks * _LENGTH  # multiply-accumulates whose sums were compared

    return Workload(
        action="one multiply-accumulate",
        operations=(positions - 1) * _LENGTH * p.lanes,
        window=slice(begins + _LENGTH, begins + positions * _LENGTH),
        inputs=inputs,
        check=check,
    )
