"""``bitline export``: what it writes and prints, and that bad input writes nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flow.commands.export import command
from flow.exports.cost_model import load_cost_model
from flow.libraries import find as find_library
from flow.prices import price_design
from gen.catalog import find

Run = Callable[..., tuple[str, str]]
SMALL = ("unsigned_to_float", "width=4", "exponent_bits=4", "fraction_bits=3")


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``bitline export`` in an empty folder; gives what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[str, str]:
        command.main(list(arguments), standalone_mode=False)
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run


@pytest.fixture
def without_opensta(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A PATH with nothing on it."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))


def test_cost_model_has_the_figures_of_price_and_energy(export: Run, tmp_path: Path) -> None:
    for tool in ("sta", "g++", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed, and energies need it")
    from flow.power import design_energy

    export("cost-model", *SMALL, "-o", "models")
    model = load_cost_model(tmp_path / "models" / "unsigned_to_float.json")
    design, library = find("unsigned_to_float"), find_library()
    parameters = design.configuration()(width=4, exponent_bits=4, fraction_bits=3)
    price, energy = price_design(design, parameters, library), design_energy(design, parameters, library)
    assert model.area.smallest.um2 == price.area_um2
    assert model.area.buffered.um2 == price.buffered_um2
    (action,) = model.actions
    assert action.energy_j is not None
    assert action.energy_j.total == pytest.approx(energy.total_pj * 1e-12, rel=1e-12)
    assert action.energy_j.dynamic == pytest.approx((energy.internal_pj + energy.switching_pj) * 1e-12, rel=1e-12)
    assert model.leakage_w == pytest.approx(energy.leakage_uw * 1e-6, rel=1e-12)
    assert (action.description, action.measured_operations) == (energy.action, energy.operations)
    assert action.latency_s == pytest.approx(energy.period_ps * 1e-12, rel=1e-12)
    assert action.throughput_per_s == pytest.approx(1 / action.latency_s, rel=1e-12)
    assert model.provenance["energy_conditions"] == energy.label


def test_an_energy_that_cannot_be_measured_is_not_made_up(
    export: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ValueError("no workload")

    monkeypatch.setattr("flow.power.design_energy", refused)
    export("cost-model", *SMALL, "-o", ".")
    model = load_cost_model(tmp_path / "unsigned_to_float.json")
    assert (model.leakage_w, model.unknown) == (None, {"leakage_w": "no workload"})
    assert model.actions[0].unknown == {"energy_j": "no workload", "throughput_per_s": "no workload"}


@pytest.mark.usefixtures("without_opensta")
def test_cost_model_without_opensta(export: Run, tmp_path: Path) -> None:
    out, _ = export("cost-model", *SMALL, "-o", "models")
    assert out == "models/unsigned_to_float.json\nmodels/unsigned_to_float_component.py\n"
    model = load_cost_model(tmp_path / "models" / "unsigned_to_float.json")
    assert model.parameters["width"] == 4
    assert model.leakage_w is None
    assert "sta not found" in model.unknown["leakage_w"]
    assert model.actions[0].energy_j is None
    assert model.area.buffered.um2 >= model.area.smallest.um2 > 0
    before = {path: path.read_bytes() for path in (tmp_path / "models").iterdir()}
    out, _ = export("cost-model", *SMALL, "-o", "models", "--json")
    assert json.loads(out)["files"] == ["models/unsigned_to_float.json", "models/unsigned_to_float_component.py"]
    assert {path: path.read_bytes() for path in (tmp_path / "models").iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cost-model", "nmpo", "-o", "out"), "unknown design 'nmpo': did you mean 'nmpu'?"),
        (
            ("cost-model", "nmpu_unit", "input_bit=3", "-o", "out"),
            "unknown key 'input_bit': did you mean 'input_bits'?",
        ),
        (("cost-model", *SMALL, "--library", "sky13", "-o", "out"), "unknown library 'sky13'"),
        (("cost-model", *SMALL, "--liberty", "none.lib", "-o", "out"), "there is no liberty file or folder none.lib"),
        (("librelane", "nmpo", "-o", "out"), "unknown design 'nmpo': did you mean 'nmpu'?"),
    ],
)
def test_bad_input_writes_nothing(export: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        export(*arguments)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cost-modle", *SMALL), "No such command 'cost-modle'."),
        (("cost-model", *SMALL), "Missing option '-o' / '--output'."),
        (("librelane", *SMALL, "--library", "sky130hd", "-o", "out"), "No such option: --library"),
    ],
)
def test_bad_usage_writes_nothing(export: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        export(*arguments)
    assert caught.value.format_message().startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_librelane_project(export: Run, tmp_path: Path) -> None:
    out, _ = export("librelane", *SMALL, "-o", "harden", "--json")
    report = json.loads(out)
    assert report["design"] == "unsigned_to_float"
    assert sorted(report["files"]) == sorted(f"harden/{path.name}" for path in (tmp_path / "harden").iterdir())
    assert "harden/config.json" in report["files"]
    (tmp_path / "harden" / "config.json").write_text("mine")
    with pytest.raises(ValueError, match=r"harden holds config\.json, which bitline did not write like this"):
        export("librelane", *SMALL, "-o", "harden")


@pytest.mark.usefixtures("without_opensta")
def test_a_file_of_somebody_else_is_kept(export: Run, tmp_path: Path) -> None:
    (tmp_path / "unsigned_to_float_component.py").write_text("mine")
    with pytest.raises(ValueError, match=r"unsigned_to_float_component\.py is not as bitline wrote it"):
        export("cost-model", *SMALL, "-o", ".")
    assert [path.name for path in tmp_path.iterdir()] == ["unsigned_to_float_component.py"]
    assert (tmp_path / "unsigned_to_float_component.py").read_text() == "mine"


def test_help_of_both_forms(export: Run) -> None:
    assert "cost-model" in export("--help")[0]
    assert "hwcomponents" in export("cost-model", "--help")[0]
    assert "LibreLane" in export("librelane", "--help")[0]
