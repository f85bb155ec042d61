"""Laws of the crossbars' models, on operands that hypothesis chooses."""

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_models.crossbar import CrossbarParameters, conversions, matvec
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import ENCODINGS, STRATEGIES, input_range, weight_range


@st.composite
def parameters(draw: st.DrawFn, strategies: tuple[str, ...] = STRATEGIES) -> CrossbarParameters:
    inputs, weights = draw(st.integers(1, 16)), draw(st.integers(1, 16))
    p = CrossbarParameters(
        rows=draw(st.integers(1, 12)),
        input_bits=inputs,
        weight_bits=weights,
        dac_bits=draw(st.integers(1, inputs)),
        cell_bits=draw(st.integers(1, min(4, weights))),
        strategy=draw(st.sampled_from(strategies)),
        weight_encoding=draw(st.sampled_from(ENCODINGS)),
        signed_inputs=draw(st.booleans()),
        output_bits=2,
    )
    largest = p.rows * (2**p.input_bits - 1) * (2**p.weight_bits - 1)
    return dataclasses.replace(p, output_bits=draw(st.integers(2, min(16, largest.bit_length()))) if largest > 3 else 2)


@st.composite
def problems(draw: st.DrawFn, strategies: tuple[str, ...] = STRATEGIES) -> tuple[CrossbarParameters, list, list]:
    p = draw(parameters(strategies))
    x = draw(st.lists(st.integers(*input_range(p)), min_size=p.rows, max_size=p.rows))
    w = draw(st.lists(st.integers(*weight_range(p)), min_size=p.rows, max_size=p.rows))
    return p, x, w


def one(x: list[int], w: list[int], p: CrossbarParameters) -> int:
    return int(matvec(np.array(x), np.array(w)[:, None], p)[0])


@settings(deadline=None, max_examples=300)
@given(problems(("isaac", "cascade")))
def test_a_product_is_the_dot_product(problem) -> None:
    p, x, w = problem
    assert one(x, w, p) == oracle.dot(x, w)


@settings(deadline=None, max_examples=300)
@given(problems(("neural_pim",)), st.floats(0, 1, exclude_min=True))
def test_a_code_is_that_of_the_value_held(problem, fraction: float) -> None:
    p, x, w = problem
    try:
        p = dataclasses.replace(p, range_fraction=fraction)
    except ValueError:
        assert int(fraction * oracle.y_max(p)) < 2 ** (p.output_bits - 1) - 1
        return
    code = one(x, w, p)
    assert code == oracle.neural_pim(x, w, p)
    assert abs(code - oracle.ideal_code(oracle.dot(x, w), oracle.y_fs(p), p.output_bits)) <= 1


@settings(deadline=None, max_examples=100)
@given(problems())
def test_negative_weights_give_the_negative(problem) -> None:
    """Differential only: the offset has no positive of its smallest number."""
    p, x, w = problem
    p = dataclasses.replace(p, weight_encoding="differential")
    assert one(x, [-value for value in w], p) == -one(x, w, p)


@settings(deadline=None, max_examples=100)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(problem, chance) -> None:
    p, x, w = problem
    order = list(range(p.rows))
    chance.shuffle(order)
    assert one([x[i] for i in order], [w[i] for i in order], p) == one(x, w, p)


@settings(deadline=None, max_examples=100)
@given(problems(("isaac", "cascade")))
def test_products_add_up(problem) -> None:
    p, x, w = problem
    half = [value // 2 for value in x]
    rest = [value - part for value, part in zip(x, half, strict=True)]
    assert one(half, w, p) + one(rest, w, p) == one(x, w, p)


@settings(deadline=None, max_examples=200)
@given(parameters())
def test_conversions_are_counted_by_enumeration(p: CrossbarParameters) -> None:
    pairs = [(t, s) for t in range(oracle.cycles(p)) for s in range(oracle.slices(p))]
    expected = {"isaac": len(pairs), "cascade": len({oracle.significance(t, s, p) for t, s in pairs}), "neural_pim": 1}
    assert conversions(p) == expected[p.strategy]
