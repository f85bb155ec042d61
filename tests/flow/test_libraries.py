"""Finding and reading cell libraries: hand-written ones, FreePDK45, and the installed PDKs."""

import gzip
import os
from itertools import product
from pathlib import Path

import pytest

from flow.libraries import NAMES, find, installed
from flow.libraries.liberty import read_cells
from flow.libraries.truth import truth_table

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"

TINY = """
/* a comment with a brace } */
library (tiny) {
  time_unit : "1ns";
  capacitive_load_unit (1, pf);
  cell (INV) { area : 1.5; pin (A) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "!A"; timing () { values ("0.1, 0.2"); } } }
  cell ("BUF") { area : 2; pin (A) { direction : "input"; capacitance : 0.001; }
    pin (Y) { direction : output; function : "A"; } }
  cell (NAND2) { area : 3; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "(!A) | (!B)"; } }
  cell (NAND2_CHEAP) { area : 1; dont_use : true; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A B)"; } }
  cell (DFF) { area : 7; ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; }
    pin (C) { direction : input; clock : true; } pin (D) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
  cell (LATCH) { area : 5; latch (IQ, IQN) { data_in : "D"; enable : "G"; }
    pin (Q) { direction : output; function : "IQ"; } }
}
"""


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    monkeypatch.delenv("BITLINE_LIBERTY", raising=False)


def write(path: Path, text: str = TINY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("expression", "meaning"),
    [
        ("!A", lambda a, b, c: not a),
        ("A'", lambda a, b, c: not a),
        ("A B + C", lambda a, b, c: (a and b) or c),
        ("A | B & C", lambda a, b, c: a or (b and c)),
        ("A & B ^ C", lambda a, b, c: a and (b != c)),
        ("!(A*B)+!C", lambda a, b, c: not (a and b) or not c),
        ("((A ^ B)' C)", lambda a, b, c: (a == b) and c),
        ("!A !B !C", lambda a, b, c: not (a or b or c)),
        ("A 1 + 0", lambda a, b, c: a),
        ("!!A", lambda a, b, c: a),
    ],
)
def test_truth_table_of_every_liberty_operator(expression, meaning) -> None:
    expected = sum(bool(meaning(a, b, c)) << (a + 2 * b + 4 * c) for a, b, c in product((False, True), repeat=3))
    assert truth_table(expression, ("A", "B", "C")) == expected


@pytest.mark.parametrize("expression", ["", "A +", "(A", "A)", "D", "A ' '+"])
def test_malformed_function_is_refused(expression: str) -> None:
    with pytest.raises(ValueError):
        truth_table(expression, ("A", "B"))


def test_cells_of_a_hand_written_library() -> None:
    cells = {cell.name: cell for cell in read_cells(TINY)}
    assert {name: cell.area_um2 for name, cell in cells.items()} == {
        "INV": 1.5, "BUF": 2.0, "NAND2": 3.0, "NAND2_CHEAP": 1.0, "DFF": 7.0, "LATCH": 5.0,
    }  # fmt: skip
    assert [cells[name].kind for name in ("NAND2", "DFF", "LATCH")] == ["combinational", "flip_flop", "latch"]
    assert cells["INV"].inputs == {"A": 2.0}
    assert cells["DFF"].outputs == {"Q": "IQ"}


def test_library_knows_its_reference_cells(tmp_path: Path) -> None:
    library = find("mine", [write(tmp_path / "tiny.lib")])
    assert (library.name, library.nand2_um2, library.driver, library.load_ff) == ("mine", 3.0, "BUF", 8.0)
    assert library.holds_state("DFF")
    assert not library.holds_state("INV")
    assert library.state_outputs() == {"DFF": ["Q"], "LATCH": ["Q"]}


def test_default_library_is_freepdk45() -> None:
    library = find()
    assert (library.name, library.nand2_um2, library.driver) == ("freepdk45", 0.798, "BUF_X1")
    assert (library.area_um2("DFF_X1"), library.area_um2("FA_X1")) == (4.522, 4.256)
    assert "freepdk45" in installed()


def test_compressed_library_is_the_same_library(tmp_path: Path) -> None:
    plain = write(tmp_path / "tiny.lib")
    packed = tmp_path / "tiny.lib.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    first, second = find("tiny", [plain]), find("tiny", [packed])
    assert (first.content_hash, first.cells) == (second.content_hash, second.cells)
    assert second.paths[0].read_text() == TINY


def test_second_reading_comes_from_the_cache_and_is_equal(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.lib")
    assert find("tiny", [path]) == find("tiny", [path])


SKY130 = "sky130_fd_sc_hd__tt_025C_1v80.lib"


@pytest.mark.parametrize(
    "place",
    [
        "sky130A/libs.ref/sky130_fd_sc_hd/lib",
        "ciel/sky130/versions/0123abcd/sky130B/libs.ref/sky130_fd_sc_hd/lib",
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_library_in_a_pdk_installation(
    place: str, named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / ("pdks" if named else "home/.ciel")
    write(root / place / SKY130)
    if named:
        monkeypatch.setenv("PDK_ROOT", str(root))
    assert find("sky130hd").paths == (root / place / SKY130,)
    assert "sky130hd" in installed()


def test_library_in_a_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / "empty", tmp_path / "full"]
    path = write(folders[1] / "deep" / SKY130)
    monkeypatch.setenv("BITLINE_LIBERTY", os.pathsep.join(map(str, folders)))
    assert find("sky130hd").paths == (path,)


def test_library_of_several_files_needs_them_all(tmp_path: Path) -> None:
    for part in ("AO", "INVBUF", "OA", "SEQ"):
        write(tmp_path / f"asap7sc7p5t_{part}_RVT_TT_nldm_211120.lib")
    with pytest.raises(ValueError, match="library asap7 not found in"):
        find("asap7", [tmp_path])
    text = TINY.replace("BUF", "BUFx2_ASAP7_75t_R")
    newer = write(tmp_path / "asap7sc7p5t_SIMPLE_RVT_TT_nldm_230101.lib", text)
    write(tmp_path / "asap7sc7p5t_SIMPLE_RVT_TT_nldm_211120.lib", text)
    library = find("asap7", [tmp_path])
    assert len(library.paths) == 5
    assert library.paths[-1] == newer


def refusal(*arguments) -> str:
    with pytest.raises(ValueError) as caught:
        find(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("module top; endmodule", "it holds no `library` group"),
        ("", "it holds no `library` group"),
        (TINY[: TINY.index("cell (DFF)")], "it ends inside the group `library`: the file is cut off"),
        (TINY + "}", "it has a closing brace too many"),
        (TINY.replace("area : 3;", "area : big;"), "cell NAND2 has area 'big', which is no number"),
    ],
)
def test_broken_liberty_file(text: str, reason: str, tmp_path: Path) -> None:
    path = write(tmp_path / "broken.lib", text)
    assert refusal("mine", [path]) == f"{path} is no usable liberty file: {reason}"


def test_damaged_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.lib.gz"
    path.write_bytes(gzip.compress(TINY.encode())[:-20])
    assert refusal("tiny", [path]).startswith(f"{path} is a damaged gzip file: ")


def test_file_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.lib"
    assert refusal("sky130hd", [missing]) == f"there is no liberty file or folder {missing}"


def test_library_without_a_nand_gate(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.lib", TINY.replace("(!A) | (!B)", "A B"))
    assert refusal("tiny", [path]) == "library tiny has no two-input NAND gate"


@pytest.mark.parametrize(
    ("name", "files", "nand2_um2"), [("sky130hd", 1, 3.7536), ("ihp-sg13g2", 1, 7.2576), ("asap7", 5, 0.05832)]
)
def test_installed_pdk(name: str, files: int, nand2_um2: float, monkeypatch: pytest.MonkeyPatch) -> None:
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    library = find(name)
    assert (len(library.paths), library.nand2_um2) == (files, nand2_um2)
    assert any(cell.kind == "flip_flop" for cell in library.cells.values())
