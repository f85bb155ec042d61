"""Identities and error bounds of the NMPU golden model, against exact real values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_models.nmpu import NmpuParameters, intermediate, process

DEFAULT = NmpuParameters()
BRANCH = NmpuParameters(variant="branch_round")
EXACT = NmpuParameters(pre_cut_bits=0)


def real_array(dp, dn, sp, sn, off, sh, parameters):
    """The affine correction of the quantised parameters; exact in float64: all terms are dyadic, below 53 bits."""
    branches = np.asarray(dp, float) * sp - np.asarray(dn, float) * sn
    return np.ldexp(branches, -(parameters.scale_fraction_bits + sh)) + off / 2.0**parameters.offset_fraction_bits


def random_operands(seed, size, parameters):
    rng = np.random.default_rng(seed)
    p = parameters
    counts, scales = (p.count_format.minimum, p.count_format.maximum), (0, p.scale_format.maximum)
    offsets = (p.offset_format.minimum, p.offset_format.maximum)
    limits = (counts, counts, scales, scales, offsets, (p.shift_min, p.shift_max), (0, 1))
    return [rng.integers(low, high, size, endpoint=True) for low, high in limits]


@given(st.integers(-(2**40), 2**40), st.integers(0, 30), st.integers(1, 30))
def test_identity_cut_before_rounding_the_same_value_is_free(x, a, b):
    assert ((x >> a) + 2 ** (b - 1)) >> b == (x + 2 ** (a + b - 1)) >> (a + b)


def test_branch_round_does_not_depend_on_the_cut():
    operands = random_operands(3, 200_000, BRANCH)
    results = [process(*operands, NmpuParameters(variant="branch_round", pre_cut_bits=cut)) for cut in range(6)]
    assert all(np.array_equal(results[0], result) for result in results[1:])


def test_mean_truncation_bias_of_the_branches_cancels():
    operands = random_operands(4, 1_000_000, DEFAULT)
    values = intermediate(*operands, DEFAULT)
    dp, dn, sp, sn = operands[:4]
    lost_positive = dp * sp / 32 - values.cut_positive
    lost_negative = dn * sn / 32 - values.cut_negative
    assert lost_positive.mean() > 0.4
    assert abs((lost_positive - lost_negative).mean()) < 0.002


def test_without_cut_the_result_is_the_correctly_rounded_real_value():
    operands = random_operands(5, 1_000_000, EXACT)
    y = intermediate(*operands, EXACT).rounded
    assert np.array_equal(y, np.floor(real_array(*operands[:-1], EXACT) + 0.5))


def test_with_signed_input_the_cut_never_changes_a_half_up_result():
    parameters = NmpuParameters(signed_input=True)
    dp, _, sp, _, off, sh, _ = random_operands(6, 1_000_000, parameters)
    y = intermediate(dp, None, sp, None, off, sh, 0, parameters).rounded
    assert np.array_equal(y, np.floor(real_array(dp, 0, sp, 0, off, sh, parameters) + 0.5))


@pytest.mark.parametrize(
    ("variant", "cut", "shift"),
    [("single_round", cut, shift) for cut in (3, 5, 7) for shift in range(cut == 7, 4)]
    + [("branch_round", 5, shift) for shift in range(4)],
)
def test_error_against_the_rounded_real_value_is_zero_or_one(variant, cut, shift):
    parameters = NmpuParameters(variant=variant, pre_cut_bits=cut, shift_min=max(0, cut - 6))
    operands = random_operands(7 + shift, 2_000_000, parameters)
    operands[5] = shift
    error = intermediate(*operands, parameters).rounded - np.floor(real_array(*operands[:-1], parameters) + 0.5)
    assert set(np.unique(error)) == {0, 1}


@pytest.mark.parametrize("parameters", [DEFAULT, BRANCH, NmpuParameters(final_rounding="half_even")])
def test_monotonic_in_counts_and_offset(parameters):
    dp, dn, sp, sn, off, sh, _ = random_operands(11, 200_000, parameters)
    dp, dn, off = np.minimum(dp, 1022), np.minimum(dn, 1022), np.minimum(off, 126)

    def rounded(more_positive=0, more_negative=0, more_offset=0):
        operands = (dp + more_positive, dn + more_negative, sp, sn, off + more_offset, sh, 0)
        return intermediate(*operands, parameters).rounded

    assert (rounded(more_positive=1) >= rounded()).all()
    assert (rounded(more_negative=1) <= rounded()).all()
    assert (rounded(more_offset=1) >= rounded()).all()
