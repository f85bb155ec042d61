"""The system model of the crossbar designs: counts against the golden dataflows, reports, plots, own digital parts."""

import csv
import io
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from flow.crossbar import plots, system_counts, system_digital, system_report
from flow.crossbar.headline import Headline
from flow.crossbar.system_digital import DigitalCost, digital_costs, product_energies
from flow.crossbar.system_headlines_counts import conversions_headline, digital_headline, resolution_headline
from flow.crossbar.system_study import MeanSpeedUp, NetworkRow, mean, mean_speed_ups, network_row, network_rows
from flow.crossbar.tiles import NAMES, SETTINGS
from flow.libraries import find
from flow.power import Energy
from gen.catalog import DESIGNS
from sim_models.crossbar import CrossbarParameters, conversions
from sim_models.crossbar.chip import WEIGHTS_PER_ARRAY
from sim_models.crossbar.energy import CASCADE_CONVERSIONS, RULES, energies
from sim_models.crossbar.energy_sensitivity import central
from sim_models.crossbar.networks import NETWORKS, load
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM


def energy(total_pj: float) -> Energy:
    return Energy(
        design="d", library="freepdk45", recipe="dense", action="one product", operations=1, cycles=1,
        period_ps=1000.0, internal_pj=total_pj, switching_pj=0.0, leakage_pj=0.0, leakage_uw=0.0, label="", tool="",
    )  # fmt: skip


def cost(strategy: str, area_um2: float, total_pj: float | None = None) -> DigitalCost:
    return DigitalCost(
        strategy=strategy,
        design=NAMES[strategy],
        area_um2=area_um2,
        ge=area_um2 / 0.798,
        energy=None if total_pj is None else energy(total_pj),
    )


COSTS = {
    ISAAC: cost(ISAAC, 3000.0, 50.0),
    CASCADE: cost(CASCADE, 2000.0, 40.0),
    NEURAL_PIM: cost(NEURAL_PIM, 1e3, 30.0),
}


@pytest.fixture(scope="module")
def rows() -> list[NetworkRow]:
    return network_rows()


@pytest.fixture(scope="module")
def speed_ups() -> list[MeanSpeedUp]:
    return mean_speed_ups()


def test_conversions_by_formula_enumeration_and_record_agree() -> None:
    counts = {case.name: (case.formula, case.recorded) for case in system_counts.counted()}
    assert counts["8-bit isaac"] == (64, 64)
    assert counts["8-bit cascade"] == (15, 15)
    assert counts["8-bit neural_pim"] == (1, 1)
    assert counts["CASCADE"] == (10, 10)
    assert counts["ISAAC"] == (128, 128)
    wrong, tried = system_counts.enumerated_mismatches()
    assert (wrong, tried) == (0, 2 * 36 * (1 + 2 + 3 + 4 * 5))


def test_bits_by_formula_and_on_the_worst_data_agree() -> None:
    bits = {case.name: (case.formula, case.recorded) for case in system_counts.resolutions()}
    assert bits["ISAAC without flipped columns"] == (9, 9)
    assert bits["ISAAC with flipped columns"] == (8, 8)
    assert all(formula == recorded for formula, recorded in bits.values())


def test_a_wrong_formula_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_counts, "conversions", lambda p: p.cycles * p.slices)
    assert system_counts.enumerated_mismatches()[0] > 0
    assert conversions_headline().met is False
    monkeypatch.setattr(system_counts, "adc_bits", lambda p: 8)
    assert resolution_headline().met is False


def test_all_networks_have_both_rules_side_by_side(rows: list[NetworkRow]) -> None:
    assert [row.network.name for row in rows] == list(NETWORKS)
    text = "\n".join(system_report.network_lines(rows))
    for row in rows:
        assert {rule: set(of) for rule, of in row.energies.items()} == {
            rule: {ISAAC, CASCADE, NEURAL_PIM} for rule in RULES
        }
        ratios = " | ".join(f"{row.saving(rule, ISAAC):.2f}" for rule in RULES)
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {row.network.name} ") and "|" in line]
        assert ratios in line
    assert "vgg16 does not fit one chip: ISAAC 9, CASCADE 8, Neural-PIM 8 needed" in text
    assert "mobilenet_v1 does not fit" not in text


def test_ratios_of_networks_follow_from_their_parts(rows: list[NetworkRow]) -> None:
    for row in rows:
        for rule in RULES:
            products = energies(central(rule))
            ratio = products[ISAAC].total / products[NEURAL_PIM].total
            assert row.saving(rule, ISAAC) == pytest.approx(ratio, rel=2e-3)
        times = [place.steps * {1: 8, 2: 4, 4: 2}[place.dac_bits] * 100 for place in row.places.values()]
        assert [place.image_ns for place in row.places.values()] == times
        assert row.normalised >= 1


def test_measured_digital_parts_change_the_energies(rows: list[NetworkRow]) -> None:
    digital = product_energies(COSTS)
    assert digital == {ISAAC: 50.0, CASCADE: 40.0, NEURAL_PIM: 30.0}
    changed = network_row(load("alexnet"), {rule: energies(central(rule), digital) for rule in RULES})
    vmms = rows[0].counts.array_vmms
    for rule in RULES:
        table, own = rows[0].energies[rule][ISAAC], changed.energies[rule][ISAAC]
        assert own.products - table.products == pytest.approx(vmms * (50 - 20 - 147))
    text = "\n".join(system_report.product_lines(digital))
    assert text.count("digital parts synthesised at 45 nm") == len(RULES)
    assert "not measured" in "\n".join(system_report.product_lines(None))


def test_means_over_networks(rows: list[NetworkRow], speed_ups: list[MeanSpeedUp]) -> None:
    first = speed_ups[0]
    assert first.over_isaac == pytest.approx(sum(row.speed_up(ISAAC) for row in rows) / 9)
    assert first.over_cascade == pytest.approx(sum(row.speed_up(CASCADE) for row in rows) / 9)
    assert first.over_isaac_geometric <= first.over_isaac
    # With many chips, what is left over hardly matters: the ratio of arrays and cycles is reached.
    assert speed_ups[3].over_isaac == pytest.approx(4 * 17920 / 16128, rel=0.06)
    with pytest.raises(ValueError, match="values must be at least one, not none"):
        mean([])


@pytest.mark.parametrize(
    ("areas", "met"), [((3000.0, 2000.0, 1000.0), True), ((2000.0, 2000.0, 1000.0), False), ((1.0, 2.0, 3.0), False)]
)
def test_order_of_digital_areas(areas: tuple[float, float, float], met: bool) -> None:
    costs = {strategy: cost(strategy, area) for strategy, area in zip(NAMES, areas, strict=True)}
    assert digital_headline(costs).met is met
    assert product_energies(costs) is None
    del costs[CASCADE]
    assert digital_headline(costs).met is None


def test_digital_parts_are_priced_where_the_catalog_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    design = SimpleNamespace(name=NAMES[ISAAC], configuration=lambda: dict)
    asked: list[Any] = []

    def price(*arguments: Any) -> SimpleNamespace:
        asked.append(arguments[:2])
        return SimpleNamespace(area_um2=500.0, ge=600.0)

    monkeypatch.setattr(system_digital, "DESIGNS", [design])
    monkeypatch.setattr(system_digital, "price_design", price)
    monkeypatch.setattr(system_digital, "design_energy", lambda *arguments: energy(7.0))
    monkeypatch.setattr(system_digital, "sta_version", lambda: "2")
    found = digital_costs(find())
    assert asked == [(design, SETTINGS[ISAAC])]
    assert list(found) == [ISAAC]
    assert (found[ISAAC].area_um2, found[ISAAC].product_pj) == (500.0, 7.0)
    monkeypatch.setattr(system_digital, "sta_version", lambda: None)
    assert digital_costs(find())[ISAAC].product_pj is None


def test_designs_are_set_to_the_arrays_of_the_energy_model() -> None:
    known = {design.name: design for design in DESIGNS}
    for strategy, name in NAMES.items():
        fields = {key: value for key, value in SETTINGS[strategy].items() if key != "converter"}
        p = CrossbarParameters(strategy=strategy, **{"output_bits": 16, **fields})  # of C only
        assert p.rows * p.outputs == WEIGHTS_PER_ARRAY
        assert p.outputs * conversions(p) == {ISAAC: 1024, CASCADE: CASCADE_CONVERSIONS, NEURAL_PIM: 8}[strategy]
        assert p.cycles == {ISAAC: 8, CASCADE: 8, NEURAL_PIM: central(RULES[0]).cycles}[strategy]
        if name in known:
            assert vars(known[name].configuration()(**SETTINGS[strategy])).items() >= vars(p).items()


def test_every_row_of_the_reports_has_its_evidence() -> None:
    labels = ("published", "reported", "ours")
    lines = [line for line in system_report.component_lines() if line.startswith("  ")]
    assert len(lines) == 14 + 13 + 11 + 7
    assert all(any(label in line for label in labels) for line in lines)
    chain = system_report.chain_lines()
    assert len(chain) == 10
    assert all(line.endswith(": holds") for line in chain[1:])


def test_reports_of_strategy_b_say_how_long_its_cells_last() -> None:
    text = "\n".join(system_report.endurance_lines())
    assert "6.25e+05 a second; 1e+09 last 27 minutes, 1e+12 last 18.5 days" in text
    table = "\n".join(system_report.product_lines(None))
    assert "calibrated 3.10 (886 pJ)" in table or "calibrated 3.10 (887 pJ)" in table


def test_tables_of_ratios_and_the_tornado_have_both_rules() -> None:
    for lines in (system_report.ratio_lines(), system_report.tornado_lines()):
        text = "\n".join(lines)
        assert all(rule in text for rule in RULES)
    (line,) = [line for line in system_report.ratio_lines() if line.startswith("  4 bits") and "7.99" in line]
    assert line.split()[-4:] == ["7.99", "6.19", "5.05", "3.69"]


def test_the_grid_is_written_as_comma_separated_values() -> None:
    read = list(csv.DictReader(io.StringIO(system_report.sensitivity_csv())))
    assert len(read) == 1584
    assert {row["evidence"] for row in read} == {"ours"}
    assert {row["rule"] for row in read} == set(RULES)
    assert all(float(row["over_isaac"]) > 0 for row in read)


def test_plots_are_svg_and_the_same_each_time(rows: list[NetworkRow]) -> None:
    def drawn() -> list[str]:
        return [plots.energy_plot(), plots.area_plot(), plots.tornado_plot(), plots.network_plot(rows)]

    found = drawn()
    assert all(ElementTree.fromstring(text).tag.endswith("svg") for text in found)
    assert found == drawn()
    assert plots.energy_plot(product_energies(COSTS)) != found[0]


def test_a_headline_is_a_value() -> None:
    made = Headline(number=1, title="t", claim="c", evidence="ours", found=("f",), criterion="k", met=None, limit="l")
    assert system_report.headline_lines([made])[-2] == "  criterion: k: no verdict"
