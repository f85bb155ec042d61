"""Disturbed traffic: the NMPU passes it in every kind of configuration; faults that full rate does not show do not."""

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest

from gen.catalog import find
from gen.rtl import Rtl, elaborate
from hdl.nmpu import Nmpu, NmpuUnit
from sim_models.nmpu import NmpuParameters
from verif.checks import batch_check
from verif.checks_form import require_equal
from verif.nmpu import golden, random_groups, run_array, run_unit
from verif.nmpu_schedule import draw_schedule
from verif.nmpu_traffic import array_under_traffic, random_traffic, unit_under_traffic

SEED = 7549

CONFIGURATIONS = (
    {},
    {"variant": "branch_round"},
    {"final_rounding": "half_even"},
    {"signed_input": True, "shift_max": 2},
    {"shift_min": 1, "shift_max": 5, "input_bits": 1, "output_bits": 2},
    {"columns_per_unit": 1, "pipeline_stages": 1},
    {"columns_per_unit": 8, "pipeline_stages": 3},
)
SUMS: tuple[dict[str, Any], ...] = (
    {"partial_sum": "accumulate"},
    {"partial_sum": "accumulate", "columns_per_unit": 1, "pipeline_stages": 3},
    {"partial_sum": "accumulate", "variant": "branch_round", "pipeline_stages": 1},
)


@cache
def unit(parameters: NmpuParameters) -> Rtl:
    return elaborate(NmpuUnit(parameters=parameters), "nmpu_unit")


@pytest.mark.parametrize("fields", CONFIGURATIONS + SUMS, ids=str)
def test_unit(fields: dict[str, Any]) -> None:
    parameters = NmpuParameters(**fields)
    tiles = 3 if parameters.accumulates else 1
    traffic = random_traffic(parameters, 3_000, SEED, tiles=tiles)
    assert require_equal(*unit_under_traffic(unit(parameters), parameters, traffic), SEED) > 10_000


@pytest.mark.parametrize("fields", [{"units": 5}, {"units": 2, "columns_per_unit": 1}, {"pipeline_stages": 3}], ids=str)
def test_array(fields: dict[str, Any]) -> None:
    parameters = NmpuParameters(**fields)
    traffic = random_traffic(parameters, 300, SEED, array=True)
    rtl = elaborate(Nmpu(parameters=parameters), "nmpu")
    assert require_equal(*array_under_traffic(rtl, parameters, traffic), SEED) > 5_000


def test_traffic_has_everything() -> None:
    parameters = NmpuParameters(units=2)
    traffic = random_traffic(parameters, 2_000, SEED, array=True)
    ready, start, reset = traffic.ready(), traffic.inputs["start"], traffic.inputs["rst"]
    assert (start & ready & ~reset).sum() > 1_900
    assert (start & ~ready).sum() > 20
    assert reset.sum() > 50
    assert (~traffic.advance()).sum() > 500
    assert traffic.overrun().any()
    assert not traffic.overrun().all()
    assert set(np.unique(traffic.groups.shift)) == {0, 1, 2, 3}
    alive = traffic.schedule.results()[1]
    assert 0.8 < alive.mean() < 1


def test_words_are_those_written_last_before_the_issue() -> None:
    """Against a walk through the cycles, one by one."""
    parameters = NmpuParameters()
    traffic = random_traffic(parameters, 40, SEED)
    issued = {(int(cycle), group) for group, cycle in enumerate(traffic.schedule.end[traffic.schedule.starts])}
    word: dict[int, int] = {}
    offsets = np.zeros((40, 4), np.int64)
    writes = [traffic.inputs[name].tolist() for name in ("cfg_write", "cfg_column", "cfg_data")]
    for cycle, (write, column, data) in enumerate(zip(*writes, strict=True)):
        for first, group in issued:
            if first <= cycle < first + 4:
                offsets[group, cycle - first] = word[cycle - first] >> 16
        if write:
            word[column] = data
    np.testing.assert_array_equal(traffic.groups.offset & 255, offsets)


def test_words_are_not_written_before_their_column_is_issued() -> None:
    traffic = random_traffic(NmpuParameters(), 500, SEED)
    issues = traffic.schedule.issues()
    for column in range(4):
        written = np.flatnonzero(traffic.inputs["cfg_write"] & (traffic.inputs["cfg_column"] == column))
        group = np.searchsorted(issues[:, 0], written, "right") - 1
        assert (written > issues[group, column])[group >= 0].all()


def test_schedule_without_disturbance_is_the_formula() -> None:
    parameters = NmpuParameters(pipeline_stages=3)
    schedule = dataclasses.replace(
        draw_schedule(parameters, 5, 1, 7, np.random.default_rng(1), stalls=False),
        starts=7 + 4 * np.arange(5),
        resets=np.zeros(0, np.int64),
    )
    at, alive = schedule.results()
    np.testing.assert_array_equal(at.ravel(), 7 + 3 + np.arange(20))
    assert alive.all()


# What is wrong, in the module it is in; at full rate none of it shows.
UNSEEN = (
    ("if (rst) overrun <= 1'h0;", "if (1'h0) overrun <= 1'h0;"),
    ("else if (_06_) overrun <= 1'h1;", ""),
    ("if (rst) out_valid <= 1'h0;", "if (1'h0) out_valid <= 1'h0;"),
    ("assign ready = _00_ & advance;", "assign ready = advance & ~overrun & _00_;"),
    ("assign _02_ = & { _07_, write };", "assign _02_ = _07_;"),
)


@pytest.mark.parametrize(("right", "wrong"), UNSEEN)
def test_what_full_rate_does_not_show(right: str, wrong: str) -> None:
    parameters = NmpuParameters()
    rtl = unit(parameters)
    assert rtl.verilog.count(right) == 1
    faulty = dataclasses.replace(rtl, verilog=rtl.verilog.replace(right, wrong))
    groups = random_groups(parameters, 500, 4, SEED)
    full_rate = run_unit(faulty, parameters, groups)
    require_equal(vars(full_rate), vars(golden(groups, parameters)), SEED)
    with pytest.raises(AssertionError, match=r"results differ, first .* \(seed 7549\)$"):
        batch_check(find("nmpu_unit"))(faulty, parameters, 4_000, SEED)


def test_a_stall_that_loses_a_beat() -> None:
    parameters = NmpuParameters(units=2)
    rtl = elaborate(Nmpu(parameters=parameters), "nmpu")
    right = "if (advance) out_data <= combine_data;"
    assert rtl.verilog.count(right) == 1
    faulty = dataclasses.replace(rtl, verilog=rtl.verilog.replace(right, "out_data <= combine_data;"))
    drawn = random_groups(parameters, 100, parameters.columns, SEED)
    words = {name: getattr(drawn, name)[:1] for name in ("scale_positive", "scale_negative", "offset")}
    groups = dataclasses.replace(drawn, **words)
    require_equal(vars(run_array(faulty, parameters, groups)[0]), vars(golden(groups, parameters)), SEED)
    with pytest.raises(AssertionError, match=r"^\d+ of \d+ results differ, first data"):
        batch_check(find("nmpu"))(faulty, parameters, 2_000, SEED)
