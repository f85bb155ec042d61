"""The command line: exit codes, one-line refusals that write nothing, JSON."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flow.cli import VERBS, main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bitline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in an empty folder; returns exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bitline", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "nmpo"], "unknown design 'nmpo': did you mean 'nmpu'? allowed: asm_encoded_mac"),
        (["generate", "nmpu", "colums_per_unit=4"], "unknown key 'colums_per_unit': did you mean 'columns_per_unit'?"),
        (["generate", "nmpu", "input_bits=17"], "input_bits must be between 1 and 16, not 17"),
        (["generate", "nmpu", "pre_cut_bits=9"], "pre_cut_bits must be between 0 and 6, not 9"),
        (["generate", "nmpu", "units=x"], "units must be an integer, not 'x'"),
        (["generate", "nmpu", "--config", "absent.toml"], "cannot read absent.toml: No such file or directory"),
        (["generate", "float_add", "exponent_bits=1"], "exponent_bits must be between 2 and"),
        (["generate", "unsigned_to_float", "width=40"], "width must be between 2 and 32, not 40"),
        (["generate"], "Missing argument 'DESIGN'."),
        (["generate", "nmpu", "--depth", "3"], "No such option"),
        (["genrate", "nmpu"], "unknown command 'genrate': did you mean 'generate'?"),
        (["show", "nmpu", "units=0"], "units must be between 1 and 1024, not 0"),
        (["synth", "nmpu_unit", "--library", "sky13"], "unknown library 'sky13'"),
        (["synth", "float_add", "--target", "ice41"], "unknown target 'ice41': did you mean 'ice40'?"),
        (
            ["synth", "float_add", "--target", "ice40", "--energy"],
            "--energy is for cell libraries and does not go with",
        ),
        (["synth", "float_add", "--memory-macro", "absent.toml"], "cannot read absent.toml: No such file or directory"),
        (["synth", "nmpu", "--front", "/dev/null"], "cannot write to /dev/null: it is a file, not a folder"),
        (["verify", "float_add", "--formal", "--mutate", "3"], "give --formal or --mutate, not both"),
        (["verify", "float_add", "--mutate", "0"], "mutants must be between 1 and"),
        (["sweep", "float_add", "fraction_bit=3:5", "--metric", "area"], "unknown key 'fraction_bit'"),
        (
            ["sweep", "float_add", "fraction_bits=3:5", "--metric", "aera"],
            "unknown metric 'aera': did you mean 'area'?",
        ),
        (["export", "cost-model", "float_ad", "-o", "models"], "unknown design 'float_ad'"),
        (["libraries", "--liberty", "absent.lib"], "there is no liberty file or folder absent.lib"),
    ],
)
def test_bad_input_is_one_line_and_exit_2_and_writes_nothing(
    bitline: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    code, out, err = bitline(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith(f"bitline: {message}")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_generate_writes_the_same_bytes_again_and_only_replaces_its_own(bitline: Run, tmp_path: Path) -> None:
    folder = tmp_path / "nmpu_unit"

    def contents() -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    code, out, _ = bitline("generate", "nmpu_unit", "--json")
    first = contents()
    assert code == 0
    assert sorted(Path(name).relative_to("nmpu_unit").as_posix() for name in json.loads(out)["files"]) == sorted(first)
    assert bitline("generate", "nmpu_unit")[0] == 0
    assert contents() == first
    assert bitline("generate", "nmpu_unit", "pipeline_stages=3")[0] == 0
    assert contents() != first
    assert [path.name for path in tmp_path.iterdir()] == ["nmpu_unit"]


def test_a_folder_with_other_files_is_not_touched(bitline: Run, tmp_path: Path) -> None:
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("keep")
    code, _, err = bitline("generate", "nmpu_unit", "-o", "mine")
    assert (code, err) == (2, "bitline: mine was not written by bitline and is not empty; choose another folder\n")
    bitline("generate", "nmpu_unit")
    for name, text in (("extra.txt", "mine"), ("nmpu_unit.v", "edited")):
        original = (tmp_path / "nmpu_unit" / name).read_bytes() if name.endswith(".v") else None
        (tmp_path / "nmpu_unit" / name).write_text(text)
        code, _, err = bitline("generate", "nmpu_unit")
        assert code == 2
        assert f"holds {name}, which bitline did not write like this" in err
        assert (tmp_path / "nmpu_unit" / name).read_text() == text
        if original is None:
            (tmp_path / "nmpu_unit" / name).unlink()
        else:
            (tmp_path / "nmpu_unit" / name).write_bytes(original)
    assert [path.name for path in foreign.iterdir()] == ["notes.txt"]


def test_manifest_describes_every_port_and_file(bitline: Run, tmp_path: Path) -> None:
    bitline("generate", "nmpu_unit")
    manifest = json.loads((tmp_path / "nmpu_unit" / "manifest.json").read_text())
    ports = {port["name"]: port for port in manifest["ports"]}
    assert ports["count_p"]["lane"]["format"] == {"kind": "unsigned", "integer_bits": 10, "fraction_bits": 0}
    fields = {field["name"]: field for field in ports["cfg_data"]["fields"]}
    assert fields["offset"]["format"] == {"kind": "two's complement", "integer_bits": 7, "fraction_bits": 1}
    assert (fields["offset"]["offset"], fields["scale_positive"]["offset"]) == (16, 0)
    assert manifest["latency"]["cycles"] == 6
    verilog = (tmp_path / "nmpu_unit" / "nmpu_unit.v").read_text()
    for name, port in ports.items():
        assert f"{port['direction']} " in verilog
        assert f" {name};" in verilog


def test_list_and_show_print_json_that_parses(bitline: Run) -> None:
    designs = json.loads(bitline("list", "--json")[1])
    shown = ("nmpu_unit", "float_add", "sar_adc_group", "daism_bank", "asm_near_memory")
    assert {design["name"] for design in designs} >= set(shown)
    for name in shown:
        code, out, _ = bitline("show", name, "--json")
        assert code == 0
        assert json.loads(out)["name"] == name


def test_missing_tool_is_named_with_what_it_disables(
    bitline: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = bitline("demo")
    assert (code, out) == (2, "")
    assert err.startswith("bitline: g++ not found, which disables every Verilog simulation; install it with: ")
    assert list(tmp_path.iterdir()) == []


def test_every_verb_has_help(bitline: Run) -> None:
    for verb in VERBS:
        code, out, _ = bitline(verb, "--help")
        assert (code, out.startswith(f"Usage: bitline {verb}")) == (0, True)


def test_help_loads_nothing_heavy() -> None:
    probe = "import sys, flow.cli; print([m for m in ('numpy', 'amaranth', 'rich', 'pyosys') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
