"""Costs of the three crossbar designs: roll-ups, the reported chip, energies by both rules, sensitivity, refusals."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from sim_models.crossbar import chip as chips
from sim_models.crossbar import eight_bit
from sim_models.crossbar.chip import (
    Chip,
    chip,
    isaac_roll_up,
    neural_pim_parts,
    neural_pim_tile,
    peak_gops_per_mm2,
)
from sim_models.crossbar.chip_consistency import consistency_chain, implied_product_ns
from sim_models.crossbar.costs import UNIT_COSTS, Component, adc_cost, isaac_tile, unit_cost
from sim_models.crossbar.endurance import lifetime_seconds, write_rate
from sim_models.crossbar.energy import (
    CONSTANT_MOVEMENT,
    POWER_TIME,
    REGISTERS_PJ,
    RULES,
    Operating,
    ProductEnergy,
    cascade_calibrated_pj,
    cascade_energy,
    ceiling,
    energies,
    isaac_energy,
    isaac_over_neural_pim,
    neural_pim_energy,
)
from sim_models.crossbar.energy_sensitivity import (
    GRID,
    central,
    constant_movement_band,
    grid,
    raw_throughput,
    required_factor,
    tornado,
)
from sim_models.crossbar.evidence import EVIDENCE, OURS, PUBLISHED, REPORTED, UNVERIFIED, Figure
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM
from sim_models.crossbar.presets import CASCADE_PAPER

POWER_TIME_TABLE = {
    1: ("2.31",),
    2: ("4.39", "3.33", "2.68", "1.93"),
    4: ("7.99", "6.19", "5.05", "3.69"),
    8: ("13.6", "10.9", "9.07", "6.82"),
}
CONSTANT_TABLE = {
    1: ("2.31",),
    2: ("3.16", "2.57", "2.16", "1.65"),
    4: ("3.88", "3.40", "3.02", "2.48"),
    8: ("4.37", "4.05", "3.77", "3.31"),
}
FACTORS = (1, 2, 3, 5)


def test_isaac_adds_up_to_what_is_printed_of_units_tiles_and_the_chip() -> None:
    found = isaac_roll_up()
    assert found.unit_mw == pytest.approx(24.08)
    assert found.unit_mm2 == pytest.approx(0.01312)
    assert (round(12 * found.unit_mw), round(12 * found.unit_mm2, 3)) == (289, 0.157)
    assert (round(found.tile_mw), round(found.tile_mm2, 3)) == (330, 0.372)
    assert (round(found.chip_w, 1), round(found.chip_mm2, 1)) == (65.8, 85.4)
    assert 100 * found.adc_power_share == pytest.approx(58.2, abs=0.05)
    assert 100 * found.adc_area_share == pytest.approx(31.0, abs=0.1)


def test_figures_of_the_table_are_totals_of_groups_not_of_single_parts() -> None:
    """Read per instance, eight times the converters alone would be more than the printed tile."""
    parts = {part.name: part for part in isaac_tile()}
    assert 8 * parts["adc"].power_mw > 330
    assert sum(part.power_mw for part in isaac_tile()) == pytest.approx(329.81)
    shared = list(parts.values())[:7]
    assert round(sum(part.power_mw for part in shared), 1) == 40.9
    assert round(sum(part.area_mm2 for part in shared), 3) == 0.215


def test_shares_of_the_tile() -> None:
    parts = {part.name: part.power_mw for part in isaac_tile()}
    wanted = {"dac": 14.5, "arrays": 8.7, "edram_buffer": 6.3, "input_register": 4.5, "router": 3.2, "bus": 2.1}
    whole = sum(parts.values())
    for name, share in wanted.items():
        assert 100 * parts[name] / whole == pytest.approx(share, abs=0.06), name
    areas = {part.name: part.area_mm2 for part in isaac_tile()}
    assert 100 * (areas["edram_buffer"] + areas["bus"]) / sum(areas.values()) == pytest.approx(46.5, abs=0.06)


def test_eight_bit_data_halve_the_registers_and_say_so() -> None:
    whole, halved = isaac_tile(), isaac_tile(eight_bit=True)
    changed = {part.name for part, other in zip(whole, halved, strict=True) if part != other}
    assert changed == {"tile output_register", "input_register", "output_register"}
    assert {part.evidence for part in whole} == {REPORTED}
    assert {part.evidence for part in halved} == {REPORTED, OURS}
    lost = sum(part.area_mm2 for part in whole) - sum(part.area_mm2 for part in halved)
    assert lost == pytest.approx((0.0032 + 12 * (0.0021 + 0.00077)) / 2)


def test_unit_costs_follow_from_the_table_of_components() -> None:
    parts = {part.name: part for part in isaac_tile()}
    arrays, ns = 96, 100
    assert unit_cost("8-bit conversion").value == pytest.approx(parts["adc"].power_mw * ns / arrays / 128)
    assert unit_cost("1-bit DAC, row and cycle").value == pytest.approx(
        parts["dac"].power_mw * ns / arrays / 128, abs=5e-4
    )
    assert unit_cost("128 x 128 array, a cycle").value == pytest.approx(parts["arrays"].power_mw * ns / arrays)
    assert unit_cost("128 x 128 array").value == pytest.approx(parts["arrays"].area_mm2 * 1e6 / arrays)
    assert unit_cost("NNS+A, product of an array").value == pytest.approx(48.5, abs=0.05)
    assert {each.evidence for each in UNIT_COSTS} <= set(EVIDENCE)
    with pytest.raises(ValueError) as error:
        unit_cost("NNADC")
    assert str(error.value).startswith("name must be one of '8-bit conversion', ")


def test_energies_of_a_product_follow_from_the_table_of_components() -> None:
    """Power of an array's share of a tile, over the 800 ns of a product."""
    parts = {part.name: part.power_mw * 800 / 96 for part in isaac_tile()}
    energy = isaac_energy()
    assert energy.converters == pytest.approx(parts["adc"])
    assert energy.dac == pytest.approx(parts["dac"])
    assert energy.cells == pytest.approx(parts["arrays"])
    assert energy.shift_add == pytest.approx(parts["shift_add"])
    rest = sum(parts.values()) - sum(parts[name] for name in ("adc", "dac", "arrays", "shift_add"))
    assert energy.movement == pytest.approx(rest, rel=0.003)
    assert energy.total == pytest.approx(2747, abs=1)
    assert energy.converters / energy.total == pytest.approx(0.582, abs=5e-4)


def test_energy_and_area_of_a_converter_by_bits() -> None:
    energies_pj = [adc_cost(bits)[0].value for bits in range(4, 11)]
    areas_um2 = [adc_cost(bits)[1].value for bits in range(4, 11)]
    assert energies_pj == [0.79, 0.99, 1.20, 1.42, 1.67, 1.97, 2.38]
    assert areas_um2 == [361, 477, 627, 845, 1200, 1828, 3002]
    assert {each.evidence for bits in range(4, 11) for each in adc_cost(bits)} == {PUBLISHED}


@pytest.mark.parametrize("bits", [3, 11, 16, 1])
def test_a_converter_outside_the_table_is_refused_or_labelled_as_an_assumption(bits: int) -> None:
    with pytest.raises(ValueError) as error:
        adc_cost(bits)
    assert str(error.value) == f"bits must be between 4 and 10, not {bits}"
    assert [each.evidence for each in adc_cost(bits, extrapolate=True)] == [UNVERIFIED, UNVERIFIED]


def test_extrapolation_goes_on_as_the_table_ends() -> None:
    assert adc_cost(3, extrapolate=True)[0].value == pytest.approx(0.79 - 0.20)
    assert adc_cost(11, extrapolate=True)[0].value == pytest.approx(2.38 + 0.41 * 0.41 / 0.30)
    assert adc_cost(11, extrapolate=True)[1].value == pytest.approx(3002 + 1174 * 1174 / 628)
    for place in (0, 1):
        costs = [adc_cost(bits, extrapolate=True)[place].value for bits in range(1, 17)]
        assert all(0 <= low <= high for low, high in pairwise(costs))
    for bits in (0, 17):
        with pytest.raises(ValueError, match="bits must be between 1 and 16"):
            adc_cost(bits, extrapolate=True)


def test_the_reported_chip_is_consistent_and_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = consistency_chain()
    assert len(chain) == 9
    assert all(link.holds for link in chain)
    power, area = neural_pim_tile()
    assert (round(power, 1), round(area, 4)) == (204.6, 0.2269)
    assert [round(value) for value in implied_product_ns()] == [223, 303]
    monkeypatch.setattr(chips, "NEURAL_PIM_CHIP_MM2", 90.0)
    assert not all(link.holds for link in consistency_chain())


def test_only_64_arrays_a_tile_give_the_reported_density() -> None:
    fits = [count for count in range(1, 129) if round(100 * count * 25e-6 / neural_pim_tile()[1], 2) == 0.71]
    assert fits == [64]


def test_chips() -> None:
    isaac, cascade, neural_pim = chip(ISAAC), chip(CASCADE), chip(NEURAL_PIM)
    assert (isaac.arrays, cascade.arrays, neural_pim.arrays) == (16128, math.floor(16128 * 76 / 68), 17920)
    assert neural_pim.area_mm2 == pytest.approx(86.4)
    assert neural_pim.weights == 18_350_080
    doubled = isaac.with_tiles_mm2(2 * isaac.tiles_mm2)
    assert (doubled.arrays, doubled.evidence) == (2 * 16128, OURS)
    assert peak_gops_per_mm2(NEURAL_PIM, implied_product_ns()[0])[0] == pytest.approx(1904)
    assert peak_gops_per_mm2(NEURAL_PIM, implied_product_ns()[1])[1] == pytest.approx(1904)


def test_neural_pims_reconstruction_and_its_remainder_are_the_reported_tile() -> None:
    for factor in (1.0, 2.7):
        parts = neural_pim_parts(factor)
        power, area = neural_pim_tile()
        assert sum(part.power_mw for part in parts) == pytest.approx(power)
        assert sum(part.area_mm2 for part in parts) == pytest.approx(area)
        assert {part.evidence for part in parts} == {OURS}
    by_name = {part.name: part for part in neural_pim_parts(2.7)}
    assert by_name["dac"].power_mw == pytest.approx(2.7 * 4 / 8 * 64)
    assert by_name["input_register"].power_mw == pytest.approx(1.24 / 8 * 64 / 2)
    # The reported area leaves no room for NNS+A and NNADC beside ISAAC's own parts.
    assert parts[-1].area_mm2 < 0


def printed(value: float, like: str) -> str:
    return f"{value:.{len(like.split('.')[1])}f}"


@pytest.mark.parametrize(("rule", "table"), [(POWER_TIME, POWER_TIME_TABLE), (CONSTANT_MOVEMENT, CONSTANT_TABLE)])
def test_both_tables_to_the_printed_digits(rule: str, table: dict[int, tuple[str, ...]]) -> None:
    for bits, row in table.items():
        for factor, wanted in zip(FACTORS, row, strict=False):
            found = isaac_over_neural_pim(Operating(rule=rule, dac_bits=bits, dac_factor=float(factor)))
            assert printed(found, wanted) == wanted, (rule, bits, factor)


def by_formula(o: Operating) -> float:
    """Energy of a product of strategy C, written out by itself."""
    assert o.dac_factor is not None
    t = 8 / o.dac_bits * o.cycle_time_ns / 800
    analog = 1600 / 33 * o.nns_factor + 8 * o.nnadc_pj
    if o.rule == POWER_TIME:
        return analog + t * (400 * o.dac_factor + 240 + 487)
    return analog + 487 + t * (400 * o.dac_factor + 240)


def test_the_grid_has_every_point_under_both_rules_with_a_label() -> None:
    rows = list(grid())
    assert len(rows) == 2 * (1 + 5 + 5) * 4 * 3 * 2 * 3
    assert len({row.operating for row in rows}) == len(rows)
    assert {row.operating.rule for row in rows} == set(RULES)
    assert {row.evidence for row in rows} == {OURS}
    for row in rows[::7]:
        o = row.operating
        assert row.neural_pim_pj == pytest.approx(by_formula(o))
        assert row.over_isaac == pytest.approx(2747 * 8 / o.baseline_outputs / by_formula(o))
        assert row.over_cascade_calibrated == pytest.approx(2747 / (5.36 / 1.73) / by_formula(o))
        speed = o.dac_bits * 100 / o.cycle_time_ns
        assert row.raw_throughput == pytest.approx(17920 / 16128 * speed * 8 / o.baseline_outputs)
    columns = rows[0].columns()
    assert set(columns) >= {"rule", "dac_bits", "dac_factor", "over_isaac", "evidence"}
    assert "operating" not in columns


def test_headline_figures_of_the_model() -> None:
    assert cascade_energy().total == pytest.approx(1600 / 77.5 + 120 * 2.38 + 400 + 240 + 487)
    assert isaac_energy().total / cascade_energy().total == pytest.approx(1.92, abs=5e-3)
    assert cascade_calibrated_pj() == pytest.approx(886, abs=1)
    assert ceiling() == pytest.approx(2.44, abs=5e-3)
    assert required_factor(5.36, 4) == pytest.approx(2.7, abs=0.02)
    assert required_factor(5.36, 8) > 5
    assert raw_throughput(central(POWER_TIME)) == pytest.approx(4.44, abs=5e-3)
    assert cascade_energy().total / neural_pim_energy(central(POWER_TIME)).total == pytest.approx(2.8, abs=0.05)
    low, high = constant_movement_band(4, (1.0, 3.0))
    assert (round(low, 1), round(high, 1)) == (3.0, 3.9)
    with pytest.raises(ValueError, match="ratio must be between"):
        required_factor(50.0, 4)


@pytest.mark.parametrize("rule", RULES)
def test_tornado_moves_one_assumption_at_a_time(rule: str) -> None:
    found = tornado(rule)
    assert {each.field for each in found} == {*GRID, "baseline_outputs", "dac_bits"}
    assert [each.width for each in found] == sorted((each.width for each in found), reverse=True)
    base = central(rule)
    for each in found:
        for value, ratio in ((each.low, each.at_low), (each.high, each.at_high)):
            if each.field == "dac_bits":
                o = Operating(rule=rule, dac_bits=int(value), dac_factor=1.0 if value == 1 else base.dac_factor)
            else:
                changes: dict[str, Any] = {each.field: value}
                o = replace(base, **changes)
            assert ratio == pytest.approx(2747 * 8 / o.baseline_outputs / by_formula(o)), each.field


def test_measured_digital_parts_replace_those_of_the_table() -> None:
    point = central(CONSTANT_MOVEMENT)
    own = energies(point, {ISAAC: 300.0, CASCADE: 100.0, NEURAL_PIM: 50.0})
    table = energies(point)
    assert own[ISAAC].total == pytest.approx(table[ISAAC].total - 20 - 147 + 300)
    assert own[CASCADE].total == pytest.approx(table[CASCADE].total - 147 + 100)
    assert own[NEURAL_PIM].total == pytest.approx(table[NEURAL_PIM].total - 147 + 50)
    only = energies(point, {ISAAC: 300.0})
    assert only[CASCADE] == table[CASCADE]
    # What is taken out are registers of a unit: input and output, over a product.
    of_a_unit = (1.24 + 0.23) / 8 * 800
    assert of_a_unit == pytest.approx(REGISTERS_PJ)


def test_life_of_buffer_cells() -> None:
    assert write_rate(CASCADE_PAPER) == pytest.approx(6.25e5)
    assert lifetime_seconds(CASCADE_PAPER, 1e9) / 60 == pytest.approx(26.7, abs=0.05)
    assert lifetime_seconds(CASCADE_PAPER, 1e12) / 86400 == pytest.approx(18.5, abs=0.05)
    assert lifetime_seconds(CASCADE_PAPER, 1e9, banks=2) == 2 * lifetime_seconds(CASCADE_PAPER, 1e9)
    with pytest.raises(ValueError) as error:
        write_rate(eight_bit(ISAAC))
    assert str(error.value) == "strategy must be 'cascade', not 'isaac'"


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: Figure(name="a", value=1.0, unit="pJ", evidence="", source=""), "evidence must be one of 'published', "),
    (lambda: Figure(name="a", value=math.nan, unit="pJ", evidence=OURS, source=""), "value must be between "),
    (
        lambda: Component(name="a", power_mw=1.0, area_mm2=1.0, evidence="paper", source=""),
        "evidence must be one of 'published', 'reported', 'ours', 'ours, unverified', not 'paper'",
    ),
    (
        lambda: ProductEnergy(converters=1.0, dac=1.0, cells=1.0, shift_add=1.0, movement=1.0),
        "evidence must be one of 'published', 'reported', 'ours', 'ours, unverified', not ''",
    ),
    (lambda: Chip(strategy=ISAAC, arrays=0, tiles_mm2=1.0, evidence=OURS), "arrays must be at least 1, not 0"),
    (lambda: chip("prime"), "strategy must be one of 'isaac', 'cascade', 'neural_pim', not 'prime'"),
    (
        lambda: Operating(rule="power", dac_bits=1),
        "rule must be one of 'power x time', 'constant movement', not 'power'",
    ),
    (lambda: Operating(rule=POWER_TIME, dac_bits=3, dac_factor=2.0), "dac_bits must be one of 1, 2, 4, 8, not 3"),
    (lambda: Operating(rule=POWER_TIME, dac_bits=4), "dac_factor must be given for 4 dac_bits, not None"),
    (lambda: Operating(rule=POWER_TIME, dac_bits=1, dac_factor=2.0), "dac_factor must be between 1 and 1, not 2.0"),
    (
        lambda: Operating(rule=POWER_TIME, dac_bits=4, dac_factor=math.nan),
        "dac_factor must be between 1 and 100, not nan",
    ),
    (lambda: Operating(rule=POWER_TIME, dac_bits=1, nnadc_pj=-1.0), "nnadc_pj must be between 0 and 1000, not -1.0"),
    (
        lambda: Operating(rule=POWER_TIME, dac_bits=1, baseline_outputs=0),
        "baseline_outputs must be between 1 and 512, not 0",
    ),
    (lambda: Operating(rule=POWER_TIME, dac_bits=True), "dac_bits must be one of 1, 2, 4, 8, not True"),
    (lambda: cascade_energy(adc_bits=11), "bits must be between 4 and 10, not 11"),
    (lambda: isaac_energy(digital_pj=-1.0), "digital must be between 0 and 1000000000000.0, not -1.0"),
    (lambda: lifetime_seconds(CASCADE_PAPER, 0.0), "writes must be between 1 and 1e+18, not 0.0"),
    (lambda: lifetime_seconds(CASCADE_PAPER, 1e9, banks=3), "banks must be between 1 and 2, not 3"),
    (lambda: neural_pim_parts(0.5), "dac_factor must be between 1 and 100, not 0.5"),
    (lambda: tornado("both"), "rule must be one of 'power x time', 'constant movement', not 'both'"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_bad_input_is_refused_by_name(case: int) -> None:
    call, message = REFUSED[case]
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)


def test_there_is_no_default_rule_of_accounting() -> None:
    with pytest.raises(TypeError):
        Operating(dac_bits=1)  # type: ignore[call-arg]  # what is refused
