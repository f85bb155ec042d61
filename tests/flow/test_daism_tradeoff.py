"""The trade-off study: cycles, counters, areas and energies by hand, the front by brute force, claims and plots."""

from dataclasses import replace
from itertools import product as pairs
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from flow.daism import tradeoff, tradeoff_energy, tradeoff_multipliers
from flow.daism.tradeoff import SIZES, Point, driven_counters, layer_point, point_parameters, study, with_side_memory
from flow.daism.tradeoff_claims import (
    cycle_claims,
    energy_claims,
    read_and_multiplier_pj,
    scenario_models,
)
from flow.daism.tradeoff_costs import VARIANTS, BlockCosts, Speeds, smallest_within
from flow.daism.tradeoff_efficiency import baseline_mm2, own_efficiencies, published_efficiencies
from flow.daism.tradeoff_energy import LaneEnergies
from flow.daism.tradeoff_multipliers import EVOAPPROX, or_products
from flow.daism.tradeoff_plots import cycles_plot, energy_plot, lane_plot
from flow.power import Energy
from flow.prices.daism import AroundBanks, LanePrice, TimedLane
from hdl.daism.bank_parameters import BankParameters
from sim_models.daism import DaismParameters, layer_counters, to_words
from sim_models.daism.energy import LogicEnergies, SramModel
from sim_models.daism.eyeriss import EyerissParameters, baseline_energy
from sim_models.daism.layers import CIFAR_VGG8_CONV1, VGG16_CONV1_1
from sim_models.daism.parameters import KEPT_COLUMNS

LANES = [(kept, accesses) for kept in KEPT_COLUMNS for accesses in (1, 2)]
COSTS = BlockCosts(
    lanes={key: LanePrice(area_um2=3000.0, sums_um2=2000.0, recipe="dense") for key in LANES},
    exact_lane=LanePrice(area_um2=3300.0, sums_um2=2000.0, recipe="dense"),
    accumulator_um2=2900.0,
    loader_um2=dict.fromkeys(pairs(VARIANTS, KEPT_COLUMNS), 100.0),
    control_um2=1800.0,
    around=AroundBanks(bank_um2=3000.0, lane_um2=900.0, bank_lane_um2=50.0, shared_um2=4000.0),
    logic=dict.fromkeys(LANES, LogicEnergies()),
)
SPEEDS = Speeds(
    lanes=(
        TimedLane(accumulate_latency=1, area_um2=3500.0, longest_ps=1700.0, recipe="speed"),
        TimedLane(accumulate_latency=3, area_um2=4000.0, longest_ps=1000.0, recipe="speed"),
        TimedLane(accumulate_latency=4, area_um2=4100.0, longest_ps=900.0, recipe="speed"),
    ),
    exact=(TimedLane(accumulate_latency=3, area_um2=4400.0, longest_ps=950.0, recipe="speed"),),
)


def energy(design: str, total_pj: float, period_ps: float = 4000.0) -> Energy:
    return Energy(
        design=design, library="freepdk45", recipe="dense", action="one multiply-accumulate", operations=1, cycles=1,
        period_ps=period_ps, internal_pj=total_pj, switching_pj=0.0, leakage_pj=0.0, leakage_uw=0.0, label="", tool="",
    )  # fmt: skip


MEASURED = LaneEnergies(
    lanes={key: energy("daism_lane", 4.5) for key in LANES},
    exact_lane=energy("daism_exact_lane", 5.0, 5000.0),
    accumulator=energy("daism_accumulator", 4.2),
)


@pytest.fixture(scope="module")
def points() -> list[Point]:
    return study(COSTS)


def of(points: list[Point], variant: str, kept: str, size: str) -> Point:
    (found,) = [it for it in points if (it.variant, it.kept_columns, it.size) == (variant, kept, size)]
    return found


@pytest.mark.parametrize(
    ("layer", "kept", "compute", "load"),
    [
        (VGG16_CONV1_1, "full", (1354752, 351232, 200704, 351232), (243, 63, 36, 63)),
        (VGG16_CONV1_1, "truncated", (1354752, 351232, 100352, 200704), (243, 63, 18, 36)),
        (CIFAR_VGG8_CONV1, "full", (27648, 14336, 7168, 14336), (243, 126, 63, 126)),
        (CIFAR_VGG8_CONV1, "truncated", (27648, 7168, 4096, 7168), (243, 63, 36, 63)),
    ],
)
def test_cycles_of_the_tables(
    points: list[Point], layer: Any, kept: str, compute: tuple[int, ...], load: tuple[int, ...]
) -> None:
    found = [of(points, "pc3", kept, size).layers[layer.name] for size in list(SIZES)[:4]]
    assert tuple(it.compute for it in found) == compute
    assert tuple(it.load for it in found) == load


def test_every_combination_is_one_point(points: list[Point]) -> None:
    names = {(it.variant, it.kept_columns, it.size) for it in points}
    assert len(points) == len(names) == len(VARIANTS) * 3 * len(SIZES)
    assert {it.parameters.accesses for it in points if it.variant in ("hla b", "hla c")} == {2}


def test_areas_are_those_of_all_banks(points: list[Point]) -> None:
    point = of(points, "pc3", "truncated", "16 x 32 kB")
    bank = (512 * 512 + 56 * 64 * 9) * 0.5 / 0.6 + 64 * 3100 + 1800
    assert point.area_mm2 == pytest.approx((16 * (bank + 3000 + 64 * 50) + 64 * 900 + 4000) * 1e-6)
    assert point.gops == 2 * 16 * 64
    assert of(points, "pc3", "full", "1 x 8 kB").gops == 2 * 16


def test_the_front_is_what_no_point_beats(points: list[Point]) -> None:
    values = [point.objectives for point in points]
    for point, own in zip(points, values, strict=True):
        beaten = any(all(np.less_equal(other, own)) and any(np.less(other, own)) for other in values)
        assert point.on_front is not beaten
    assert 0 < sum(point.on_front for point in points) < len(points)


def test_counters_grow_from_a_sample() -> None:
    """Popcounts of the drivers: `pc3` opens one pre-computed row and a row for each of the five low bits."""
    p = point_parameters("pc3", "truncated", "16 x 32 kB")
    found = driven_counters(CIFAR_VGG8_CONV1, p)
    words = to_words(np.random.default_rng(2305).standard_normal((128, 27)), p)
    blocks, times = 2, 1024 // 128
    opened = (1 + np.bitwise_count(words & 31)).sum()
    assert (found.accesses, found.skipped) == (1024 * 27 * blocks, 0)
    assert found.wordlines == opened * blocks * times
    assert found.row_writes == 27 * blocks * 9
    assert found.row_writes == layer_counters(words, 128, p).row_writes


def test_rectified_drivers_save_half_of_the_accesses() -> None:
    p = point_parameters("pc3", "truncated", "16 x 32 kB")
    dense, sparse = (driven_counters(CIFAR_VGG8_CONV1, p, zeros=zeros) for zeros in (False, True))
    assert sparse.accesses + sparse.skipped == dense.accesses
    assert sparse.skipped / dense.accesses == pytest.approx(0.5, abs=0.02)


def test_energy_of_a_layer_by_hand() -> None:
    p, sram, logic = point_parameters("pc3", "truncated", "16 x 8 kB"), SramModel(), LogicEnergies()
    found = layer_point(VGG16_CONV1_1, p, sram, with_side_memory(logic, p, sram))
    counters = driven_counters(VGG16_CONV1_1, p)
    accesses = 224 * 224 * 27 * 2
    assert counters.accesses == accesses
    wordline = 256 * 0.4e-3
    read = accesses * (256 * (256 * 0.2 + 5) * 1e-3 + 0.5) + counters.wordlines * wordline
    side = (32 * 9 * (28 * 0.2 + 5) * 1e-3 + 32 * 9 * 0.4e-3 + 0.5) / 32
    lanes = accesses * 32 * (0.03 + 0.03 + side + 0.9 + 0.1)
    load = 27 * 2 * 9 * (256 * 256 * 0.2e-3 + wordline + 0.5)
    on_chip = read + accesses * 2.5 + lanes + load
    assert found.mac_pj == pytest.approx(on_chip / VGG16_CONV1_1.macs, rel=1e-12)
    assert found.energy.dram == 200.0 * (3 * 224**2 + 64 * 27 + 64 * 224**2)


def test_cycle_claims_against_every_baseline() -> None:
    claims = cycle_claims()
    found = {(it.layer, it.size, it.kept_columns, it.baseline): it for it in claims}
    assert len(found) == len(claims) == 3 * 4 * 2 * 3
    claim = found["VGG-16 conv1_1", "4 x 128 kB", "full", "168 PEs"]
    # 224 output rows are 16 strips of 14, four kernels of three rows below each other: every PE is at work.
    assert (claim.lanes, claim.pes, claim.baseline_cycles) == (256, 168, 86704128 // 168)
    assert claim.saving == pytest.approx(100 * (1 - 351295 / 516096))
    assert found["VGG-16 conv1_1", "16 x 8 kB", "truncated", "equal PEs"].pes == 504
    assert found["VGG-16 conv1_1", "16 x 8 kB", "truncated", "equal SRAM"].pes == 108


def test_no_claim_of_cycles_holds_with_equal_pes() -> None:
    assert all(claim.saving < 43 for claim in cycle_claims() if claim.baseline == "equal PEs")


def test_energy_claims_state_every_scenario_with_its_range() -> None:
    claims = energy_claims(MEASURED)
    assert len(claims) == 3 * 3 * 4 * 2 * 2
    assert [it.scenario for it in energy_claims(None)] == [it.scenario for it in claims if it.scenario != "gate level"]
    for claim in claims:
        assert claim.lowest[0] < claim.saving < claim.highest[0] <= 100
        assert claim.total_saving == pytest.approx(100 * (1 - claim.total / claim.baseline_total))
    stated, equal = (next(it for it in claims if it.scenario == name) for name in ("stated", "equal sums"))
    p = point_parameters("pc3", "full", "1 x 512 kB")
    utilisation = layer_point(VGG16_CONV1_1, p, SramModel(), LogicEnergies()).utilisation
    assert equal.on_chip - stated.on_chip == pytest.approx(1.9 / utilisation)


def test_a_range_is_of_halved_and_doubled_terms() -> None:
    claim = next(it for it in energy_claims(None) if (it.size, it.kept_columns) == ("1 x 512 kB", "full"))
    assert claim.lowest[1] == "bitline_ff_per_row x2"
    p, model = point_parameters("pc3", "full", "1 x 512 kB"), SramModel(bitline_ff_per_row=0.4)
    own = layer_point(VGG16_CONV1_1, p, model, with_side_memory(LogicEnergies(), p, model)).mac_pj
    assert claim.lowest[0] == pytest.approx(100 * (1 - own / claim.baseline_on_chip))


def test_gate_level_energies_replace_the_stated_ones_on_both_sides() -> None:
    models = scenario_models("gate level", "truncated", MEASURED)
    assert models is not None
    assert models.logic.lane_pj - models.logic.side_memory == pytest.approx(4.5)
    assert models.logic.accumulate == 4.2
    stated = baseline_energy(VGG16_CONV1_1, EyerissParameters())
    found = baseline_energy(VGG16_CONV1_1, models.baseline)
    assert found.mac / VGG16_CONV1_1.macs == pytest.approx(5.0)
    assert found.registers == stated.registers / 2
    assert scenario_models("gate level", "truncated", None) is None


def test_every_lane_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measured(design: str, parameters: BankParameters, library: object) -> Energy:
        asked.append((design, parameters.kept_columns, parameters.accesses))
        return energy(design, 4.0 * parameters.accesses + 0.5 * ("exact" in design) - 0.25 * ("accumulator" in design))

    monkeypatch.setattr(tradeoff_energy, "find_design", lambda name: name)
    monkeypatch.setattr(tradeoff_energy, "design_energy", measured)
    found = tradeoff_energy.lane_energies(None)  # type: ignore[arg-type]  # the library is not looked at
    assert set(asked[:-2]) == {("daism_lane", *key) for key in LANES}
    assert [name for name, *_ in asked[-2:]] == ["daism_exact_lane", "daism_accumulator"]
    assert (found.lanes["full", 2].total_pj, found.exact_lane.total_pj, found.accumulator.total_pj) == (8.0, 4.5, 3.75)
    logic = found.logic()["full", 2]
    assert (logic.accumulate, logic.normalise, logic.exponent, logic.partial_sum) == (3.75, 4.25, 0.0, 0.0)


def test_a_read_beside_the_multiplier_that_it_replaces() -> None:
    read, saved = read_and_multiplier_pj("16 x 8 kB", "truncated", MEASURED, SramModel())
    assert saved == pytest.approx(0.5)
    one_row = (256 * (256 * 0.2 + 5) * 1e-3 + 0.5) / 32
    assert one_row + 1 * 256 * 0.4e-3 / 32 < read < one_row + 6 * 256 * 0.4e-3 / 32


def test_published_designs_are_as_their_records_have_them() -> None:
    rows = published_efficiencies()
    z_pim = rows[0]
    assert z_pim.gops == pytest.approx(5.294 * 0.31)
    assert z_pim.gops_per_mm2 == pytest.approx(5.294 * 0.31 / 7.568)
    assert z_pim.gops_per_mm2_scaled == pytest.approx(5.294 * 0.31 / 7.568 * (65 / 45) ** 2)
    eyeriss = rows[-1]
    assert eyeriss.gops == pytest.approx(2 * 665.784864e6 * 35e-9)
    assert all(row.evidence.split(":")[0] in ("published", "derived") for row in rows)
    assert all(row.operating_point for row in rows)
    assert not any(row.gops_per_mm2 for row in rows if row.design in ("T-PIM", "Eyeriss"))


def test_own_efficiencies_at_the_clock_that_lanes_reach() -> None:
    rows = own_efficiencies(COSTS, SPEEDS, MEASURED)
    assert len(rows) == 3 * 2 * 2
    assert {row.evidence for row in rows} == {"ours"}
    slow, _, fast, baseline = rows[:4]
    # The slower of the two smallest lanes takes 5 ns; both arrays are 84 % busy with the layer, or wholly.
    assert slow.gops == pytest.approx(2 * 86704128 / 100370 * 0.2)
    assert fast.gops == pytest.approx(2 * 86704128 / 100370)
    assert "200 MHz" in slow.operating_point
    bank = (512 * 512 + 56 * 64 * 9) * 0.5 / 0.6 + 64 * (4000 + 100) + 1800
    buffer = round(108 * 1024 * 85 / 14) * 8 * 0.5 / 0.6
    assert fast.gops
    assert fast.gops_per_mm2 == pytest.approx(
        fast.gops / ((16 * (bank + 3000 + 64 * 50) + 64 * 900 + 4000 + buffer) * 1e-6)
    )
    assert baseline.gops == pytest.approx(2 * 86704128 / 96768)
    pes = 1020 * (4400 - 2000 + 520 * 8 * 0.5 / 0.6)
    assert baseline.gops
    assert baseline.gops_per_mm2 == pytest.approx(baseline.gops / ((pes + buffer) * 1e-6))


def test_without_timing_the_clock_is_assumed_and_said_so() -> None:
    rows = own_efficiencies(COSTS, None, None)
    assert len(rows) == 3 * 2
    assert all("as if they reached the clock, 1000 MHz" in row.operating_point for row in rows)


def test_the_smallest_lane_of_those_that_are_fast_enough() -> None:
    assert smallest_within(SPEEDS.lanes, 1000.0) == SPEEDS.lanes[1]
    assert smallest_within(SPEEDS.lanes, 800.0) is None


def test_a_baseline_without_its_buffer() -> None:
    array = EyerissParameters()
    with_buffer, without = (baseline_mm2(array, 1000.0, SramModel(), buffer=each) for each in (True, False))
    assert without == pytest.approx(168 * (1000 + 520 * 8 * 0.5 / 0.6) * 1e-6)
    assert with_buffer - without == pytest.approx(108 * 1024 * 8 * 0.5 / 0.6 * 1e-6)


def test_or_products_of_integers_against_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tradeoff_multipliers, "or_plane_um2", lambda parameters, library: 100.0)
    found = {it.name: it for it in or_products(None)}  # type: ignore[arg-type]  # the library is not looked at
    assert set(found) == set(VARIANTS)
    errors = [abs((_fla(a, b) - a * b) / (a * b)) for a in range(1, 256) for b in range(1, 256)]
    assert found["fla"].mre_percent == pytest.approx(100 * sum(errors) / len(errors))
    assert found["fla"].maximum_percent == pytest.approx(100 * max(errors))


def _fla(a: int, b: int) -> int:
    word = 0
    for place in range(8):
        if b >> place & 1:
            word |= a << place
    return word


def test_published_multipliers_lie_on_a_front() -> None:
    assert [it.mre_percent for it in EVOAPPROX] == sorted(it.mre_percent for it in EVOAPPROX)
    assert [it.power_mw for it in EVOAPPROX] == sorted((it.power_mw for it in EVOAPPROX), reverse=True)
    assert EVOAPPROX[0].mre_percent == 0


def test_plots_are_the_same_every_time_and_name_what_they_show(points: list[Point]) -> None:
    of_variant = [point for point in points if point.variant == "pc3"]
    at_size = [point for point in points if point.size == "16 x 32 kB"]
    parts = {"pc3 full": {"arithmetic": 1.0, "loader": 2.0}, "exact": {"arithmetic": 3.0}}
    drawn = [
        (lambda: cycles_plot(of_variant, {"168 PEs": (1.0, 500000)}), ["64 x 2 kB", "168 PEs", "no buffers"]),
        (lambda: energy_plot(at_size), ["hla b", "pc4", "truncated columns"]),
        (lambda: lane_plot(parts), ["pc3 full", "exact", "loader"]),
    ]
    for draw, words in drawn:
        text = draw()
        assert text == draw()
        ElementTree.fromstring(text)
        assert all(f"<!-- {word} -->" in text or word in text for word in words)


def test_points_of_unknown_names_are_refused() -> None:
    with pytest.raises(KeyError):
        point_parameters("pc5", "full", "16 x 8 kB")
    assert replace(point_parameters("fla", "full", "16 x 8 kB"), banks=1).rows == DaismParameters().rows // 2
    assert tradeoff.LAYERS[-1].weight_words > max(
        it.banks * it.lanes * it.groups for it in (point_parameters("pc3", "truncated", size) for size in SIZES)
    )
