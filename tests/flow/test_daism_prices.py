"""Areas of the in-SRAM multiplier: logic by the best recipe, arrays by the model and never as flip-flops."""

import shutil
from dataclasses import replace
from typing import Any

import pytest

from flow.libraries import Library, find
from flow.power.design import measure
from flow.prices.assembly import assemble
from flow.prices.daism import (
    BANK_BLOCKS,
    FAST_RECIPES,
    AroundBanks,
    accumulator_um2,
    around_banks,
    bank_area,
    control_um2,
    lane_price,
    loader_lane_um2,
    or_plane_um2,
    timed_lanes,
)
from flow.prices.price import timed
from flow.synthesis import best_of, synthesize
from flow.synthesis.recipes import AREA, AREA_RECIPES, hierarchical
from gen.rtl import elaborate
from hdl.daism import Accumulator, BankLoader, DaismBank, DaismLane, ExactLane, WordlineDecoder
from hdl.daism.accelerator import Daism
from hdl.daism.bank_parameters import BankParameters
from hdl.daism.counters import BankCounters
from hdl.daism.partial_sums import PartialSums
from hdl.daism.slots import SlotPipeline
from sim_models.daism import DaismParameters
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.daism.energy import SramModel
from verif import workloads_daism

FORMAT: dict[str, Any] = {"significand_bits": 4, "exponent_bits": 5, "variant": "pc2", "accumulator": "bf16"}
SMALL = BankParameters(**FORMAT, interleave=2, rows=8, columns=8)


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


@pytest.mark.slow
def test_a_lane_is_priced_by_its_smallest_netlist(library: Library) -> None:
    for exact, component in ((False, DaismLane), (True, ExactLane)):
        name = "daism_exact_lane" if exact else "daism_lane"
        rtl = elaborate(component(parameters=SMALL), name)
        areas = {recipe.name: synthesize(rtl, recipe, library).area_um2 for recipe in AREA_RECIPES}
        found = lane_price(SMALL, library, exact=exact)
        assert found.area_um2 == min(areas.values()) == areas[found.recipe]
        assert found.arithmetic_um2 + found.sums_um2 == pytest.approx(found.area_um2)


@pytest.mark.slow
def test_partial_sums_are_the_same_memory_in_both_lanes(library: Library) -> None:
    ours, exact = (lane_price(SMALL, library, exact=each) for each in (False, True))
    assert ours.sums_um2 == exact.sums_um2
    memory = best_of(elaborate(PartialSums(parameters=SMALL), "partial_sums"), AREA_RECIPES, library).winner.area_um2
    assert ours.sums_um2 == pytest.approx(memory, rel=0.05)
    accumulator = best_of(elaborate(Accumulator(parameters=SMALL), "daism_accumulator"), AREA_RECIPES, library).winner
    assert accumulator_um2(SMALL, library) == accumulator.area_um2
    assert memory < accumulator.area_um2 < ours.area_um2 < exact.area_um2


@pytest.mark.slow
def test_every_lane_adds_the_same_to_the_loader(library: Library) -> None:
    def loader(lanes: int) -> float:
        p = replace(SMALL, rows=SMALL.rows_per_group, columns=lanes * SMALL.kept)
        return best_of(elaborate(BankLoader(parameters=p), "daism_loader"), AREA_RECIPES, library).winner.area_um2

    each = loader_lane_um2(SMALL, library)
    assert each == pytest.approx((loader(6) - loader(2)) / 4, rel=0.1)
    assert each < loader(1)


@pytest.mark.slow
def test_pre_computed_rows_cost_an_adder_in_the_loader(library: Library) -> None:
    plain = loader_lane_um2(replace(SMALL, variant="fla"), library)
    assert loader_lane_um2(SMALL, library) > plain + 8 * library.nand2_um2


@pytest.mark.slow
def test_control_is_what_a_bank_has_once(library: Library) -> None:
    found = control_um2(SMALL, library)
    p = replace(SMALL, rows=SMALL.rows_per_group, columns=SMALL.kept)
    blocks = (BankCounters(parameters=p), SlotPipeline(parameters=p), WordlineDecoder(parameters=p))
    parts = [best_of(elaborate(block, "block"), AREA_RECIPES, library).winner.area_um2 for block in blocks]
    sequencer = best_of(elaborate(BankLoader(parameters=p), "daism_loader"), AREA_RECIPES, library).winner.area_um2
    sequencer -= loader_lane_um2(SMALL, library)
    registers = found - sum(parts) - sequencer
    # A driver register of 9 bits, its zero flag, sign and exponent, and the handshake.
    flip_flop = 4.522
    assert (9 + 1 + 1 + 6) * flip_flop < registers < 350
    assert control_um2(replace(SMALL, rows=64, columns=64, banks=4), library) == found


def test_a_bank_has_the_modelled_array_and_not_the_stand_in() -> None:
    p = DaismParameters()
    bank = bank_area(p, lane_um2=3000.0, loader_lane=200.0, control=1800.0)
    assert bank.array == pytest.approx(512 * 512 * 0.5 / 0.6)
    assert bank.side == pytest.approx(56 * 64 * 9 * 0.5 / 0.6)
    assert (bank.lanes, bank.loader, bank.control) == (64 * 3000.0, 64 * 200.0, 1800.0)
    assert bank.total == pytest.approx(bank.array + bank.side + 64 * 3200 + 1800)
    larger = bank_area(p, 3000.0, 200.0, 1800.0, SramModel(cell_um2=1.0))
    assert (larger.array, larger.lanes) == (2 * bank.array, bank.lanes)


@pytest.mark.slow
def test_what_lies_around_banks_predicts_a_larger_accelerator(library: Library) -> None:
    """Of three banks of three lanes, which is none of the accelerators that it is made of."""
    p = AcceleratorParameters(**FORMAT, interleave=2, rows=4, columns=12, banks=3, activation_words=16, sum_words=16)
    areas = []
    for block, name in ((Daism(parameters=p), "daism"), (DaismBank(parameters=p), "daism_bank")):
        kinds = synthesize(elaborate(block, name), hierarchical((AREA,))[0], library).kinds
        areas.append(kinds.flip_flop_um2 + kinds.combinational_um2)
    found = around_banks(SMALL, library)
    assert found.total(p) == pytest.approx(areas[0] - 3 * areas[1], rel=0.02)
    one = AroundBanks(bank_um2=1.0, lane_um2=10.0, bank_lane_um2=0.5, shared_um2=100.0)
    assert one.total(DaismParameters()) == 16 * (1 + 64 * 0.5) + 64 * 10 + 100


@pytest.mark.slow
def test_a_bank_can_be_priced_block_by_block(library: Library) -> None:
    whole = assemble(elaborate(DaismBank(parameters=SMALL), "daism_bank"), BANK_BLOCKS, library)
    counts = {part.name: part.count for part in whole.parts}
    assert counts["lane"] == SMALL.lanes
    assert {"array", "side", "loader", "counters", "slots", "decoder"} < set(counts)
    lane = next(part for part in whole.parts if part.name == "lane")
    assert lane.area_um2 == pytest.approx(SMALL.lanes * lane_price(SMALL, library).area_um2, rel=0.02)


@pytest.mark.slow
def test_an_or_plane_grows_with_what_is_computed_exactly(library: Library) -> None:
    areas = [or_plane_um2(replace(SMALL, variant=variant), library) for variant in ("fla", "pc2", "pc3")]
    assert 0 < areas[0] < areas[1] < areas[2]


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")
@pytest.mark.slow
def test_stages_of_the_accumulate_loop_shorten_its_path(library: Library) -> None:
    one, three = (timed_lanes(SMALL, library, [latency]) for latency in (1, 3))
    assert [lane.accumulate_latency for lane in (*one, *three)] == [1] * len(FAST_RECIPES) + [3] * len(FAST_RECIPES)
    assert min(lane.longest_ps for lane in three) < 0.75 * min(lane.longest_ps for lane in one)
    rtl = elaborate(DaismLane(parameters=replace(SMALL, accumulate_latency=3)), "daism_lane")
    for lane, recipe in zip(three, FAST_RECIPES, strict=True):
        mapped = synthesize(rtl, recipe, library)
        assert (lane.area_um2, lane.recipe) == (mapped.area_um2, recipe.name)
        assert lane.longest_ps > mapped.delay_ps


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")
def test_mapped_lanes_still_give_the_golden_models_sums_and_the_exact_one_takes_more(library: Library) -> None:
    found = []
    for component, workload in ((DaismLane, workloads_daism.lane), (ExactLane, workloads_daism.exact_lane)):
        rtl = elaborate(component(parameters=SMALL), "lane")
        mapped, timing = timed(rtl, AREA, library)
        assert timing is not None
        found.append(measure(rtl, mapped.netlist, mapped.recipe, timing.longest_ps, workload(SMALL), library).total_pj)
    assert 0 < found[0] < found[1]
