"""NMPU parameters: what is refused, and widths that are large enough and no larger."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_models.nmpu import NmpuParameters, accumulate, intermediate


def widths(parameters):
    names = ("product", "cut", "difference", "aligned_offset", "sum", "rounded")
    return tuple(getattr(parameters, f"{name}_bits") for name in names)


def test_widths_of_the_default_unit():
    assert widths(NmpuParameters()) == (18, 13, 14, 12, 15, 13)
    assert (NmpuParameters().cut_bound, NmpuParameters().rounding_bound >> 2) == (8152, 2102)


def test_widths_with_signed_input_have_one_branch():
    assert widths(NmpuParameters(signed_input=True)) == (18, 13, 13, 12, 14, 12)


def test_widths_of_branch_round():
    assert widths(NmpuParameters(variant="branch_round")) == (18, 13, 13, 8, 14, 13)


def test_widths_with_an_accumulator():
    parameters = NmpuParameters(partial_sum="accumulate")
    largest = accumulate([1023] * 9, 0, 255, 0, 127, 0, 0, parameters)
    assert (largest.total, largest.rounded) == (32767, 8192)
    assert parameters.rounded_bits == 15  # 8192 needs 15 bits, for the final rounding leaves the accumulator's range


def test_structure_of_the_default_array():
    parameters = NmpuParameters()
    assert (parameters.columns, parameters.latency, parameters.configuration_bits) == (256, 6, 24)
    assert (parameters.shift_bits, parameters.column_bits) == (2, 2)
    assert NmpuParameters(columns_per_unit=1, shift_max=0).column_bits == 1
    assert NmpuParameters(columns_per_unit=1, shift_max=0).shift_bits == 1
    assert NmpuParameters(signed_input=True).configuration_bits == 16
    assert NmpuParameters(offset_integer_bits=8).configuration_bits == 25


def test_formats():
    parameters = NmpuParameters()
    formats = parameters.count_format, parameters.scale_format, parameters.offset_format, parameters.output_format
    assert [(f.minimum, f.maximum) for f in formats] == [(0, 1023), (0, 255), (-128, 127), (-128, 127)]
    assert NmpuParameters(offset_integer_bits=8).offset_format.minimum == -256
    assert NmpuParameters(signed_input=True).count_format.minimum == -512


def signed_width(low, high):
    """Smallest two's complement width that holds both."""
    return next(bits for bits in range(1, 99) if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1))


@st.composite
def small_parameters(draw):
    offset_fraction = draw(st.integers(0, 3))
    scale_fraction = draw(st.integers(max(1, offset_fraction + 1), 8))
    shift_min = draw(st.integers(0, 3))
    return NmpuParameters(
        input_bits=draw(st.integers(1, 10)),
        scale_integer_bits=draw(st.integers(0, 3)),
        scale_fraction_bits=scale_fraction,
        offset_integer_bits=draw(st.integers(1, 8)),
        offset_fraction_bits=offset_fraction,
        pre_cut_bits=draw(st.integers(0, scale_fraction + shift_min - offset_fraction - 1)),
        shift_min=shift_min,
        shift_max=draw(st.integers(shift_min, 6)),
        variant=draw(st.sampled_from(["single_round", "branch_round"])),
        signed_input=draw(st.booleans()),
    )


def extremes(parameters):
    """Intermediate values of all combinations of extreme operands."""
    p = parameters
    counts, scale, offset = p.count_format, p.scale_format.maximum, p.offset_format
    negatives = (0,) if p.signed_input else (0, counts.maximum)
    for dp, dn, off in product((counts.minimum, counts.maximum), negatives, (offset.minimum, offset.maximum)):
        for shift in {p.shift_min, p.shift_max}:
            values = intermediate(dp, dn, scale, 0 if p.signed_input else scale, off, shift, 0, p)
            yield values, p.fraction_bits(shift)


@given(small_parameters())
@settings(max_examples=150, deadline=None)
def test_widths_hold_every_extreme_and_waste_little(parameters):
    """Sums are bounded by symmetric limits: a bit may be wasted, and one more where a lone signed branch rounds up."""
    p, waste = parameters, 2 if parameters.signed_input else 1
    cuts, totals, rounded = [], [], []
    for values, fraction in extremes(p):
        cuts += [int(values.cut_positive), int(values.cut_negative)]
        totals += [int(values.total), int(values.total) + ((1 << fraction) >> 1)]
        rounded.append(int(values.rounded))
    exact_cut = signed_width(min(cuts), max(cuts)) if p.signed_input else max(1, max(cuts).bit_length())
    assert p.cut_bits == exact_cut
    assert 0 <= p.sum_bits - signed_width(min(totals), max(totals)) <= waste
    assert 0 <= p.rounded_bits - signed_width(min(rounded), max(rounded)) <= waste


REFUSED = [
    ({"input_bits": 0}, "input_bits must be between 1 and 16, not 0"),
    ({"input_bits": 17}, "input_bits must be between 1 and 16, not 17"),
    ({"input_bits": 10.0}, "input_bits must be an integer, not 10.0"),
    ({"input_bits": True}, "input_bits must be an integer, not True"),
    ({"scale_integer_bits": -1}, "scale_integer_bits must be between 0 and 9, not -1"),
    ({"scale_integer_bits": 10}, "scale_integer_bits must be between 0 and 9, not 10"),
    ({"scale_fraction_bits": 0}, "scale_fraction_bits must be between 1 and 16, not 0"),
    ({"offset_integer_bits": 0}, "offset_integer_bits must be between 1 and 16, not 0"),
    ({"offset_fraction_bits": -1}, "offset_fraction_bits must be between 0 and 9, not -1"),
    ({"offset_fraction_bits": 10}, "offset_fraction_bits must be between 0 and 9, not 10"),
    ({"output_bits": 1}, "output_bits must be between 2 and 16, not 1"),
    ({"output_bits": 17}, "output_bits must be between 2 and 16, not 17"),
    ({"pre_cut_bits": -1}, "pre_cut_bits must be between 0 and 6, not -1"),
    ({"pre_cut_bits": 7}, "pre_cut_bits must be between 0 and 6, not 7"),
    ({"pre_cut_bits": 6, "offset_fraction_bits": 2}, "pre_cut_bits must be between 0 and 5, not 6"),
    ({"pre_cut_bits": 6, "variant": "branch_round"}, "pre_cut_bits must be between 0 and 5, not 6"),
    (
        {"scale_fraction_bits": 2, "offset_fraction_bits": 4},
        "scale_fraction_bits [+] shift_min must be at least 4, not 2",
    ),
    ({"shift_min": -1}, "shift_min must be between 0 and 3, not -1"),
    ({"shift_min": 4}, "shift_min must be between 0 and 3, not 4"),
    ({"shift_max": 25}, "shift_max must be between 0 and 24, not 25"),
    ({"columns_per_unit": 0}, "columns_per_unit must be a power of two between 1 and 64, not 0"),
    ({"columns_per_unit": 3}, "columns_per_unit must be a power of two between 1 and 64, not 3"),
    ({"columns_per_unit": 128}, "columns_per_unit must be a power of two between 1 and 64, not 128"),
    ({"columns_per_unit": 4.0}, "columns_per_unit must be a power of two between 1 and 64, not 4.0"),
    ({"units": 0}, "units must be between 1 and 1024, not 0"),
    ({"variant": "both"}, "variant must be one of 'single_round', 'branch_round', not 'both'"),
    ({"final_rounding": "up"}, "final_rounding must be one of 'half_up', 'half_even', not 'up'"),
    (
        {"final_rounding": "half_even", "variant": "branch_round"},
        "final_rounding with variant 'branch_round' must be one of 'half_up', not 'half_even'",
    ),
    ({"signed_input": 1}, "signed_input must be one of False, True, not 1"),
    ({"pipeline_stages": 0}, "pipeline_stages must be one of 1, 2, 3, not 0"),
    ({"pipeline_stages": 4}, "pipeline_stages must be one of 1, 2, 3, not 4"),
    ({"partial_sum": "sum"}, "partial_sum must be one of 'none', 'accumulate', not 'sum'"),
    ({"accumulator_bits": 0}, "accumulator_bits must be between 1 and 60, not 0"),
    ({"accumulator_bits": 14, "partial_sum": "accumulate"}, "accumulator_bits must be between 15 and 60, not 14"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_refuses(fields, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        NmpuParameters(**fields)


def test_accepts_the_limits():
    NmpuParameters(pre_cut_bits=7, shift_min=1)
    NmpuParameters(scale_integer_bits=0, offset_fraction_bits=0)
    NmpuParameters(accumulator_bits=15, partial_sum="accumulate")
    NmpuParameters(accumulator_bits=14)
    wide = {"input_bits": 16, "scale_integer_bits": 0, "scale_fraction_bits": 16, "offset_integer_bits": 16}
    widest = NmpuParameters(**wide, offset_fraction_bits=0, shift_max=24, output_bits=16, pre_cut_bits=0)
    assert widest.sum_bits <= 60
