"""How fast the matrix product runs, beside a gather from a table of products in plain numpy."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim_models.arith.checking import IntArray, require_integer
from sim_models.daism.layout import Gemm
from sim_models.daism.matmul import matmul
from sim_models.daism.multiply import multiply
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.product import product
from sim_models.daism.words import to_words

SEED = 2305


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Multiply-accumulates per second: of `matmul` on ``threads`` threads, and of the gather, on one.

    ``matmul_core``, ``gather_core``: per second of processor time, which other work on the machine does not slow down
    but for caches.
    """

    matmul: float
    matmul_core: float
    table_gather: float
    gather_core: float
    threads: int


def measure_rates(gemm: Gemm, parameters: DaismParameters, *, threads: int = 2, repeats: int = 3) -> Rates:
    """Best of ``repeats`` runs of a product of random operands, both ways in turn.

    ``gemm`` names positions, length and outputs of ``x`` and ``w``. The gather takes its products from a table of all
    pairs of significands and, for floats, adds what they stand for in float32; it measures the usual way to model an
    approximate multiplier, neither its rounding nor its order. It runs on as many positions as 2^22 products hold,
    since it stores all of them. Raises ValueError for more than 8 significand bits.
    """
    require_integer("repeats", repeats, 1)
    x, w = random_operands(gemm, parameters)
    few = x[: max(1, (1 << 22) // (gemm.length * gemm.outputs))]
    matmul(x[:1], w, parameters, threads=1)  # compiles
    fast, slow = [], []
    for _ in range(repeats):
        fast.append(_seconds(lambda: matmul(x, w, parameters, threads=threads)))
        slow.append(_seconds(lambda: table_gather(few, w, parameters)))
    seconds, core_seconds = np.min(fast, axis=0)
    gather_seconds, gather_core_seconds = np.min(slow, axis=0)
    few_macs = few.size * gemm.outputs
    return Rates(
        matmul=gemm.macs / seconds,
        matmul_core=gemm.macs / core_seconds,
        table_gather=few_macs / gather_seconds,
        gather_core=few_macs / gather_core_seconds,
        threads=threads,
    )


def table_gather(x: IntArray, w: IntArray, parameters: DaismParameters) -> np.ndarray:
    """Sums of products of ``x`` and ``w`` gathered from a table: int64, or float32 in numpy's own order.

    Raises ValueError for more than 8 significand bits.
    """
    require_integer("significand_bits", parameters.significand_bits, 4, 8)
    gather = _float_gather if parameters.is_float else _integer_gather
    return gather(x, w, _product_table(parameters), parameters)


def random_operands(gemm: Gemm, parameters: DaismParameters) -> tuple[IntArray, IntArray]:
    """Seeded operand words (positions, length) and (length, outputs): standard normal, or uniform integers."""
    random = np.random.default_rng(SEED)
    shapes = (gemm.positions, gemm.length), (gemm.length, gemm.outputs)
    if not parameters.is_float:
        x, w = (random.integers(0, 1 << parameters.significand_bits, shape) for shape in shapes)
        return x, w
    x, w = (to_words(random.standard_normal(shape), parameters) for shape in shapes)
    return x, w


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of all processors together."""
    start, start_core = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - start_core


def _product_table(p: DaismParameters) -> np.ndarray:
    if not p.is_float:
        values = np.arange(1 << p.significand_bits)
        return product(values[:, None], values, p).astype(np.uint32) << p.drop
    # Words of exponent 1.0: the table holds significand products between 0.5 and 4.
    words = p.bias << p.significand_bits - 1 | np.arange(1 << p.significand_bits - 1)
    return _values(multiply(words[:, None], words, p), p)


def _values(words: IntArray, p: DaismParameters) -> np.ndarray:
    fraction = words & (1 << p.product_fraction_bits) - 1
    exponent = (words >> p.product_fraction_bits & p.special_exponent) - p.bias
    return np.ldexp(1 + fraction / (1 << p.product_fraction_bits), exponent).astype(np.float32)


def _integer_gather(x: IntArray, w: IntArray, table: np.ndarray, p: DaismParameters) -> np.ndarray:
    return table[w, x[:, :, None]].sum(axis=1, dtype=np.int64)


def _float_gather(x: IntArray, w: IntArray, table: np.ndarray, p: DaismParameters) -> np.ndarray:
    mask, fraction_bits = (1 << p.significand_bits - 1) - 1, p.significand_bits - 1
    scales = []
    for words in (x, w):
        sign = 1.0 - 2.0 * (words >> p.word_bits - 1)
        exponent = (words >> fraction_bits & p.special_exponent) - p.bias
        scales.append((np.ldexp(sign, exponent) * (words << 1 >> fraction_bits + 1 != 0)).astype(np.float32))
    products = table[w & mask, (x & mask)[:, :, None]]
    return (products * scales[0][:, :, None] * scales[1]).sum(axis=1)
