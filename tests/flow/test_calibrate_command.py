"""``bitline calibrate``: what it writes and prints, its exit status, and files that do not fit."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flow.commands.calibrate import command
from flow.sar.configuration import load_configuration
from sim_models.sar import configuration_writes, register_values

Run = Callable[..., tuple[int, str]]
FILES = ["configuration.json", "conv1.svg", "conv2.svg", "conv3.svg", "logits.svg", "manifest.json", "report.md"]


@pytest.fixture
def calibrate(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``bitline calibrate``; gives its exit status and what it prints."""

    def run(*arguments: str) -> tuple[int, str]:
        status = command.main(list(arguments), standalone_mode=False)
        return int(status), capsys.readouterr().out

    return run


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the default calibration, of few images."""
    folder = tmp_path_factory.mktemp("calibrated") / "digits"
    assert command.main(["--images", "16", "-o", str(folder)], standalone_mode=False) == 0
    return folder


def test_folder_and_configuration(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == FILES
    network = load_configuration(written / "configuration.json")
    assert list(network.layers) == ["conv1", "conv2", "conv3", "logits"]
    assert (network.bits, network.arrays.cell_bits, network.arrays.encoding) == (8, 1, "differential")
    content = json.loads((written / "configuration.json").read_text())
    for layer, parameters in zip(content["layers"], network.layers.values(), strict=True):
        assert layer["registers"] == register_values(parameters, network.group.controller)
        assert [tuple(pair) for pair in layer["writes"]] == configuration_writes(parameters, network.group)
    assert content["evidence"]["published"].startswith("Zhang et al., arXiv 2402.06164")


def test_files_name_no_path_and_no_time(written: Path) -> None:
    for name in FILES:
        text = (written / name).read_text()
        assert str(written) not in text
        assert not re.search(r"\b20\d\d-\d\d-\d\d|\d\d:\d\d:\d\d|seconds", text), name


def test_json_has_the_figures_and_repeats_the_folder(written: Path, calibrate: Run) -> None:
    before = {name: (written / name).read_bytes() for name in FILES}
    status, out = calibrate("--images", "16", "-o", str(written), "--json")
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert status == 0
    assert {name: (written / name).read_bytes() for name in FILES} == before
    assert [layer["name"] for layer in found["layers"]] == ["conv1", "conv2", "conv3", "logits"]
    conversions = 899 * 7 * 7 * 2 * (64 * 16 + 2 * 16 * 32 + 4 * 64 + 2 * 10)
    for score in found["test"].values():
        assert score["conversions"] == conversions
        assert score["saving"] == 8 / score["operations"]
    assert found["test"]["lossless"]["drop_pp"] == 0
    assert found["exact_correct"]["test"] == 887
    assert found["conversions_per_second"] > 0
    assert {Path(path).name for path in found["files"]} == set(FILES)


def test_best_effort_is_written_and_exits_1(tmp_path: Path, calibrate: Run) -> None:
    folder = tmp_path / "new"
    options = ("--cell-bits", "2", "--encoding", "offset", "--images", "4", "--max-drop", "0", "--min-saving", "3")
    status, out = calibrate(*options, "-o", str(folder))
    assert status == 1
    assert re.search(r"not reached: the saving is 1\.\d+x, less than min_saving = 3; this is the best found", out)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert "Not reached: the saving is" in (folder / "report.md").read_text()
    assert load_configuration(folder / "configuration.json").arrays.encoding == "offset"


def test_a_foreign_folder_is_not_touched(tmp_path: Path, calibrate: Run) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError) as refusal:
        calibrate("-o", str(tmp_path))
    assert str(refusal.value) == f"{tmp_path} was not written by bitline and is not empty; choose another folder"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_bad_options_write_nothing(tmp_path: Path, calibrate: Run) -> None:
    folder = tmp_path / "new"
    for options, message in (
        (("--images", "449"), "images must be between 1 and 448, not 449"),
        (("--max-drop", "-1"), "max_drop must be between 0 and 100, not -1.0"),
        (("--min-saving", "inf"), "min_saving must be finite and above 0, not inf"),
    ):
        with pytest.raises(ValueError) as refusal:
            calibrate(*options, "-o", str(folder))
        assert str(refusal.value) == message
    assert not folder.exists()


def edit(content: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    *way, last = path
    target: Any = content
    for key in way:
        target = target[key]
    target[last] = value


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("kind",), "other", "kind must be 'bitline sar configuration'"),
        (("format",), 2, "format must be 1, not 2"),
        (("layers",), [], "layers must be a list of at least one"),
        (("layers", 0, "name"), "conv2", "each layer must have a name of its own"),
        (("layers", 0, "registers", "r1_size"), 64, "registers of layer conv1 are not those of its parameters"),
        (("layers", 0, "registers", "mid_rise"), True, "registers of layer conv1 are not those of its parameters"),
        (("layers", 1, "writes", 0), [0, 999], "writes of layer conv2 are not those of its parameters"),
        (("layers", 0, "parameters", "r1_bits"), -1, "r1_bits must be at least 0, not -1"),
        (("layers", 0, "parameters", "bits"), 9, "bits must be 8, as the controller has, not 9"),
        (("arrays", "cell_bits"), 3, "cell_bits must be between 1 and 2, not 3"),
        (("group", "bits"), "8", "bits must be an integer, not '8'"),
        (("layers", 0), {"name": "conv1"}, "'parameters' is missing"),
        (("layers", 0), 5, "each layer must have a name of its own"),
    ],
)
def test_a_changed_configuration_is_refused(
    written: Path, tmp_path: Path, path: tuple[Any, ...], value: Any, reason: str
) -> None:
    content = json.loads((written / "configuration.json").read_text())
    edit(content, path, value)
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(content))
    with pytest.raises(ValueError) as refusal:
        load_configuration(changed)
    assert str(refusal.value) == f"{changed} is no configuration that bitline wrote: {reason}"


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    for text, reason in (("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("[]", "no configuration")):
        path = tmp_path / "bad.json"
        path.write_text(text)
        with pytest.raises(ValueError, match=reason):
            load_configuration(path)
    with pytest.raises(ValueError, match=r"cannot read .*: No such file or directory"):
        load_configuration(tmp_path / "absent.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is not JSON"):
        load_configuration(tmp_path / "bytes.json")
