"""Batch checks of arithmetic: combinational floats and conversions, integer products and sums of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gen.floats import ConversionParameters, FloatParameters
from gen.rtl import Rtl
from sim_models.arith import MultiplyParameters
from verif.batch import simulate
from verif.checks_form import Check, require_equal
from verif.integers import as_integers, run_vectors


def combinational(vectors_of: Callable[..., dict[str, Any]]) -> Check:
    """A check of the words that ``vectors_of`` draws."""

    def check(rtl: Rtl, parameters: FloatParameters | ConversionParameters, vectors: int, seed: int) -> int:
        drawn = vectors_of(parameters, count=vectors, seed=seed)
        inputs = {name: np.array(words, np.int64) for name, words in drawn["inputs"].items()}
        outputs = {name: np.array(words, np.int64) for name, words in drawn["outputs"].items()}
        return require_equal(simulate(rtl, inputs), outputs, seed)

    return check


def integer_arithmetic(vectors_of: Callable[..., dict[str, Any]], latency: int) -> Check:
    """A check of the integers that ``vectors_of`` draws; results come ``latency`` cycles later."""

    def check(rtl: Rtl, parameters: MultiplyParameters, vectors: int, seed: int) -> int:
        drawn = vectors_of(parameters, count=vectors, seed=seed)
        widths = {port.name: port.width for port in rtl.ports}
        expected = {name: as_integers(words, widths[name]) for name, words in drawn["outputs"].items()}
        return require_equal(run_vectors(rtl, drawn["inputs"], latency=latency), expected, seed)

    return check
