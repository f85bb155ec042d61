"""Workloads of the in-SRAM multiplier's blocks: what the hardware answers is right, and a wrong answer is noticed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gen.rtl import elaborate
from hdl.daism import Accumulator, Daism, DaismBank, DaismLane, ExactLane, FloatLane
from hdl.daism.bank_parameters import BankParameters
from sim_models.daism import multiply, to_values
from sim_models.daism.accelerator import AcceleratorParameters
from verif import workloads_daism as workloads
from verif import workloads_daism_layers as layers
from verif.batch import simulate
from verif.workloads_form import Workload

BLOCKS: dict[str, tuple[type, Callable[[BankParameters], Workload]]] = {
    "lane": (DaismLane, workloads.lane),
    "exact_lane": (ExactLane, workloads.exact_lane),
    "accumulator": (Accumulator, workloads.accumulator),
    "float_lane": (FloatLane, workloads.float_lane),
}
CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {},
    {"kept_columns": "full", "accumulator": "bf16", "product_rounding": "rne", "accumulate_latency": 3},
    {"variant": "hla", "hla_mode": "b", "interleave": 3, "accumulate_latency": 3},
)
INTEGER = {"operand_kind": "integer", "accumulator": "int", "kept_columns": "full"}
INTEGERS = BankParameters(**INTEGER)


def simulated(name: str, parameters: BankParameters) -> tuple[Workload, dict[str, Any]]:
    component, workload = BLOCKS[name]
    task = workload(parameters)
    return task, dict(simulate(elaborate(component(parameters=parameters), f"daism_{name}"), task.inputs))


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(
    "fields", [CONFIGURATIONS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in CONFIGURATIONS[1:])], ids=str
)
def test_every_result_is_the_golden_models(name: str, fields: dict[str, Any]) -> None:
    task, got = simulated(name, BankParameters(**fields))
    task.check(got)
    assert task.window.stop <= len(next(iter(got.values())))
    accesses = 2 if name == "lane" and fields.get("variant") == "hla" else 1
    assert task.cycles == accesses * task.operations > 200


@pytest.mark.parametrize("name", ["lane", "exact_lane", "accumulator"])
def test_integers(name: str) -> None:
    task, got = simulated(name, INTEGERS)
    task.check(got)


def test_sums_of_the_exact_lane_are_dot_products() -> None:
    """By double precision: truncating products to 8 bits, and sums to 24, loses little."""
    p = BankParameters()
    task, got = simulated("exact_lane", p)
    stored = task.inputs["stored"] << 7 | task.inputs["multiplicand"] & 127
    exponent = task.inputs["exponent"] + 127
    driver = (task.inputs["sign"] << 8 | exponent) << 7 | task.inputs["multiplier"] & 127
    count = 8 * 32 * p.interleave
    terms = (to_values(stored, p) * to_values(driver, p))[:count].reshape(8, 32, p.interleave)
    exact = terms.sum(axis=1).ravel()
    # The product is registered, a sum is there in the cycle after that.
    shown = 2 + np.flatnonzero(np.arange(count) // p.interleave % 32 == 31)
    found = got["shown_sum"][shown].astype(np.uint32).view(np.float32)
    assert np.abs(found - exact).max() < 2**-7 * np.abs(terms).sum(axis=1).max()
    assert np.corrcoef(found, exact)[0, 1] > 0.9999


def test_a_wrong_sum_is_noticed() -> None:
    task, got = simulated("lane", BankParameters())
    cycle = int(np.flatnonzero(got["shown_sum"] != got["shown_sum"][0])[-1])
    got["shown_sum"] = got["shown_sum"].copy()
    got["shown_sum"][cycle:] ^= 1
    with pytest.raises(AssertionError, match="sums"):
        task.check(got)


def test_a_wrong_variant_is_noticed() -> None:
    exact, ours = workloads.exact_lane(BankParameters()), workloads.lane(BankParameters())
    got = simulate(elaborate(ExactLane(parameters=BankParameters()), "daism_exact_lane"), exact.inputs)
    with pytest.raises(AssertionError, match="sums"):
        ours.check(got)


def test_products_of_the_float_lane_are_checked() -> None:
    p = BankParameters()
    task, got = simulated("float_lane", p)
    got["product"] = multiply(task.inputs["stored"] << 7, task.inputs["stored"] << 7, p)
    with pytest.raises(AssertionError, match="product"):
        task.check(got)


def test_operands_are_of_a_normal_distribution_and_stay_for_all_positions() -> None:
    p = BankParameters()
    task = workloads.lane(p)
    stored = task.inputs["stored"][: 8 * 32 * 8].reshape(-1, 8)
    assert (stored == stored[:, :1]).all()
    exponents = task.inputs["exponent"]
    assert exponents.max() in (1, 2)
    assert -1.6 < exponents.mean() < -0.6  # of log2 of a standard normal number, rounded down: about -1.1


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(ValueError, match="accumulate_latency must be at most 2 for a workload, not 3"):
        workloads.accumulator(BankParameters(interleave=2, accumulate_latency=3))
    with pytest.raises(ValueError, match="operand_kind must be 'float' for the workload of a float lane"):
        workloads.float_lane(INTEGERS)


LAYERS: tuple[dict[str, Any], ...] = (
    {},
    {"variant": "hla", "hla_mode": "b", "interleave": 3},
    {**INTEGER, "zero_skip": False, "variant": "fla"},
)


@pytest.mark.parametrize("fields", LAYERS, ids=str)
def test_a_bank_takes_an_operand_whenever_it_can_and_skips_zeros(fields: dict[str, Any]) -> None:
    p = BankParameters(rows=28, columns=32, **fields)
    task = layers.bank(p)
    got = dict(simulate(elaborate(DaismBank(parameters=p), "daism_bank"), task.inputs))
    task.check(got)
    taken = (task.inputs["drive__valid"] & got["drive__ready"])[task.window]
    assert taken.sum() * p.lanes == task.operations
    assert task.cycles == p.accesses * taken.sum() > 900
    share = got["skipped_count"][-1] / (got["skipped_count"][-1] + got["access_count"][-1])
    assert share == (pytest.approx(0.5, abs=0.05) if p.zero_skip else 0)
    got["sums"] = got["sums"].copy()
    got["sums"][task.window] ^= 1
    with pytest.raises(AssertionError, match="sums"):
        task.check(got)


@pytest.mark.parametrize(
    "fields",
    [LAYERS[1], pytest.param({**LAYERS[2], "bank_slicing": "channel"}, marks=pytest.mark.slow)],
    ids=str,
)
def test_layers_of_the_accelerator_follow_each_other_and_load_nothing(fields: dict[str, Any]) -> None:
    p = AcceleratorParameters(rows=28, columns=32, **fields)
    task = layers.accelerator(p)
    got = dict(simulate(elaborate(Daism(parameters=p), "daism"), task.inputs))
    task.check(got)
    assert task.window.stop == len(got["done"])
    assert got["busy"][task.window].sum() >= task.cycles - 4  # two begin and end in it
    rows = got["row_write_count"]
    assert rows[task.window.start] == p.groups * p.banks * p.rows_per_group
    assert rows[-1] == 0  # since the last layer began
    positions = task.operations // (2 * p.lanes * p.groups * p.banks)
    assert positions >= 8
    results = got["result_out__valid"][task.window].sum()
    assert results == 2 * positions * (p.banks if p.bank_slicing == "channel" else 1)
    for name, noticed in (("result_out__payload", "sums"), ("wordline_count", "wordline_count")):
        wrong = {**got, name: got[name].copy()}
        wrong[name][-1] ^= 1
        with pytest.raises(AssertionError, match=noticed):
            task.check(wrong)


def test_a_bank_that_would_wait_for_sums_is_refused() -> None:
    with pytest.raises(ValueError, match="accumulate_latency must be at most 2 for a workload, not 3"):
        layers.bank(BankParameters(interleave=2, accumulate_latency=3))
