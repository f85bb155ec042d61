"""Twin-range conversions by the golden model, cycle by cycle, and configurations and counts to make them of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.sar import TrqControllerParameters, TrqParameters, convert, register_fields, register_word, search
from verif.packing import pack

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversions:
    """Conversions of the golden model, the first axis of every array but ``registers``.

    ``registers``: words for the port ``registers``, by configuration; ``which``: the configuration of each conversion.
    ``words``, ``compared`` (conversions, cycles of the longest search); ``length``: cycles of each search.
    """

    parameters: TrqControllerParameters
    registers: NDArray[np.generic]
    which: Integers
    counts: Integers
    words: Integers
    compared: Flags
    length: Integers
    code: Integers
    flag: Integers
    operations: Integers

    @property
    def latency(self) -> Integers:
        """Cycles from the start of each conversion to its ``done``."""
        return self.parameters.sample_cycles + self.length + 1


def legal_configurations(parameters: TrqControllerParameters, *, r1_start: int = 0) -> list[TrqParameters]:
    """Every configuration with R1 at ``r1_start`` that a controller of ``parameters`` takes, half steps on."""
    n = parameters.bits
    options = [("zero", False)]
    if not r1_start:
        options += [("after_r1", False)] * parameters.support_after_r1 + [("zero", True)] * parameters.support_skip
    return [
        TrqParameters(
            bits=n,
            r1_start=r1_start,
            r1_step_log2=d1,
            r1_bits=n1,
            ratio_log2=ratio,
            r2_origin=origin,
            skip_known_trial=skip,
        )
        for origin, skip in options
        for d1 in range(n)
        for n1 in range(n - d1)
        for ratio in range(n - d1)
        if not r1_start or r1_start + (1 << n1 + d1) <= parameters.maximum
    ]


def counts_around(configurations: Sequence[TrqParameters], random: np.random.Generator) -> Integers:
    """A count for each configuration: any, or one next to an end of R1 or of the range, as often each."""
    return np.array([int(random.choice(_near(each, random))) for each in configurations], np.int64)


def conversions(
    parameters: TrqControllerParameters, configurations: Sequence[TrqParameters], which: ArrayLike, counts: ArrayLike
) -> Conversions:
    """A conversion of each of ``counts``, by the configuration whose index is in ``which``."""
    index, inputs = np.asarray(which, np.int64), np.asarray(counts, np.int64)
    slots = parameters.bits + 2
    words, compared = np.zeros((len(inputs), slots), np.int64), np.zeros((len(inputs), slots), bool)
    length, code, flag, operations = np.zeros((4, len(inputs)), np.int64)
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(configurations) + 1))
    for place, configuration in enumerate(configurations):
        of_it = order[bounds[place] : bounds[place + 1]]
        walk, result = search(inputs[of_it], configuration), convert(inputs[of_it], configuration)
        cycles = walk.words.shape[-1]
        words[of_it, :cycles], compared[of_it, :cycles], length[of_it] = walk.words, walk.compared, walk.length
        code[of_it], flag[of_it], operations[of_it] = result.code, ~result.in_r1, result.operations
    return Conversions(
        parameters=parameters,
        registers=_registers(parameters, configurations),
        which=index,
        counts=inputs,
        words=words,
        compared=compared,
        length=length,
        code=code,
        flag=flag,
        operations=operations,
    )


def _near(configuration: TrqParameters, random: np.random.Generator) -> Integers:
    start, end, most = configuration.r1_start, configuration.r1_end, configuration.maximum
    places = [int(random.integers(0, most, endpoint=True)), start, end, 2 * configuration.r1_size, most]
    return np.clip(np.array(places) - random.integers(0, 2), 0, most)


def _registers(parameters: TrqControllerParameters, configurations: Sequence[TrqParameters]) -> NDArray[np.generic]:
    width = sum(register_fields(parameters).values())
    words = [register_word(each, parameters) for each in configurations]
    return pack([[word >> place & 1 for place in range(width)] for word in words], 1)
