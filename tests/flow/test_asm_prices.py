"""Prices of alphabet-set lanes: equal speed, energies on real work, systems; by hand where that can be done."""

import shutil
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from flow.asm import storage
from flow.asm.inference import infer
from flow.asm.prices_energy import block_energies, in_memory_operands, in_memory_parameters, precomputer_energy
from flow.asm.prices_periphery import WordPeriphery, word_work
from flow.asm.prices_published import MAC_TRANSISTORS, NEURONS, TRANSISTORS, transistor_saving
from flow.asm.prices_system import (
    ADDED_TWICE,
    BASELINE,
    GROUPS,
    IN_MEMORY,
    LENGTH,
    NEAR_MEMORY,
    OUTPUTS,
    POSITIONS,
    LaneEnergy,
    System,
    savings,
    system_energies,
    system_parameters,
    systems,
)
from flow.asm.prices_work import activation_shift, lane_work, layer_operands, operands
from flow.digits.data import load as load_digits
from flow.libraries import Library, find
from flow.prices import asm
from flow.prices.asm import (
    CODED,
    CODED_WEIGHTS,
    EXACT,
    MAC,
    MULTIPLIER,
    NEURON,
    PLAIN_VARIANTS,
    RELAXED,
    SETS,
    TIGHT,
    WIDTHS,
    BlockPrices,
    Netlist,
    Variant,
    block_prices,
    circuits,
    equal_speeds,
    pareto,
    smallest_within,
    variants,
)
from gen.rtl import elaborate
from sim_models.asm import AsmParameters, is_supported
from sim_models.asm.bit_energies import BitEnergies, bit_energies
from sim_models.asm.energy import ArrayEnergy, MacEnergy
from verif.batch import simulate

ONE, TWO, FOUR, ALL = PLAIN_VARIANTS
TIMED = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


def netlist(area: float, longest: float) -> Netlist:
    return Netlist(circuit="c", area_um2=area, longest_ps=longest, rtl=None, synthesis=None)  # type: ignore[arg-type]


def test_smallest_within_a_delay_and_the_front() -> None:
    tried = [netlist(100, 900), netlist(90, 1000), netlist(95, 1000), netlist(120, 700), netlist(120, 800)]
    assert smallest_within(tried, 1000) is tried[1]
    assert smallest_within(tried, 999.9) is tried[0]
    assert smallest_within(tried, 800) is tried[3]
    assert smallest_within(tried, 699) is None
    assert pareto(tried) == [tried[3], tried[0], tried[1]]


def test_equal_speeds_are_those_of_exact_netlists_alone() -> None:
    exact = [netlist(100, 900), netlist(90, 1500), netlist(200, 500)]
    assert equal_speeds(exact) == {TIGHT: 1.1 * 500, RELAXED: 1500}
    assert equal_speeds([netlist(90, 500), netlist(100, 400)]) == {TIGHT: 1.1 * 400, RELAXED: 500}
    assert equal_speeds([netlist(90, 500)]) == {TIGHT: 1.1 * 500, RELAXED: 1.1 * 500}
    prices = BlockPrices(
        block=MAC,
        bits=8,
        netlists={EXACT: tuple(exact), ONE: (netlist(30, 1500), netlist(80, 550)), ALL: (netlist(10, 1600),)},
        speeds=equal_speeds(exact),
    )
    assert prices.saving(ONE, TIGHT) == pytest.approx(float(1 - Fraction(80, 200)))
    assert prices.saving(ONE, RELAXED) == pytest.approx(float(1 - Fraction(30, 90)))
    assert prices.saving(EXACT, TIGHT) == 0
    assert prices.saving(ALL, RELAXED) is None


def test_variants() -> None:
    assert [each.name for each in PLAIN_VARIANTS] == ["{1}", "{1,3}", "{1,3,5,7}", "all eight"]
    assert Variant(alphabets=(1, 3), codes=CODED).name == "{1,3} both coded"
    assert [each.name for each in variants(MAC, 8)][5:] == ["{1} coded weights", "{1,3} coded weights"]
    assert len(variants(MAC, 4)) == 9
    assert variants(NEURON, 8) == (EXACT, *PLAIN_VARIANTS)
    p = Variant(alphabets=(1, 3), codes=CODED_WEIGHTS).parameters(12)
    assert (p.weight_bits, p.input_bits, p.lanes, p.unsupported) == (12, 12, 4, "dont_care")
    assert (p.encode_weights, p.encode_inputs) == (True, False)
    with pytest.raises(ValueError, match="codes must be 'plain' of exact lanes, not 'both coded'"):
        Variant(alphabets=None, codes=CODED)
    with pytest.raises(ValueError, match="codes"):
        Variant(alphabets=(1,), codes="all")
    with pytest.raises(ValueError, match="block"):
        variants("adder", 8)
    with pytest.raises(ValueError, match="block"):
        circuits("adder", ONE, 8)


@pytest.mark.slow
def test_exact_circuits_come_in_every_structure() -> None:
    assert len(circuits(MAC, EXACT, 4)) == len(asm.EXACT_STRUCTURES) == 4
    for block in (MULTIPLIER, NEURON):
        assert len({rtl.verilog for rtl in circuits(block, EXACT, 4).values()}) == 4
    assert [rtl.name for rtl in circuits(NEURON, ONE, 4).values()] == ["asm_neuron"]


@pytest.fixture(scope="module")
def small(library: Library) -> Iterator[BlockPrices]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asm, "EXACT_STRUCTURES", ("operator",))
        yield block_prices(MULTIPLIER, 4, library, chosen=[ONE])


@TIMED
def test_block_prices_are_the_smallest_of_all_that_is_fast_enough(small: BlockPrices) -> None:
    assert set(small.netlists) == {EXACT, ONE}
    for variant, tried in small.netlists.items():
        for speed, limit in small.speeds.items():
            found = small.at(variant, speed)
            assert found is not None
            assert found.area_um2 == min(each.area_um2 for each in tried if each.longest_ps <= limit)
    assert small.speeds[TIGHT] >= 1.1 * min(
        each.longest_ps for each in small.netlists[EXACT] if "_to_" not in each.recipe
    )
    assert small.saving(ONE, TIGHT) == pytest.approx(
        1 - small.at(ONE, TIGHT).area_um2 / small.at(EXACT, TIGHT).area_um2  # type: ignore[union-attr]
    )


@TIMED
def test_all_circuits_have_the_same_recipes(small: BlockPrices) -> None:
    """But for Booth's, which need a product, and for adder cells, which need full adders; delay targets too."""
    recipes = {
        variant: {each.recipe for each in tried if "booth" not in each.recipe}
        for variant, tried in small.netlists.items()
    }
    assert recipes[EXACT] == recipes[ONE]
    assert sum("_to_" in recipe for recipe in recipes[ONE]) == 3
    assert any("booth" in each.recipe for each in small.netlists[EXACT])


@TIMED
@pytest.mark.slow
def test_energies_are_of_the_netlists_at_equal_speed(small: BlockPrices, library: Library) -> None:
    found = block_energies(small, RELAXED, library)
    exact, ours = found.energies[EXACT], found.energies[ONE]
    assert exact is not None
    assert ours is not None
    assert exact.period_ps == ours.period_ps == small.speeds[RELAXED]
    assert exact.operations == ours.operations == 4 * (6 * 144 - 1)
    assert found.saving(ONE) == pytest.approx(1 - ours.total_pj / exact.total_pj)
    assert 0 < ours.total_pj < exact.total_pj < 1


def test_operands_are_those_of_the_committed_networks() -> None:
    for bits in (4, 8):
        for variant in variants(MAC, bits):
            p = variant.parameters(bits)
            network = storage.load(storage.network_name("cnn", p))
            work, layer = operands(p), network.layers[1]
            assert (work.weights == layer.weights[:, :4]).all()
            assert is_supported(np.abs(work.weights), p).all()
            assert work.inputs.max() <= p.maximum_input
            # of output row 2 and column 1, by a stride of 2, without the border: rows and columns 3 to 5 and 1 to 3
            images = infer(network, load_digits().test_images[:6])[0].outputs
            assert (work.inputs.reshape(6, 16, 3, 3) == images[:, :, 3:6, 1:4]).all()


@pytest.mark.parametrize(
    ("block", "codes"), [(MULTIPLIER, "plain"), (MAC, "plain"), (NEURON, "plain"), (MAC, CODED), (NEURON, CODED)]
)
def test_work_is_what_the_hardware_does(block: str, codes: str) -> None:
    """Simulated before synthesis; a wrong operand is found."""
    variant = Variant(alphabets=(1, 3), codes=codes)
    work = operands(variant.parameters(4))
    (rtl,) = circuits(block, variant, 4).values()
    task = lane_work(block, work)
    inputs = dict(task.inputs)
    task.check(simulate(rtl, inputs))
    cycle = np.arange(len(inputs["x"]))  # a stretch, as a neuron rounds
    inputs["x"] = np.where((cycle > 160) & (cycle < 280), inputs["x"] ^ 4, inputs["x"])
    with pytest.raises(AssertionError):
        task.check(simulate(rtl, inputs))


def test_operations_of_the_work() -> None:
    work = operands(TWO.parameters(4))
    positions, length = work.inputs.shape
    assert (positions, length) == (6, 144)
    mac, neuron = lane_work(MAC, work), lane_work(NEURON, work)
    assert (mac.operations, mac.cycles) == (4 * 863, 863)
    assert (neuron.operations, neuron.cycles) == (4 * 5 * 144, 5 * 148)
    assert 0 < work.sums.max() >> activation_shift(work) <= 15
    with pytest.raises(ValueError, match="block"):
        lane_work("adder", work)


@pytest.mark.parametrize("alphabets", [(1,), (1, 3)])
def test_a_word_in_memory_sums_what_its_operations_say(alphabets: tuple[int, ...]) -> None:
    p = in_memory_parameters(alphabets, 4)
    work = in_memory_operands(p)
    assert work.inputs.shape[1] == min(144, p.inputs_per_pass)
    rtl = elaborate(WordPeriphery(parameters=p), "asm_word_periphery")
    task = word_work(work)
    got = simulate(rtl, task.inputs)
    task.check(got)
    # the last sum of each output is its dot product
    adds = np.flatnonzero(np.asarray(task.inputs["read"]) == 0)
    codes = np.count_nonzero(work.weights, axis=0)
    assert len(adds) == codes.sum()
    last = got["sum"][adds[np.cumsum(codes) - 1]].astype(np.int64)
    width = p.accumulator_width
    assert (last - (last >> width - 1 << width) == (work.inputs[0] @ work.weights)).all()


def test_the_precomputer_of_one_alphabet_takes_nothing(library: Library) -> None:
    assert precomputer_energy(ONE, 4, library) == 0
    assert precomputer_energy(EXACT, 4, library) == 0


def unit_lanes(bits: int) -> dict[Variant, LaneEnergy]:
    return {variant: LaneEnergy(mac=2.0, precompute=0.5) for variant in variants(MAC, bits)}


PERIPHERY = {(1,): 0.25, (1, 3): 0.125}


def by_name(bits: int, **factors: float) -> dict[str, Any]:
    return {each.system.name: each for each in system_energies(bits, unit_lanes(bits), PERIPHERY, **factors)}


def test_baseline_and_near_memory_by_hand() -> None:
    found, bits = by_name(8), bit_energies(AsmParameters())
    read, write, bus, lane = (Fraction(value) for value in (bits.read, bits.write, bits.bus, bits.broadcast))
    width = 8 + 8 + 8 + 1
    outputs = Fraction(width, LENGTH) * (write + bus)
    expected = {
        "von Neumann exact": (9 * read, 9 * bus, Fraction(8, 4) * (read + bus), outputs, 2),
        "near memory exact": (9 * read, 0, Fraction(8, 4) * (read + bus) + 8 * lane, outputs, 2 + Fraction(1, 8)),
        "near memory {1,3} coded weights": (
            7 * read,
            0,
            Fraction(8, 4) * (read + bus) + (8 + 10) * lane,
            outputs,
            2 + Fraction(1, 8),
        ),
    }
    for name, terms in expected.items():
        got = found[name].terms()
        assert [got[group] for group in ("weight read", "weight bus", "inputs", "outputs", "logic")] == [
            pytest.approx(float(term)) for term in terms
        ]
        assert got["array rows"] == 0
        assert found[name].mac_pj == pytest.approx(float(sum(terms)))


def test_in_memory_by_hand() -> None:
    """{1} at 4 bits: each weight that is not zero takes a READ and an ADD, of 15 words of 17 bits in rows of 256."""
    system = next(each for each in systems(4) if each.placement == IN_MEMORY)
    p = system_parameters(system, 4)
    weights = layer_operands(p).weights
    assert (weights.shape, p.lanes_in_row) == ((LENGTH, OUTPUTS), 15)
    adds = int(np.count_nonzero(weights)) * -(-POSITIONS // 15)
    found = by_name(4)[system.name]
    assert found.energy.peripheral == pytest.approx(adds * 15 * 0.25)
    assert found.energy.add + found.energy.read == pytest.approx(
        adds * 256 * (2 * bit_energies(p).read + bit_energies(p).write)
    )


@pytest.mark.parametrize("bits", WIDTHS)
def test_groups_hold_every_term_and_savings_every_difference(bits: int) -> None:
    names = {term for terms in GROUPS.values() for term in terms}
    fields = set(MacEnergy.__dataclass_fields__) | set(ArrayEnergy.__dataclass_fields__)
    assert names == fields - {"macs"}
    points = system_energies(bits, unit_lanes(bits), PERIPHERY)
    assert [each.system for each in points] == systems(bits)
    assert points[0].system == BASELINE
    for each in points:
        assert sum(each.terms().values()) == pytest.approx(each.mac_pj)
    for each in points[1:]:
        assert sum(savings(points)[each.system.name].values()) == pytest.approx(1 - each.mac_pj / points[0].mac_pj)


def test_factors_scale_their_part_alone() -> None:
    plain, memory, bus = by_name(8), by_name(8, memory=2.0), by_name(8, bus=0.5)
    for name, each in plain.items():
        energy = each.energy
        assert memory[name].energy.total == pytest.approx(energy.total + energy.memory)
        assert bus[name].energy.total == pytest.approx(energy.total - energy.transport / 2)


def test_adding_three_times_x_twice_costs_more_rows() -> None:
    found = by_name(4)
    one = found[System(placement=IN_MEMORY, variant=Variant(alphabets=(1, 3), codes=CODED_WEIGHTS)).name]
    two = found[f"in memory {{1,3}} coded weights, {ADDED_TWICE}"]
    assert two.terms()["array rows"] > one.terms()["array rows"]
    assert len([each for each in found.values() if each.system.placement == NEAR_MEMORY]) == 7


def test_figures_of_others() -> None:
    stated = {
        4: {"{1,3,5,7}": 4, "{1,3}": 46, "{1}": 75},
        8: {"{1,3,5,7}": 17, "{1,3}": 43, "{1}": 67},
        12: {"{1,3,5,7}": 21, "{1,3}": 44, "{1}": 67},
    }
    for bits, row in stated.items():
        assert {name: round(100 * transistor_saving(bits, name)) for name in row} == row
        assert transistor_saving(bits, "all eight") < 0
        assert set(TRANSISTORS[bits]) == {"exact", *(each.name for each in PLAIN_VARIANTS)}
    assert [(round(100 * it.power_saving, 1), round(100 * it.area_saving, 1)) for it in NEURONS] == [
        (16.8, 27.3),
        (25.8, 30.3),
        (23.8, 33.2),
    ]
    assert set(MAC_TRANSISTORS) - {"exact"} <= {each.name for each in variants(MAC, 4)}
    assert SETS[-1] == tuple(range(1, 16, 2))
    assert isinstance(bit_energies(AsmParameters()), BitEnergies)
