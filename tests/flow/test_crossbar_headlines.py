"""The headlines of the crossbar designs: labels, criteria that can fail, counts apart from the formulas."""

from dataclasses import replace

import pytest

from flow.crossbar import (
    system_counts,
    system_headlines,
    system_headlines_dataflow,
    system_headlines_energy,
    system_report,
)
from flow.crossbar.pipeline import Pipeline, pipelines
from flow.crossbar.system_headlines_dataflow import EXPECTED, pipeline_headline
from flow.crossbar.system_study import MeanSpeedUp, NetworkRow, mean_speed_ups, network_rows


@pytest.fixture(scope="module")
def rows() -> list[NetworkRow]:
    return network_rows()


@pytest.fixture(scope="module")
def speed_ups() -> list[MeanSpeedUp]:
    return mean_speed_ups()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headlines simulate nothing, and sines are short."""
    monkeypatch.setattr(system_headlines_dataflow, "pipelines", list)
    monkeypatch.setattr(system_headlines_dataflow, "SAMPLES", 4096)


def test_headlines_have_labels_criteria_and_limits(rows: list[NetworkRow], speed_ups: list[MeanSpeedUp]) -> None:
    found = system_headlines.headlines(rows, speed_ups, {})
    verdicts = {each.number: each.met for each in found}
    assert list(verdicts) == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 14]
    assert [number for number, met in verdicts.items() if met is None] == [3, 5, 7]
    assert all(met is not False for met in verdicts.values())
    by_number = {each.number: each for each in found}
    assert (by_number[8].evidence, by_number[9].evidence, by_number[10].evidence) == ("published",) * 2 + ("reported",)
    assert "5.36 and 1.73" in by_number[8].claim
    assert "3.43 and 1.59" in by_number[9].claim
    assert any("ceiling with a 1-bit DAC 2.44" in line for line in by_number[8].found)
    assert any(line.startswith("constant movement, nine networks") for line in by_number[8].found)
    assert any("4.44 at 4 bits" in line for line in by_number[9].found)
    text = "\n".join(system_report.headline_lines(found))
    assert text.count("  limit: ") == len(found)
    assert text.count("  criterion: ") == len(found)
    with pytest.raises(ValueError, match="evidence must be one of"):
        replace(found[0], evidence="theirs")


def test_criteria_can_fail(rows: list[NetworkRow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_headlines_energy, "ADC_POWER_SHARE", 60.0)
    monkeypatch.setattr(system_headlines_energy, "ENERGY_ISAAC", 2.0)
    monkeypatch.setattr(system_headlines_energy, "required_factor", lambda ratio, bits: 0.0)
    found = {each.number: each.met for each in system_headlines.headlines(rows, mean_speed_ups(), {})}
    assert found[6] is False
    assert found[8] is False


@pytest.mark.slow
def test_a_product_takes_the_array_cycles_of_the_headline() -> None:
    assert {each.name: each.measured for each in pipelines()} == {
        "ISAAC, 16 bits": 22, "isaac, 1-bit DAC": 14, "isaac, 1-bit DAC, searching": 14, "cascade, 1-bit DAC": 13,
        "neural_pim, 1-bit DAC": 14, "neural_pim, 4-bit DAC": 8,
    }  # fmt: skip


def test_pipelines_are_judged_by_the_reported_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    right = [Pipeline(name=name, measured=cycles, formula=cycles) for name, cycles in EXPECTED.items()]
    for found, met in ((right, True), (right[1:], False), ([replace(right[0], measured=21), *right[1:]], False)):
        monkeypatch.setattr(system_headlines_dataflow, "pipelines", lambda found=found: found)
        assert pipeline_headline().met is met


def test_conversions_are_counted_apart_from_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_counts.enumerated_mismatches() == (0, 1872)
    monkeypatch.setattr(system_counts, "conversions", lambda p: p.input_bits // p.dac_bits * p.slices)
    assert system_counts.enumerated_mismatches()[0] > 500
