"""The report of the headline figures: what stands in it, and that every figure keeps its class."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from flow import reproduce_asm
from flow.asm.prices_accuracy import AccuracyPoint, committed_accuracy, losses
from flow.asm.prices_energy import BlockEnergies
from flow.asm.prices_system import BUS, FACTORS, MEMORY, NEAR_MEMORY, LaneEnergy, system_energies
from flow.asm.prices_system_report import statement
from flow.asm.rtl import RUNS, SimulatedLayer, SimulatedNetwork
from flow.commands.reproduce import FAMILIES
from flow.libraries import find
from flow.power import Energy
from flow.prices.asm import (
    BLOCKS,
    EXACT,
    MAC,
    NEURON,
    PLAIN_VARIANTS,
    RELAXED,
    SETS,
    TIGHT,
    WIDTHS,
    BlockPrices,
    Netlist,
    Variant,
    variants,
)
from flow.reproduce_asm import MEASURED, STEPS, Reproduction, data, lane_energies, plots, reproduce, text

PERIPHERY = {(1,): 1.0, (1, 3): 1.25}


class Mapped:
    """What of a synthesis the report reads."""

    recipe = "area"


def netlist(area: float, longest: float) -> Netlist:
    return Netlist(circuit="rows", area_um2=area, longest_ps=longest, rtl=None, synthesis=Mapped())  # type: ignore[arg-type]


def energy(total: float) -> Energy:
    return Energy(
        design="d",
        library="l",
        recipe="area",
        action="one product",
        operations=1,
        cycles=1,
        period_ps=700.0,
        internal_pj=total,
        switching_pj=0.0,
        leakage_pj=0.0,
        leakage_uw=0.0,
        label="the label",
        tool="t",
    )


def prices(block: str, bits: int) -> BlockPrices:
    """Areas 100 of exact lanes; 40, 80, 100, 120 of the sets, of which the last is too slow for the tight speed."""
    areas = dict(zip(PLAIN_VARIANTS, (40.0, 80.0, 100.0, 120.0), strict=True))
    netlists = {each: (netlist(areas.get(each, 60.0), 900.0), netlist(300.0, 700.0)) for each in variants(block, bits)}
    netlists[EXACT] = (netlist(100.0, 900.0), netlist(200.0, 600.0))
    netlists[PLAIN_VARIANTS[-1]] = (netlist(120.0, 900.0),)
    return BlockPrices(block=block, bits=bits, netlists=netlists, speeds={TIGHT: 700.0, RELAXED: 900.0})


def energies(block: str, bits: int, speed: str) -> BlockEnergies:
    found: dict[Variant, Energy | None] = {each: energy(1.0) for each in variants(block, bits)}
    found[PLAIN_VARIANTS[0]] = energy(0.75)
    found[EXACT] = energy(2.0)
    if speed == TIGHT:
        found[PLAIN_VARIANTS[-1]] = None
    return BlockEnergies(block=block, bits=bits, speed=speed, energies=found)


def systems(bits: int, **factors: float) -> list[Any]:
    lanes = {each: LaneEnergy(mac=2.0 if each == EXACT else 1.5, precompute=0.25) for each in variants(MAC, bits)}
    return system_energies(bits, lanes, PERIPHERY, **factors)


@pytest.fixture(scope="module")
def measured() -> Reproduction:
    point = AccuracyPoint(
        network="mlp",
        bits=8,
        alphabets=SETS[-1],
        coded=False,
        origin="retrained",
        seeds=3,
        images=200,
        accuracy=0.96,
    )
    return Reproduction(
        library="cells",
        prices={(block, bits): prices(block, bits) for block in BLOCKS for bits in WIDTHS},
        energies={key: energies(*key) for key in MEASURED},
        systems={bits: systems(bits) for bits in WIDTHS},
        sensitivities={
            bits: {(what, factor): systems(bits, **{what: factor}) for what in (MEMORY, BUS) for factor in FACTORS}
            for bits in WIDTHS
        },
        accuracy=(point, replace(point, alphabets=(1,), accuracy=0.9425)),
        simulations=tuple(simulation(*each) for each in RUNS),
    )


def simulation(unit: str, network: str) -> SimulatedNetwork:
    layer = SimulatedLayer(name="conv1", words=500, differences=0, cycles=7000, expected_cycles=7000, pieces=2)
    return SimulatedNetwork(
        unit=unit,
        network=network,
        lanes=32,
        images=899,
        layers=(layer,),
        correct=890,
        golden_correct=890,
        seconds=30.0,
    )


def lines_with(report: str, *parts: str) -> list[str]:
    return [line for line in report.splitlines() if all(part in line for part in parts)]


def test_neurons_stand_beside_both_papers(measured: Reproduction) -> None:
    report = text(measured)
    published = lines_with(report, "published:", "arXiv 1602.08557")
    assert [line.split()[4] for line in published] == ["-35", "-60", "-37", "-62"]
    reported = lines_with(report, "reported:", " bits  ", "ACM JETC 14(2), 2018")
    assert [line.split()[4] for line in reported] == ["-25", "-32", "-33", "-27", "-34", "-33"]
    # 40 against 100 um2 relaxed; 300 against 200 tight; 0.75 against 2 pJ
    assert len(lines_with(report, "ours:", "area", "-60.0 %", "relaxed")) == 3
    assert len(lines_with(report, "ours:", "area", "+50.0 %", "tight")) == 3
    assert len(lines_with(report, "ours:", "energy", "-62.5 %", "tight")) == 3


def test_lanes_that_are_too_slow_are_not_compared(measured: Reproduction) -> None:
    report = text(measured)
    assert len(lines_with(report, "all eight", "too slow", "shortest longest path 900 ps")) == len(BLOCKS) * len(WIDTHS)
    areas = report[report.index("  mac, 12 bits, relaxed") : report.index("energy of a lane's")]
    assert lines_with(areas, "{1,3,5,7}")[0].split()[1:4] == ["100", "+0.0", "%"]
    found = data(measured)
    slow = [row for row in found["energies"] if row["energy"] is None]
    assert len(slow) == sum(speed == TIGHT for _, _, speed in MEASURED)
    assert all(row["variant"] == "all eight" and row["saving"] is None for row in slow)


def test_the_report_says_what_logic_can_give(measured: Reproduction) -> None:
    report = text(measured)
    for line in statement(measured.systems):
        assert line in report
    said = " ".join(line.strip() for line in statement(measured.systems))
    # a pre-computer in four lanes: 1.5 + 0.25 / 4 of 2 pJ
    assert "Logic alone gives no saving of more than 50 %: it saves 22 % of the MAC's energy at most" in said
    base, exact = (measured.systems[4][place].mac_pj for place in (0, 1))
    assert f"save {100 * (1 - exact / base):.0f} % at 4 bits" in said
    ratios = [each.mac_pj / found[0].mac_pj for found in measured.systems.values() for each in found[-3:]]
    assert f"In memory takes {min(ratios):.1f} to {max(ratios):.1f} times the baseline's energy" in said


def test_every_term_and_every_sensitivity_is_shown(measured: Reproduction) -> None:
    report = text(measured)
    for bits, found in measured.systems.items():
        for each in found:
            cells = "".join(f"{term:13.3f}" for term in each.terms().values())
            assert lines_with(report, each.system.name, cells, f"{each.mac_pj:.3f}"), (bits, each.system.name)
    halved = measured.sensitivities[8][MEMORY, 0.5]
    saving = 100 * (1 - halved[1].mac_pj / halved[0].mac_pj)
    assert lines_with(report, "near memory exact", f"{saving:13.1f}")


def test_accuracies_and_what_they_lose(measured: Reproduction) -> None:
    assert losses(measured.accuracy) == {("mlp", "retrained", 8, (1,)): pytest.approx(1.75)}
    report = text(measured)
    assert lines_with(report, "mlp", "94.25 %", "mean of 3 seeds", "+1.75 points lost against all eight")
    assert lines_with(report, "2.83 points", "published")


def test_committed_networks_are_better_than_chance_and_few_alphabets_lose_little() -> None:
    found = {(it.network, it.bits, it.alphabets): it for it in committed_accuracy() if it.plain}
    for (network, bits, alphabets), each in found.items():
        assert each.images == 899
        assert each.accuracy > found[network, bits, (1, 3, 5, 7)].accuracy - 0.05, (network, bits, alphabets)
        assert each.accuracy > 0.85


def test_simulations_stand_beside_the_golden_model(measured: Reproduction) -> None:
    report = text(measured)
    for unit, network in RUNS:
        assert lines_with(report, f"  {unit} ", f" {network} ", " 7000       7000      890     890")
    assert lines_with(report, "identical: yes")
    (first, *others) = measured.simulations
    (layer,) = first.layers
    wrong = replace(measured, simulations=(replace(first, layers=(replace(layer, differences=3),)), *others))
    assert lines_with(text(wrong), "identical: no")
    assert [each["identical"] for each in data(wrong)["simulations"]] == [False] + [True] * len(others)


def test_data_is_json_with_all_figures_and_their_classes(measured: Reproduction) -> None:
    found = json.loads(json.dumps(data(measured)))
    assert {each["evidence"] for each in found["published"]["savings"]} == {"published", "reported"}
    assert len(found["areas"]) == sum(
        len(tried) for each in measured.prices.values() for tried in each.netlists.values()
    )
    wanted = {"block": NEURON, "bits": 8, "variant": "exact"}
    chosen = [row for row in found["areas"] if row.items() >= wanted.items()]
    assert [row["smallest_at"] for row in chosen] == [[RELAXED], [TIGHT]]
    assert {row["placement"] for row in found["systems"]} == {"von Neumann", "near memory", "in memory"}
    assert len(found["sensitivities"]) == 6 * len(found["systems"])


def test_plots_are_the_same_each_time_and_hold_every_name(measured: Reproduction) -> None:
    first, again = plots(measured), plots(measured)
    assert first == again
    assert set(first) == {"asm_accuracy.svg", "asm_energy.svg", "asm_area.svg"}
    for svg in first.values():
        assert ElementTree.fromstring(svg).tag.endswith("svg")
    for each in measured.systems[4]:
        assert f"<!-- {each.system.name} -->" in first["asm_energy.svg"]
    for variant in (EXACT, *PLAIN_VARIANTS):
        assert f"<!-- {variant.name} -->" in first["asm_area.svg"]


def test_lane_energies_take_the_shared_precomputer_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shared: Mapping[Variant, float] = {PLAIN_VARIANTS[1]: 0.5}
    monkeypatch.setattr(reproduce_asm, "precomputer_energy", lambda variant, bits, library: shared.get(variant, 0.0))
    found = lane_energies(energies(MAC, 8, TIGHT), find())
    assert found[PLAIN_VARIANTS[1]] == LaneEnergy(mac=1.0 - 0.125, precompute=0.5)
    assert found[EXACT] == LaneEnergy(mac=2.0, precompute=0.0)
    assert PLAIN_VARIANTS[-1] not in found


def test_reproduce_measures_everything_and_says_so(monkeypatch: pytest.MonkeyPatch, measured: Reproduction) -> None:
    monkeypatch.setattr(reproduce_asm, "block_prices", lambda block, bits, library: prices(block, bits))
    monkeypatch.setattr(
        reproduce_asm, "block_energies", lambda found, speed, library: energies(found.block, found.bits, speed)
    )
    monkeypatch.setattr(reproduce_asm, "precomputer_energy", lambda *_: 0.25)
    monkeypatch.setattr(
        reproduce_asm, "periphery_energies", lambda *_: {key: energy(total) for key, total in PERIPHERY.items()}
    )
    monkeypatch.setattr(reproduce_asm, "trained_accuracy", lambda step: ())
    monkeypatch.setattr(reproduce_asm, "committed_accuracy", lambda: measured.accuracy)
    monkeypatch.setattr(
        reproduce_asm,
        "simulated_digits",
        lambda step: tuple(step(f"{name} on {unit}") or simulation(unit, name) for unit, name in RUNS),
    )
    steps: list[str] = []
    found = reproduce(find(), steps.append)
    assert len(steps) == STEPS
    assert set(found.energies) == set(MEASURED)
    assert set(found.systems) == set(WIDTHS)
    plain, doubled = found.systems[8][1], found.sensitivities[8][BUS, 2.0][1]
    assert plain.system.placement == NEAR_MEMORY
    assert doubled.energy.total - plain.energy.total == pytest.approx(plain.energy.transport)
    assert text(found)


def test_the_command_knows_the_family() -> None:
    assert "asm" in FAMILIES
