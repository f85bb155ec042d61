"""``bitline reproduce daism``: published figures beside ours, every one labelled, with and without OpenSTA."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from flow import reproduce_daism
from flow.commands.reproduce import command
from flow.daism import tradeoff_costs
from flow.daism.inference import AccuracyRow, accuracy_table
from flow.daism.rtl import SimulatedDigits, SimulatedLayer
from flow.daism.tradeoff_costs import Speeds
from flow.daism.tradeoff_energy import LaneEnergies
from flow.daism.tradeoff_multipliers import OrProduct
from flow.daism.training import LossCurve
from flow.libraries import Library, find
from flow.power import Energy
from flow.prices.daism import AroundBanks, LanePrice, TimedLane
from gen.tools import ToolMissing
from sim_models.daism.comparisons import FIGURES
from sim_models.daism.parameters import KEPT_COLUMNS

LIMIT = "limit: "
CURVE = LossCurve(arithmetic="pc3 truncated", seed=1, losses=(1.0, 0.25), correct=(700, 840), images=899)
SIMULATED = SimulatedDigits(
    accelerator="2 banks of 64 x 64, pc3 truncated", lanes=16, images=20, correct=18, golden_correct=18,
    other_digits=0, seconds=2.0,
    layers=tuple(
        SimulatedLayer(
            name=name, products=900, sums=100, differences=0, cycles=cycles, expected_cycles=600, pieces=2,
            accesses=75, skipped=25, counters_agree=True,
        )
        for name, cycles in (("first", 600), ("last", 600))
    ),
)  # fmt: skip


def energy(design: str, total_pj: float) -> Energy:
    return Energy(
        design=design, library="freepdk45", recipe="dense", action="one multiply-accumulate", operations=1, cycles=1,
        period_ps=4700.0, internal_pj=total_pj, switching_pj=0.0, leakage_pj=0.0, leakage_uw=0.0, label="", tool="",
    )  # fmt: skip


def lane_energies(library: Library) -> LaneEnergies:
    return LaneEnergies(
        lanes={(kept, accesses): energy("daism_lane", 4.5 * accesses) for kept in KEPT_COLUMNS for accesses in (1, 2)},
        exact_lane=energy("daism_exact_lane", 5.0),
        accumulator=energy("daism_accumulator", 4.2),
    )


def lane_speeds(library: Library) -> Speeds:
    lanes = [
        TimedLane(
            accumulate_latency=latency, area_um2=3000.0 + 500 * latency, longest_ps=2000 / latency, recipe="speed"
        )
        for latency in tradeoff_costs.LATENCIES
    ]
    return Speeds(lanes=tuple(lanes), exact=tuple(lanes))


@pytest.fixture(scope="module")
def rows() -> tuple[AccuracyRow, ...]:
    """Two arithmetics on few images, measured."""
    return accuracy_table(("pc3",), ("truncated",), images=20)


@pytest.fixture
def cheap(rows: tuple[AccuracyRow, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that takes minutes, by constants; models, report and plots are the real ones."""
    ours = LanePrice(area_um2=3200.0, sums_um2=2200.0, recipe="dense")
    exact = LanePrice(area_um2=3500.0, sums_um2=2200.0, recipe="dense")
    constants: dict[str, Callable[..., Any]] = {
        "lane_price": lambda parameters, library, **options: exact if options.get("exact") else ours,
        "loader_lane_um2": lambda parameters, library: 180.0,
        "control_um2": lambda parameters, library: 1800.0,
        "around_banks": lambda parameters, library: AroundBanks(
            bank_um2=3000.0, lane_um2=900.0, bank_lane_um2=50.0, shared_um2=4000.0
        ),
        "accumulator_um2": lambda parameters, library: 3100.0,
    }
    for name, constant in constants.items():
        monkeypatch.setattr(tradeoff_costs, name, constant)
    products = [OrProduct(name="fla", mre_percent=15.5, maximum_percent=49.6, plane_um2=66.0)]
    replacements: dict[str, Callable[..., Any]] = {
        "sta_version": lambda: "2.0.17",
        "lane_energies": lane_energies,
        "lane_speeds": lane_speeds,
        "or_products": lambda library: products,
        "accuracy_table": lambda: rows,
        "simulated_digits": lambda: SIMULATED,
        "loss_curves": lambda: (CURVE,),
    }
    for name, replacement in replacements.items():
        monkeypatch.setattr(reproduce_daism, name, replacement)


@pytest.mark.usefixtures("cheap")
def test_the_report_says_what_is_published_what_is_ours_and_what_it_cannot_say() -> None:
    steps: list[str] = []
    measured = reproduce_daism.reproduce(find(), steps.append)
    assert len(steps) == reproduce_daism.STEPS
    text = reproduce_daism.text(measured)
    for claim in FIGURES[:3]:
        assert f"published: {claim.value:g} {claim.unit} ({claim.conditions})" in text
    assert text.count(LIMIT) >= 6
    assert text.count("criterion") >= 6
    assert "pc3    truncated  16 x 32 kB" in text
    reference, row = measured.accuracy
    assert re.search(rf"pc3    truncated  16 x 32 kB +\*? +5\.22 +27\.\d +{row.correct} +{row.corrected} ", text)
    assert f"digits, 20 images, {reference.arithmetic}: {reference.correct} correct" in text
    assert "0.2500 840 (1)" in text
    assert "mul8u_2NDH" in text
    assert all(len(line) < 200 for line in text.splitlines())
    assert "20 images: 18 correct by the Verilog, 18 by the golden model, another digit in 0" in text
    assert re.search(r"^  all +1800 +200 +0 +1200 +1200 +25\.0$", text, re.MULTILINE)
    assert "sums, digits, cycles and counters identical: yes" in text
    # Nothing of the weakest class of evidence is shown.
    assert "reported" not in text


@pytest.mark.usefixtures("cheap")
def test_a_lane_is_compared_with_more_and_more_of_what_it_needs() -> None:
    text = reproduce_daism.text(reproduce_daism.reproduce(find(), lambda _: None))
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("one lane against")) + 2
    savings = [[float(each) for each in re.findall(r"\((-?[\d.]+)\)", line)] for line in lines[start : start + 5]]
    assert savings[:4] == [[75.0, 75.0], [23.1, 23.1], [8.6, 8.6], [3.4, 3.4]]
    # 512 rows of 8 or 16 columns and 56 words of 9 bits, against 56 words of 16 bits.
    exact = 3500 + 56 * 16 * 0.5 / 0.6
    for found, columns, groups in zip(savings[4], (16, 8), (56, 56), strict=True):
        area = 3200 + 180 + (512 * columns + groups * 9) * 0.5 / 0.6
        assert found == pytest.approx(100 * (1 - area / exact), abs=0.051)


@pytest.mark.usefixtures("cheap")
def test_data_is_json() -> None:
    measured = reproduce_daism.reproduce(find(), lambda _: None)
    found = json.loads(json.dumps(reproduce_daism.data(measured)))
    assert {each["evidence"] for each in found["published"]} == {"published"}
    assert len(found["points"]) == 240
    assert len(found["cycle_saving"]) == 72
    assert {each["scenario"] for each in found["energy_saving"]} == {"stated", "equal sums", "gate level"}
    assert (found["simulated"]["identical"], found["simulated"]["layers"][0]["cycles"]) == (True, 600)
    assert found["energies"]["exact_lane"]["internal_pj"] == 5.0


@pytest.mark.usefixtures("cheap")
def test_the_command_writes_report_and_plots_to_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "daism"
    result = CliRunner().invoke(command, ["daism", "-o", str(folder)])
    assert result.exit_code == 0, result.output
    plots = {f"daism_{name}.svg" for name in ("cycles", "energy", "lane", "accuracy", "loss")}
    assert {path.name for path in folder.iterdir()} == plots | {"report.txt", "report.json", "manifest.json"}
    assert (folder / "report.txt").read_text() == result.stdout
    for plot in plots:
        assert ElementTree.parse(folder / plot).getroot().tag.endswith("svg")
    data = json.loads((folder / "report.json").read_text())
    assert data["loss_curves"] == [asdict(each) | {"losses": [1.0, 0.25], "correct": [700, 840]} for each in (CURVE,)]
    again = CliRunner().invoke(command, ["daism", "--json", "-o", str(folder)])
    assert (again.exit_code, json.loads(again.stdout)) == (0, data)


def test_a_folder_of_others_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce_daism, "reproduce", lambda *_: pytest.fail("measured"))
    (tmp_path / "thesis.txt").write_text("mine")
    result = CliRunner().invoke(command, ["daism", "-o", str(tmp_path)])
    assert "was not written by bitline" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.usefixtures("cheap")
def test_without_timing_power_and_compiler_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> SimulatedDigits:
        raise ToolMissing("g++", "every Verilog simulation", "apt-get install build-essential")

    monkeypatch.setattr(reproduce_daism, "simulated_digits", missing)
    monkeypatch.setattr(reproduce_daism, "sta_version", lambda: None)
    measured = reproduce_daism.reproduce(find(), lambda _: None)
    assert (measured.energies, measured.speeds, measured.simulated) == (None, None, None)
    text = reproduce_daism.text(measured)
    assert "speed: not measured without OpenSTA" in text
    assert "energy: not measured without OpenSTA" in text
    assert "digits: no Verilog simulated without a C++ compiler" in text
    assert "gate level:" not in text.split("stated: 0.1 pJ")[0]
    found = reproduce_daism.data(measured)
    assert (found["energies"], found["speeds"], found["simulated"]) == (None, None, None)


@pytest.mark.slow
def test_everything_measured_agrees_with_what_is_known() -> None:
    measured = reproduce_daism.reproduce(find(), lambda _: None)
    assert measured.energies is not None
    assert measured.speeds is not None
    ours, exact = measured.costs.lanes["truncated", 1], measured.costs.exact_lane
    assert 0.05 < 1 - ours.area_um2 / exact.area_um2 < 0.10
    assert 0.15 < 1 - ours.arithmetic_um2 / exact.arithmetic_um2 < 0.25
    assert measured.energies.lanes["truncated", 1].total_pj < measured.energies.exact_lane.total_pj
    slowest = [min(it.longest_ps for it in measured.speeds.lanes if it.accumulate_latency == n) for n in (1, 2, 3)]
    assert slowest[0] > slowest[1] > 1000 > slowest[2]
    correct = {(it.variant, it.columns): it.correct for it in measured.accuracy}
    assert measured.simulated is not None
    assert measured.simulated.identical
    # Where banks are as many and lengths multiples of them, lanes change no order of summation.
    assert measured.simulated.correct == correct["pc3", "truncated"]
    assert correct["pc3", "truncated"] > correct["hla d", "truncated"] - 10
