"""The half-precision lanes with fused multiply-adds, all bits, against exact integers and the golden model."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.rtl import elaborate
from hdl.nmpu_fp16.fused_lane import FusedLane
from hdl.nmpu_fp16.shared_lane import PipelinedSharedLane, UnpipelinedSharedLane
from sim_models.nmpu import LdpuParameters, half_words, ldpu_process
from verif.batch import simulate

SEED = 48
NAN = 0x7E00
NAMES = ("count_p", "count_n", "slope_p", "slope_n", "addend")

# count_p, count_n, slope_p, slope_n, offset, value; words are binary16 patterns
VECTORS = [
    (613, 247, 0x3450, 0x3390, 0x4680, 0x5716),
    (520, 500, 0x3400, 0x3400, 0x3800, 0x4580),
    (518, 500, 0x3400, 0x3400, 0x0000, 0x4480),
    (1023, 0, 0x37F8, 0x0000, 0x0000, 0x5FF6),
    (0, 1023, 0x0000, 0x37F8, 0xD400, 0xE07B),
    (511, 512, 0x3400, 0x3400, 0x0000, 0xB400),
    (777, 123, 0x3429, 0x33F8, 0xC29A, 0x5941),
    (840, 591, 0x3549, 0x3571, 0xCC7C, 0x5350),
    (704, 228, 0x3178, 0x33E7, 0x48BF, 0x5497),
]


def run_fused(columns: NDArray, parameters: LdpuParameters) -> NDArray:
    """The value of each column; ``columns`` has shape (columns, 5)."""
    fed = np.concatenate([columns, np.zeros((4, 5), np.int64)])
    rtl = elaborate(FusedLane(parameters=parameters), "fused_lane")
    return simulate(rtl, dict(zip(NAMES, fed.T, strict=True)), outputs=["value"])["value"][4:]


def run_pipelined(columns: NDArray, parameters: LdpuParameters) -> NDArray:
    """Pass A of eight columns, then pass B of the same."""
    fed = np.repeat(columns.reshape(-1, 1, 8, 5), 2, axis=1).reshape(-1, 5)
    second = np.tile(np.repeat([0, 1], 8), len(columns) // 8)
    inputs = {**dict(zip(NAMES, np.concatenate([fed, fed[:4]]).T, strict=True)), "second": np.append(second, [0] * 4)}
    rtl = elaborate(PipelinedSharedLane(parameters=parameters), "pipelined_shared_lane")
    return simulate(rtl, inputs, outputs=["value"])["value"][4:][second == 1]


def run_unpipelined(columns: NDArray, parameters: LdpuParameters) -> NDArray:
    """Two cycles of pass A, then two of pass B; operands count in the second of each two."""
    fed = np.repeat(columns, 4, axis=0)
    fed[::2] ^= 1
    second, advance = (np.tile(pattern, len(columns)) for pattern in ([0, 0, 1, 1], [0, 1, 0, 1]))
    inputs = dict(zip(NAMES, fed.T, strict=True)) | {"second": second}
    inputs = {name: np.append(values, [0] * 4) for name, values in inputs.items()}
    inputs["advance"] = np.append(advance, [0, 1, 0, 1])
    rtl = elaborate(UnpipelinedSharedLane(parameters=parameters), "unpipelined_shared_lane")
    return simulate(rtl, inputs, outputs=["value"])["value"][4:][(second & advance) == 1]


LANES = {run_fused: "F1", run_pipelined: "F2", run_unpipelined: "F3"}
every_lane = pytest.mark.parametrize("run", LANES)
Runner = Callable[[NDArray, LdpuParameters], NDArray]


def settings(run: Runner, flush_to_zero: bool = False) -> LdpuParameters:
    return LdpuParameters(service_model=LANES[run], arithmetic="fused", flush_to_zero=flush_to_zero)


def nearest_half(units: int) -> int:
    """Binary16 word nearest to ``units * 2^-48``, ties to even."""
    magnitude = abs(units)
    dropped = max(magnitude.bit_length() - 11, 24)
    significand, rest = divmod(magnitude, 1 << dropped)
    significand += 2 * rest + (significand & 1) > 1 << dropped
    # A significand that carries into its next bit raises the exponent field by itself.
    word = min((dropped - 24 << 10) + significand, 0x7C00)
    return word | (units < 0) << 15


def exact_units(word: int) -> int:
    """A finite binary16 word in units of 2^-24."""
    exponent, fraction = word >> 10 & 31, word & 1023
    magnitude = (fraction | 1024) << exponent - 1 if exponent else fraction
    return -magnitude if word >> 15 else magnitude


def exact_value(count_p: int, count_n: int, slope_p: int, slope_n: int, addend: int) -> int:
    """The value of one column in Python integers: each multiply-add exact, then rounded once."""
    first = nearest_half((count_p * exact_units(slope_p) + exact_units(addend)) << 24)
    return nearest_half((exact_units(first) - count_n * exact_units(slope_n)) << 24)


def random_columns(count: int, words: NDArray) -> NDArray[np.int64]:
    random = np.random.default_rng(SEED)
    counts = random.integers(0, 1024, (2, count)) >> random.integers(0, 11, (2, count))
    return np.stack([*counts, *words], axis=-1).astype(np.int64)


@every_lane
def test_definition_vectors(run: Runner) -> None:
    columns = np.resize(np.array(VECTORS), (16, 6))
    np.testing.assert_array_equal(run(columns[:, :5], settings(run)), columns[:, 5])


@every_lane
def test_values_equal_exact_integers(run: Runner) -> None:
    random = np.random.default_rng(SEED)
    usual = half_words([*random.uniform(0.05, 0.4, (2, 10_000)), random.uniform(-60, 60, 10_000)])
    # Small slopes and addends: subnormal operands and sums, deep cancellation.
    small = random.integers(1, 0x2000, (3, 6_000)) | random.integers(0, 2, (3, 6_000)) << 15
    columns = random_columns(16_000, np.concatenate([usual, small], axis=1))
    expected = np.array([exact_value(*column) for column in columns.tolist()])
    # The sign of an exact zero is the golden model's business, below.
    compared = expected & 0x7FFF != 0
    value = run(columns, settings(run))
    np.testing.assert_array_equal(value[compared], expected[compared])
    assert not (value[~compared] & 0x7FFF).any()


@every_lane
@pytest.mark.parametrize("flush", [False, True])
def test_any_words_equal_the_golden_model(run: Runner, flush: bool) -> None:
    parameters = settings(run, flush)
    words = np.random.default_rng(SEED).integers(0, 1 << 16, (3, 200_000))
    words[:, ::2] &= 0x8FFF  # near the subnormal range
    columns = random_columns(200_000, words)
    value = run(columns, parameters)
    np.testing.assert_array_equal(value, ldpu_process(*columns.T, False, parameters).value)
    assert 0 < (value == NAN).sum() < 100_000
    assert (((value & 0x7C00) == 0) & (value & 0x03FF != 0)).any() == (not flush)
