"""Precision audit and cycle models against their stated figures."""

import numpy as np
import pytest

from sim_models.nmpu import (
    PUBLISHED_FIGURES,
    AuditCase,
    LdpuParameters,
    NmpuParameters,
    audit_ldpu,
    audit_nmpu,
    audit_settings,
    draw_case,
    ldpu_cycles,
    nmpu_cycles,
    pareto_set,
    speed_up,
)


@pytest.fixture(scope="module")
def case() -> AuditCase:
    return draw_case()


# Fields, mean absolute error, bias (None: not stated), maximum error
TABLE = [
    ({"scale_fraction_bits": 5, "pre_cut_bits": 0}, 0.2885, None, 3),
    ({"scale_fraction_bits": 6, "pre_cut_bits": 0}, 0.1710, None, 2),
    ({"offset_fraction_bits": 0, "pre_cut_bits": 0}, 0.1458, None, 2),
    ({"scale_fraction_bits": 8, "pre_cut_bits": 0}, 0.0716, None, 1),
    ({"pre_cut_bits": 0}, 0.0948, 0.0036, 1),
    ({"pre_cut_bits": 3}, 0.0949, 0.0068, 1),
    ({"pre_cut_bits": 4}, 0.0950, 0.0106, 1),
    ({"pre_cut_bits": 5}, 0.0958, 0.0183, 1),
    ({"pre_cut_bits": 7, "shift_min": 1}, 0.1122, 0.0647, 1),
    ({"variant": "branch_round"}, 0.1545, 0.1284, 2),
    ({"variant": "branch_round", "pre_cut_bits": 0}, 0.1545, 0.1284, 2),
]


@pytest.mark.parametrize(("fields", "mean", "bias", "maximum"), TABLE)
def test_error_of_each_format_to_four_digits(case, fields, mean, bias, maximum):
    result = audit_nmpu(case, NmpuParameters(**fields))
    assert round(result.mean_absolute_error, 4) == mean
    assert bias is None or round(result.bias, 4) == bias
    assert result.maximum_error == maximum
    assert (result.clipped_scales, result.clipped_offsets) == (0, 0)


def test_error_of_the_half_precision_lane(case):
    result = audit_ldpu(case, LdpuParameters())
    assert (round(result.mean_absolute_error, 4), result.maximum_error) == (0.0114, 1)


def test_larger_counts_make_larger_errors(case):
    """A maximum of 1 LSB is a statement about a distribution, not a bound."""
    rng = np.random.default_rng(0)
    gain_p, gain_n = (1 + 0.0709 * rng.standard_normal(256) for _ in range(2))
    offset_p, offset_n = (6 * rng.standard_normal(256) for _ in range(2))
    ideal = rng.uniform(0, 900, (2, 4000, 256))
    counts = [
        np.clip(np.rint(gain * x + offset), 0, 1023).astype(int)
        for gain, x, offset in zip((gain_p, gain_n), ideal, (offset_p, offset_n), strict=True)
    ]
    result = audit_nmpu(
        AuditCase(positive=counts[0], negative=counts[1], scales=case.scales, shift=2), NmpuParameters(pre_cut_bits=0)
    )
    assert (round(result.mean_absolute_error, 3), result.maximum_error) == (0.134, 2)


def test_reference_is_the_rounded_rectified_clamped_real_value():
    case = draw_case(vectors=50, columns=8, seed=5)
    scales = case.scales
    for vector, column in np.ndindex(50, 8):
        real = case.positive[vector, column] * scales.scale_positive[column]
        real += scales.offset[column] - case.negative[vector, column] * scales.scale_negative[column]
        assert case.reference[vector, column] == min(max(int(np.floor(real + 0.5)), 0), 127)
    assert case.positive.max() <= 1023


def test_settings_are_legal_distinct_and_run():
    found = list(audit_settings())
    assert len(set(found)) == len(found)
    assert {p.variant for p in found} == {"single_round", "branch_round"}
    assert {p.final_rounding for p in found} == {"half_up", "half_even"}
    assert {p.pre_cut_bits for p in found} == {0, 3, 4, 5, 7}
    assert NmpuParameters() in found
    small = draw_case(vectors=20, columns=16)
    assert all(audit_nmpu(small, p).maximum_error < 10 for p in found)


def test_narrow_offsets_are_counted_as_clipped():
    small = draw_case(vectors=20, columns=64)
    result = audit_nmpu(small, NmpuParameters(offset_integer_bits=2))
    assert result.clipped_offsets == int((np.abs(np.rint(2 * small.scales.offset) + 0.5) > 4).sum())
    assert result.clipped_offsets > 0


def test_pareto_set_keeps_what_nothing_beats():
    errors, costs = [1, 3, 2, 2, 5, 1], [9, 1, 5, 5, 1, 12]
    kept = pareto_set(errors, costs)
    points = list(zip(errors, costs, strict=True))
    expected = [
        i for i, (e, c) in enumerate(points) if not any(a <= e and b <= c and (a, b) != (e, c) for a, b in points)
    ]
    assert sorted(kept) == expected == [0, 1, 2, 3]
    assert [costs[i] for i in kept] == [1, 5, 5, 9]
    with pytest.raises(ValueError, match=r"^errors and costs must be two equally long lists"):
        pareto_set([1, 2], [1])


@pytest.mark.parametrize(
    ("model", "cycles", "ratio_two_stages", "ratio_three_stages"),
    [("F1", 261, 43.5, 37.3), ("F2", 517, 86.2, 73.9), ("F3", 1029, 171.5, 147.0)],
)
def test_cycles_for_256_columns(model, cycles, ratio_two_stages, ratio_three_stages):
    ldpu = LdpuParameters(service_model=model)
    assert ldpu_cycles(256, ldpu) == cycles
    assert round(speed_up(256, NmpuParameters(), ldpu), 1) == ratio_two_stages
    assert round(speed_up(256, NmpuParameters(pipeline_stages=3), ldpu), 1) == ratio_three_stages


def test_cycles_of_other_sizes():
    assert [nmpu_cycles(n, NmpuParameters()) for n in (1, 256, 257, 512)] == [6, 6, 10, 10]
    assert nmpu_cycles(256, NmpuParameters(pipeline_stages=3)) == 7
    assert nmpu_cycles(10, NmpuParameters(units=1, columns_per_unit=1, pipeline_stages=1)) == 11
    assert [ldpu_cycles(256, LdpuParameters(lanes=lanes)) for lanes in (2, 16, 256)] == [133, 21, 6]
    assert ldpu_cycles(10, LdpuParameters(columns=12, lanes=4, service_model="F2")) == 11
    for function, parameters in ((nmpu_cycles, NmpuParameters()), (ldpu_cycles, LdpuParameters())):
        with pytest.raises(ValueError, match=r"^columns must be between 1 and .*, not 0$"):
            function(0, parameters)


def test_published_figures_name_their_evidence_and_limit():
    assert {figure.evidence for figure in PUBLISHED_FIGURES} == {"published", "reported"}
    assert [figure.value for figure in PUBLISHED_FIGURES] == [139.0, 7.8, 505.0, 0.12, 0.4]
    assert all(figure.limit for figure in PUBLISHED_FIGURES)
