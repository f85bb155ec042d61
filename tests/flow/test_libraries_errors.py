"""What is wrong with a cell library is said in one line."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from flow.libraries import NAMES, find

HEAD = 'time_unit : "1ns"; capacitive_load_unit (1, pf); nom_voltage : 1.8; nom_temperature : 25;'
INPUT = "pin (A) { direction : input; capacitance : 0.002; }"
CELLS = {
    "INV": f'area : 1; {INPUT} pin (Y) {{ direction : output; function : "!A"; }}',
    "BUF": f'area : 2; {INPUT} pin (Y) {{ direction : output; function : "A"; }}',
    "NAND2": f"area : 3; {INPUT} pin (B) {{ direction : input; }} "
    'pin (Y) { direction : output; function : "!(A B)"; }',
    "DFF": 'area : 7; ff (I, N) { next_state : "D"; clocked_on : "C"; } pin (C) { direction : input; } '
    'pin (D) { direction : input; } pin (Q) { direction : output; function : "I"; }',
}


def text(*cells: str, head: str = HEAD, title: str = "tiny") -> str:
    bodies = "\n".join(f"cell ({name}) {{ {CELLS[name]} }}" for name in cells or CELLS)
    return f"library ({title}) {{\n{head}\n{bodies}\n}}\n"


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    monkeypatch.delenv("BITLINE_LIBERTY", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("latin-1") if isinstance(content, str) else content)
        return path

    return write


def refusal(*arguments: object) -> str:
    with pytest.raises(ValueError) as caught:
        find(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_library_here_is_sound_itself(file: Callable[..., Path]) -> None:
    assert find("mine", [file("sound.lib", text())]).nand2_um2 == 3.0


def test_unknown_library_suggests_the_nearest() -> None:
    assert (
        refusal("freepdk")
        == f"unknown library 'freepdk': did you mean 'freepdk45'? allowed: {', '.join(sorted(NAMES))}"
    )


def test_library_that_is_not_installed() -> None:
    assert refusal("osu018") == (
        "library osu018 not found in BITLINE_LIBERTY, PDK_ROOT or ~/.ciel; name its liberty files with --liberty, "
        "or set BITLINE_LIBERTY to a folder that holds them"
    )


def test_path_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.lib"
    assert refusal("sky130hd", [missing]) == f"there is no liberty file or folder {missing}"
    assert refusal("sky130hd", [Path("/dev/null")]) == "there is no liberty file or folder /dev/null"
    assert refusal("sky130hd", [Path("x" * 5000)]).startswith("there is no liberty file or folder xxx")


def test_folder_without_the_library(tmp_path: Path) -> None:
    assert refusal("sky130hd", [tmp_path]).startswith(f"library sky130hd not found in {tmp_path}; ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        (" \n\n", "it is empty"),
        ("\x7fELF\x02\x01\x00\x00library (x) {", "it is binary, not text"),
        ("module top; endmodule", "it holds no `library` group"),
        ("\x89PNG\r\n\x1a\nIHDR", "it holds no `library` group"),
        (text()[:-3], "it ends inside the group `library`: the file is cut off"),
        (text()[: text().index("NAND2) {") + 40], "it ends inside the group `pin`: the file is cut off"),
        (text() + "}", "it has a closing brace too many"),
        (text("INV", "BUF", "NAND2", "INV"), "it defines cell INV twice"),
        (text().replace("area : 3;", "area : big;"), "the area of cell NAND2 is 'big', which is no number"),
        (
            text().replace("area : 3;", "area : nan;"),
            "the area of cell NAND2 must be a finite number of at least 0, not nan",
        ),
        (
            text().replace("area : 3;", "area : -3;"),
            "the area of cell NAND2 must be a finite number of at least 0, not -3",
        ),
        (text().replace(": 0.002;", ": small;"), "the capacitance of INV/A is 'small', which is no number"),
        (text().replace("(INV)", '("I N V")'), "the cell name 'I N V' is no plain identifier"),
        (text(head='time_unit : "1ns";'), "it gives no capacitive_load_unit"),
        (text(head="capacitive_load_unit (1, nF);"), "capacitive_load_unit must be in ff, fF, pf, pF, not 'nF'"),
        (text(head="capacitive_load_unit (one, pf);"), "capacitive_load_unit is 'one', which is no number"),
        (text(head="capacitive_load_unit (0, pf);"), "capacitive_load_unit must be above 0, not 0"),
        (text(head=f'{HEAD} time_unit : "1us";'), "time_unit must be one of 1ps, 10ps, 100ps, 1ns, not '1us'"),
        (text(head=f'{HEAD} voltage_unit : "1kV";'), "voltage_unit must be one of 1mV, 10mV, 100mV, 1V, not '1kV'"),
        (text(head=f"{HEAD} nom_voltage : high;"), "voltage is 'high', which is no number"),
    ],
)
def test_broken_liberty_file(content: str, reason: str, file: Callable[..., Path]) -> None:
    path = file("broken.lib", content)
    assert refusal("mine", [path]) == f"{path} is no usable liberty file: {reason}"


@pytest.mark.parametrize("damage", [lambda packed: packed[:-20], lambda packed: packed[:40] + b"\0" * 40 + packed[80:]])
def test_damaged_compressed_file(damage: Callable[[bytes], bytes], file: Callable[..., Path], tmp_path: Path) -> None:
    path = file("tiny.lib.gz", damage(gzip.compress(text().encode())))
    assert refusal("tiny", [path]).startswith(f"{path} is a damaged gzip file: ")
    assert not list((tmp_path / "cache").rglob("*.lib"))


def test_compressed_rubbish(file: Callable[..., Path]) -> None:
    path = file("tiny.lib.gz", gzip.compress(b"rubbish"))
    assert refusal("tiny", [path]) == f"{path} is no usable liberty file: it holds no `library` group"


def test_file_that_may_not_be_read(file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = file("secret.lib", text())

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert refusal("mine", [path]) == f"cannot read {path}: Permission denied"


@pytest.mark.parametrize(
    ("lacking", "what"),
    [("NAND2", "two-input NAND gate"), ("INV", "inverter"), ("BUF", "buffer")],
)
def test_library_without_a_gate_that_every_mapping_needs(lacking: str, what: str, file: Callable[..., Path]) -> None:
    path = file("tiny.lib", text(*(cell for cell in CELLS if cell != lacking)))
    assert refusal("tiny", [path]) == f"library tiny has no {what}"


@pytest.mark.parametrize(
    "content", [text("INV", "BUF", "NAND2"), text().replace("area : 7;", "area : 7; dont_use : true;")]
)
def test_library_without_flip_flops_serves_combinational_designs(content: str, file: Callable[..., Path]) -> None:
    library = find("tiny", [file("tiny.lib", content)])
    assert library.flip_flop is None
    with pytest.raises(ValueError) as caught:
        print(library.flip_flop_um2)
    assert str(caught.value) == "library tiny has no D flip-flop"


ASAP7 = tuple(f"asap7sc7p5t_{part}_RVT_TT_nldm_211120" for part in ("AO", "INVBUF", "OA", "SEQ", "SIMPLE"))


def test_library_that_lacks_one_of_its_files(
    file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [file(f"{title}.lib", text("INV", title=title)) for title in ASAP7 if "SEQ" not in title]
    lacking = "library asap7 lacks asap7sc7p5t_SEQ_RVT_TT_nldm_*.lib in"
    assert refusal("asap7", [tmp_path]) == f"{lacking} {tmp_path}"
    assert refusal("asap7", paths) == "library asap7 lacks a liberty file for asap7sc7p5t_SEQ_RVT_*"
    monkeypatch.setenv("BITLINE_LIBERTY", str(tmp_path))
    assert refusal("asap7") == f"{lacking} {tmp_path}"


def test_files_of_another_library_under_a_known_name(file: Callable[..., Path], tmp_path: Path) -> None:
    path = file("stdcells.lib", text(title="somebody_elses"))
    reason = f"{path} holds library 'somebody_elses', which is not freepdk45; give it a name of its own with --library"
    assert refusal("freepdk45", [path]) == reason
    assert refusal("freepdk45", [tmp_path]) == reason


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (("nom_voltage : 1.8", "nom_voltage : 0.7"), "voltage_v is 1.8 in one, 0.7 in the other"),
        (("nom_temperature : 25", "nom_temperature : 125"), "temperature_c is 25.0 in one, 125.0 in the other"),
        (("(1, pf)", "(1, ff)"), "load_unit_ff is 1000.0 in one, 1.0 in the other"),
        (('"1ns"', '"1ps"'), "time_unit_ps is 1000.0 in one, 1.0 in the other"),
    ],
)
def test_files_that_do_not_belong_together(change: tuple[str, str], difference: str, file: Callable[..., Path]) -> None:
    first, second = file("first.lib", text("INV", "BUF")), file("second.lib", text("NAND2", "DFF").replace(*change))
    assert refusal("mine", [first, second]) == f"{first} and {second} do not belong together: {difference}"


def test_files_that_define_the_same_cell(file: Callable[..., Path]) -> None:
    first, second = file("first.lib", text("INV", "BUF", "NAND2")), file("second.lib", text("NAND2", "DFF"))
    assert refusal("mine", [first, second]) == f"{first} and {second} both define cell NAND2"
    assert refusal("mine", [first, first]) == f"{first} and {first} both define cell INV"
