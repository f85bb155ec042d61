"""The generated NMPU Verilog against the golden model: exhaustive counts, corners, millions of random vectors."""

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest

from gen.rtl import Rtl, elaborate
from hdl.nmpu import Nmpu, NmpuUnit
from sim_models.nmpu import NmpuParameters, process
from verif.nmpu import Groups, Results, golden, random_groups, run_array, run_unit

SEED = 7549
VARIANTS = ("single_round", "branch_round")


@cache
def unit(parameters: NmpuParameters) -> Rtl:
    return elaborate(NmpuUnit(parameters=parameters), "nmpu_unit")


def groups_of(parameters: NmpuParameters, **operands: Any) -> Groups:
    """Flat operands, one a column, as groups; settings must be the same within a group."""
    columns = parameters.columns_per_unit
    shaped = {name: np.asarray(values, np.int64).reshape(-1, columns) for name, values in operands.items()}
    for name in ("shift", "relu"):
        assert (shaped[name] == shaped[name][:, :1]).all()
        shaped[name] = shaped[name][:, 0]
    return Groups(**shaped)


def assert_same(results: Results, expected: Results) -> None:
    np.testing.assert_array_equal(results.data, expected.data)
    np.testing.assert_array_equal(results.clipped, expected.clipped)


SETTINGS = (
    # scale_positive, scale_negative, offset, shift, relu
    (138, 121, 13, 2, 1),
    (128, 128, 0, 2, 0),
    (255, 255, -128, 0, 0),
    (255, 254, 127, 3, 1),
    (1, 255, -1, 1, 0),
    (127, 129, 1, 3, 0),
    (97, 160, 5, 1, 1),
    (0, 31, 77, 0, 0),
)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_pair_of_counts(setting: tuple[int, ...], variant: str) -> None:
    parameters = NmpuParameters(variant=variant)
    positive, negative = (grid.ravel() for grid in np.meshgrid(np.arange(1024), np.arange(1024)))
    names = ("scale_positive", "scale_negative", "offset", "shift", "relu")
    constants = {name: np.full(positive.size, value) for name, value in zip(names, setting, strict=True)}
    results = run_unit(
        unit(parameters), parameters, groups_of(parameters, count_p=positive, count_n=negative, **constants)
    )
    expected = process(positive, negative, *setting, parameters)
    np.testing.assert_array_equal(results.data.ravel(), expected)


@pytest.mark.parametrize("variant", VARIANTS)
def test_corner_cross(variant: str) -> None:
    parameters = NmpuParameters(variant=variant)
    counts, scales = (0, 1, 511, 512, 1022, 1023), (0, 1, 127, 128, 129, 254, 255)
    offsets = (-128, -127, -1, 0, 1, 126, 127)
    axes = np.meshgrid(range(4), (0, 1), offsets, scales, scales, counts, counts, indexing="ij")
    shift, relu, offset, scale_n, scale_p, count_n, count_p = (axis.ravel() for axis in axes)
    groups = groups_of(
        parameters, count_p=count_p, count_n=count_n, scale_positive=scale_p, scale_negative=scale_n,
        offset=offset, shift=shift, relu=relu,
    )  # fmt: skip
    assert_same(run_unit(unit(parameters), parameters, groups), golden(groups, parameters))


CONFIGURATIONS = (
    {},
    {"variant": "branch_round"},
    {"final_rounding": "half_even"},
    {"final_rounding": "half_even", "offset_fraction_bits": 0, "pre_cut_bits": 6},
    {"signed_input": True},
    {"signed_input": True, "variant": "branch_round", "pipeline_stages": 3},
    {"offset_integer_bits": 8},
    {"offset_integer_bits": 8, "variant": "branch_round"},
    {"offset_fraction_bits": 0, "variant": "branch_round", "pre_cut_bits": 0},
    {"offset_fraction_bits": 3, "pre_cut_bits": 2},
    {"columns_per_unit": 1, "pipeline_stages": 1},
    {"columns_per_unit": 1, "pipeline_stages": 3},
    {"columns_per_unit": 8, "pipeline_stages": 3},
    {"shift_min": 1, "shift_max": 2, "pre_cut_bits": 7, "offset_fraction_bits": 1},
    {"input_bits": 16, "scale_integer_bits": 2, "scale_fraction_bits": 14, "pre_cut_bits": 9, "output_bits": 16},
    {"input_bits": 1, "output_bits": 2, "shift_max": 0},
    {"partial_sum": "accumulate"},
    {"partial_sum": "accumulate", "accumulator_bits": 15, "pipeline_stages": 1},
    {"partial_sum": "accumulate", "variant": "branch_round", "pipeline_stages": 3},
    {"partial_sum": "accumulate", "final_rounding": "half_even", "columns_per_unit": 1},
)


@pytest.mark.parametrize(
    "configuration", CONFIGURATIONS, ids=lambda configuration: "-".join(map(str, configuration.values()))
)
def test_random_vectors_in_every_kind_of_configuration(configuration: dict[str, Any]) -> None:
    parameters = NmpuParameters(**configuration)
    for tiles in (1, 4) if parameters.accumulates else (1,):
        groups = random_groups(parameters, 40_000, parameters.columns_per_unit, SEED, tiles=tiles)
        assert_same(run_unit(unit(parameters), parameters, groups), golden(groups, parameters))


@pytest.mark.parametrize("variant", VARIANTS)
def test_ten_million_random_vectors(variant: str) -> None:
    parameters = NmpuParameters(variant=variant)
    for seed in range(5):
        groups = random_groups(parameters, 500_000 // 4 * 2, 4, SEED + seed)
        assert_same(run_unit(unit(parameters), parameters, groups), golden(groups, parameters))


def test_whole_array_maps_columns_and_keeps_its_cycles() -> None:
    parameters = NmpuParameters()
    drawn = random_groups(parameters, 2_000, parameters.columns, SEED)
    first = {name: getattr(drawn, name)[:1] for name in ("scale_positive", "scale_negative", "offset")}
    groups = dataclasses.replace(drawn, **first)
    rtl = elaborate(Nmpu(parameters=parameters), "nmpu")
    results, cycles = run_array(rtl, parameters, groups)
    assert_same(results, golden(groups, parameters))
    assert cycles == parameters.columns_per_unit * groups.count + parameters.pipeline_stages


@pytest.mark.parametrize("field", ["count_p", "count_n"])
def test_counts_beyond_the_declared_width_are_refused(field: str) -> None:
    parameters = NmpuParameters()
    groups = random_groups(parameters, 4, 4, SEED)
    wide = getattr(groups, field).copy()
    wide[1, 2] = 1024
    with pytest.raises(ValueError, match=r"must be between -512 and 1023, not"):
        run_unit(unit(parameters), parameters, dataclasses.replace(groups, **{field: wide}))
