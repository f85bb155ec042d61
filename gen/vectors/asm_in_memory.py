"""Products for the in-memory unit: their operands, their streams, their results, and vectors for its bench."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.nmpu import pack
from sim_models.asm import matmul, supported_quartets, supported_values
from sim_models.asm.coding import REFUSED, code_values, encode
from sim_models.asm.in_memory import (
    COUNT_BITS,
    MAXIMUM_COUNT,
    InMemoryParameters,
    input_rows,
    outputs_at_once,
    position_groups,
    require_fit,
    result_rows,
    word_transfers,
)
from sim_models.asm.in_memory_cycles import operation_counts, unit_cycles
from sim_models.asm.parameters import QUARTET_BITS

SEED = 230201990

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ProductWork:
    """A matrix product: ``inputs`` (positions, length), unsigned; ``weights`` (length, outputs), signed, supported.

    ``words``: what is stored in the place of the weights' own words; the sums are those of ``weights`` still.
    """

    inputs: Integers
    weights: Integers
    words: Integers | None = None

    @property
    def positions(self) -> int:
        """Rows of the inputs."""
        return len(self.inputs)

    @property
    def length(self) -> int:
        """Terms of a sum."""
        return len(self.weights)

    @property
    def outputs(self) -> int:
        """Columns of the weights."""
        return self.weights.shape[1]


def config_fields(work: ProductWork, parameters: InMemoryParameters) -> list[tuple[int, int]]:
    """Fields of the descriptor, lowest first, each with its bits. Raises ValueError for a product that does not fit."""
    p = parameters
    require_fit(work.positions, work.length, work.outputs, p)
    groups = position_groups(work.positions, p)
    return [(work.length, p.reduction_length.bit_length()), (work.outputs, COUNT_BITS), (groups, COUNT_BITS)]


def weight_words(work: ProductWork, parameters: InMemoryParameters) -> Integers:
    """The stream of weights, (transfers, transfer_words): that of one group, once for each group."""
    words = encode(work.weights, parameters) if work.words is None else work.words
    return np.tile(word_transfers(words, parameters), (position_groups(work.positions, parameters), 1))


def result_fields(work: ProductWork, parameters: InMemoryParameters) -> dict[str, Integers]:
    """The results in order: ``sums`` (results, positions_together), ``output``, ``group``."""
    rows = result_rows(matmul(work.inputs, work.weights, parameters), parameters)
    group, output = np.divmod(np.arange(len(rows)), work.outputs)
    return {"sums": rows, "output": output, "group": group}


def work_counts(work: ProductWork, parameters: InMemoryParameters) -> dict[str, int]:
    """What the counters show after the product."""
    reads, writes = operation_counts(work.weights, work.positions, parameters)
    cycles = unit_cycles(work.weights, work.positions, parameters).total
    return {"cycle_count": cycles, "read_count": reads, "write_count": writes}


def random_work(
    positions: int, length: int, outputs: int, parameters: InMemoryParameters, seed: int, zeros: float = 0.3
) -> ProductWork:
    """Random operands; ``zeros`` of the weights are 0, and so are all those of every fifth output."""
    p, random = parameters, np.random.default_rng(seed)
    weights = random.choice(supported_values(p), (length, outputs)) * random.choice([-1, 1], (length, outputs))
    weights *= random.random((length, outputs)) >= zeros
    weights[:, 4::5] = 0
    return ProductWork(inputs=random.integers(0, p.maximum_input, (positions, length), endpoint=True), weights=weights)


def extreme_work(parameters: InMemoryParameters) -> ProductWork:
    """The largest sums of both signs, in a reduction as long as may be."""
    p = parameters
    largest, length = int(supported_values(p)[-1]), p.reduction_length
    inputs = np.full((2, length), p.maximum_input, np.int64)
    inputs[1, 1::2] = 0
    return ProductWork(inputs=inputs, weights=np.tile(np.array([largest, -largest], np.int64), (length, 1)))


def bench_works(parameters: InMemoryParameters, seed: int = SEED) -> list[ProductWork]:
    """Products of one and more groups, passes and outputs, none of them large; half of the lanes of some stay empty."""
    p = parameters
    room, together, longest = p.inputs_per_pass, p.positions_together, p.reduction_length
    sizes = [
        (1, 1, 1),
        (together, min(2, longest), 3),
        (together + 1, min(5, longest), 6),
        (2 * together + 1, min(room, longest), 2),
        (1, min(room + 1, longest), 4),
        (together, min(2 * room + 3, longest), 1),
        (together + 1, min(3 * room, longest), 5),
    ]
    fitting = [(positions, length, min(outputs, outputs_at_once(length, p))) for positions, length, outputs in sizes]
    works = [random_work(*size, p, seed + place) for place, size in enumerate(fitting)]
    return works if outputs_at_once(longest, p) < 2 else [*works, extreme_work(p)]


def long_works(parameters: InMemoryParameters, seed: int = SEED) -> list[ProductWork]:
    """Products of the most groups and of the most outputs that a descriptor can ask for, of one input each."""
    p = parameters
    sizes = [(MAXIMUM_COUNT * p.positions_together, 1, 1), (1, 1, MAXIMUM_COUNT)]
    return [random_work(*size, p, seed + place, zeros=0) for place, size in enumerate(sizes)]


def in_memory_vectors(parameters: InMemoryParameters) -> dict[str, Any]:
    """Products of every kind, each with its streams, results, cycles and counters; and one with refused weights."""
    works = bench_works(parameters)
    refused = refused_work(parameters)
    return {
        "seed": SEED,
        "products": [_described(work, parameters) for work in works],
        "refused": [] if refused is None else [_described(refused, parameters)],
    }


def _described(work: ProductWork, p: InMemoryParameters) -> dict[str, Any]:
    passes = -(-work.length // p.inputs_per_pass)
    return {
        "loads": position_groups(work.positions, p) * passes,
        "config": pack(config_fields(work, p)),
        "input_in": _packed(input_rows(work.inputs, p), p.input_bits),
        "weight_in": _packed(weight_words(work, p), p.weight_word_bits),
        "result_out": _results(work, p),
        "counts": work_counts(work, p) if work.words is None else {},
    }


def _packed(rows: Integers, bits: int) -> list[str]:
    return [pack((int(word), bits) for word in row) for row in rows]


def _results(work: ProductWork, p: InMemoryParameters) -> list[str]:
    fields = result_fields(work, p)
    rows: Sequence[Any] = list(zip(fields["sums"].tolist(), fields["output"], fields["group"], strict=True))
    return [
        pack([*((word, p.accumulator_width) for word in sums), (int(output), COUNT_BITS), (int(group), COUNT_BITS)])
        for sums, output, group in rows
    ]


def refused_work(parameters: InMemoryParameters, seed: int = SEED) -> ProductWork | None:
    """A product of which a few stored words are refused; None where none are, or where they may give anything.

    A quartet that is refused counts as 0, the others of its word as they are.
    """
    p, random = parameters, np.random.default_rng(seed)
    words = np.arange(1 << p.weight_word_bits - 1)
    values, refused = _quartet_sums(words, p)
    if p.unsupported == "dont_care" or not refused.any():
        return None
    work = random_work(p.positions_together, min(9, p.inputs_per_pass, p.reduction_length), 2, p, seed)
    stored, weights = encode(work.weights, p), work.weights.copy()
    for place in ((0, 0), (-1, 1)):
        chosen = int(random.choice(words[refused]))
        stored[place], weights[place] = chosen | 1 << p.weight_word_bits - 1, -values[chosen]
    return ProductWork(inputs=work.inputs, weights=weights, words=stored)


def _quartet_sums(words: Integers, p: InMemoryParameters) -> tuple[Integers, NDArray[np.bool_]]:
    """Magnitudes of stored ``words`` without sign, refused quartets left out; and whether any was."""
    values, refused = np.zeros_like(words), np.zeros(len(words), np.bool_)
    for place in range(p.quartets):
        table = np.array(_table(place, p))
        quartets = table[words >> p.code_bits * place & len(table) - 1]
        values += np.maximum(quartets, 0) << QUARTET_BITS * place
        refused |= quartets == REFUSED
    return values, refused


def _table(place: int, p: InMemoryParameters) -> Sequence[int]:
    """The value of every code or quartet."""
    if p.encode_weights:
        return code_values(p, place)
    supported = supported_quartets(p, place)
    return [value if value in supported else REFUSED for value in range(1 << p.quartet_bits[place])]
