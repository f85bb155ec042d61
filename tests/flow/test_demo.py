"""The digits demo: simulated hardware equals the golden model in every activation; the report stands alone."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from flow.demo.report import data, text, write_page
from flow.demo.run import FLOAT64, FP16, GOLDEN, VERILOG, DemoResult, classify
from flow.libraries import find
from flow.prices.nmpu import array_price
from gen.rtl import elaborate
from hdl.nmpu import Nmpu
from sim_models.nmpu import NmpuParameters


@pytest.fixture(scope="module")
def result() -> DemoResult:
    # Sixteen units are enough for the widest layer; the demo itself takes all 64.
    parameters = NmpuParameters(units=16)
    rtl = elaborate(Nmpu(parameters=parameters), "nmpu")
    areas = {"2 NMPU units": array_price(NmpuParameters(units=2), find())}
    return replace(classify(rtl, parameters, 0, lambda step: None), areas=areas)


def test_every_activation_of_the_simulated_verilog_equals_the_golden_model(result: DemoResult) -> None:
    assert result.mismatches == 0
    assert result.activations == 899 * (64 * 16 + 16 * 32 + 4 * 64 + 10)
    assert result.correct[GOLDEN] == result.correct[VERILOG]


def test_accuracy_is_the_recorded_one(result: DemoResult) -> None:
    assert result.images == 899
    assert result.correct == {FLOAT64: 877, FP16: 877, GOLDEN: 878, VERILOG: 878}


def test_errors_on_the_same_counts_are_at_most_one_step(result: DemoResult) -> None:
    assert {name: int(abs(errors).max()) for name, errors in result.errors.items()} == {"FP16": 1, "NMPU": 1}


def test_simulated_cycles_are_four_a_vector(result: DemoResult) -> None:
    vectors = 899 * (64 + 16 + 4 + 1)
    (name, cycles), *_ = result.cycles.items()
    assert f"{vectors:,} vectors" in name
    # Each call of the simulator drains its pipeline of two stages once: eight calls for conv1, two for conv2, one each.
    assert cycles == 4 * vectors + 2 * (8 + 2 + 1 + 1)


def test_report_is_one_file_that_asks_for_nothing_else(result: DemoResult, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_page(result, page)
    html = page.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert html.count("<svg") == 3
    assert not re.search(r"(?:src|href)=[\"'](?!#)|@import|<script", html)
    assert "1,619,998 activations of 4 layers" in " ".join(html.split())
    assert "0 differences" in html
    first = html
    write_page(result, page)
    assert page.read_text() == first


def test_text_and_data_tell_the_same(result: DemoResult) -> None:
    assert "identical" in text(result)
    assert data(result)["correct"][VERILOG] == 878
