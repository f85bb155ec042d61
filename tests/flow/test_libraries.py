"""Finding and reading cell libraries: hand-written ones, FreePDK45, and the installed PDKs."""

import gzip
import os
import shutil
from itertools import product
from pathlib import Path

import pytest

from flow.libraries import find, installed
from flow.libraries.liberty import read_liberty
from flow.libraries.truth import truth_table

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"

TINY = """
/* a comment with a brace } */
library (tiny) {
  time_unit : "1ns";
  capacitive_load_unit (1, pf);
  nom_voltage : 1.3;
  operating_conditions (cold) { voltage : 1.1; temperature : -40; process : 1; }
  operating_conditions ("warm") { voltage : 1.2; temperature : 85; process : 0.9; }
  default_operating_conditions : "warm";
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
  cell (DFF_CLEAR) { area : 6; ff (IQ, IQN) { next_state : "!D"; clocked_on : "!C"; clear : "!R"; }
    pin (C) { direction : input; } pin (D) { direction : input; } pin (R) { direction : input; }
    pin (QN) { direction : output; function : "IQN"; } }
  cell (DFF_SCAN) { area : 4; ff (IQ, IQN) { next_state : "(S T) + (!S D)"; clocked_on : "C"; }
    pin (C) { direction : input; } pin (D) { direction : input; } pin (S) { direction : input; }
    pin (T) { direction : input; } pin (Q) { direction : output; function : "IQ"; } }
  cell (DFF_ENABLE) { area : 4; ff (IQ, IQN) { next_state : "(E D) + (!E IQ)"; clocked_on : "C"; }
    pin (C) { direction : input; } pin (D) { direction : input; } pin (E) { direction : input; }
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


def test_a_hand_written_library() -> None:
    read = read_liberty(TINY)
    cells = {cell.name: cell for cell in read.cells}
    assert {name: cell.area_um2 for name, cell in cells.items()} == {
        "INV": 1.5, "BUF": 2.0, "NAND2": 3.0, "NAND2_CHEAP": 1.0, "DFF": 7.0, "DFF_CLEAR": 6.0, "DFF_SCAN": 4.0,
        "DFF_ENABLE": 4.0, "LATCH": 5.0,
    }  # fmt: skip
    assert [cells[name].kind for name in ("NAND2", "DFF", "LATCH")] == ["combinational", "flip_flop", "latch"]
    assert cells["INV"].inputs == {"A": 2.0}
    assert cells["DFF"].outputs == {"Q": "IQ"}
    assert cells["DFF"].state == {"next_state": "D", "clocked_on": "C"}
    assert (read.title, read.time_unit_ps, read.load_unit_ff) == ("tiny", 1000.0, 1000.0)
    assert (read.corner, read.voltage_v, read.temperature_c, read.process) == ("warm", 1.2, 85.0, 0.9)


def test_library_knows_its_reference_cells(tmp_path: Path) -> None:
    library = find("mine", [write(tmp_path / "tiny.lib")])
    assert (library.name, library.nand2_um2, library.driver, library.load_ff) == ("mine", 3.0, "BUF", 8.0)
    assert (library.inverter, library.flip_flop_um2) == ("INV", 6.0)  # a scan flip-flop is no D flip-flop
    assert (library.corner, library.voltage_v, library.temperature_c, library.process) == ("warm", 1.2, 85.0, 0.9)
    assert library.holds_state("DFF")
    assert not library.holds_state("INV")
    assert library.state_outputs()["LATCH"] == ["Q"]
    assert library.state_outputs()["DFF_CLEAR"] == ["QN"]


def test_conditions_come_from_the_nominal_values_or_stay_unknown(tmp_path: Path) -> None:
    bare = "\n".join(line for line in TINY.splitlines() if "operating_conditions" not in line)
    nominal = find(
        "mine", [write(tmp_path / "nominal.lib", bare.replace("time_unit", 'voltage_unit : "100mV"; time_unit'))]
    )
    assert (nominal.corner, nominal.voltage_v, nominal.temperature_c) == ("", pytest.approx(0.13), None)
    unknown = find("mine", [write(tmp_path / "unknown.lib", bare.replace("nom_voltage : 1.3;", ""))])
    assert (unknown.corner, unknown.voltage_v, unknown.process) == ("", None, None)


def test_cell_without_area_is_never_used(tmp_path: Path) -> None:
    library = find(
        "mine", [write(tmp_path / "tiny.lib", TINY.replace("area : 5;", "").replace("area : 1.5", "area : 9"))]
    )
    assert library.dont_use == ("LATCH",)
    free = TINY.replace("area : 3;", "area : 0;")
    with pytest.raises(ValueError, match=r"^library mine has no two-input NAND gate$"):
        find("mine", [write(tmp_path / "free.lib", free)])


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


FILES = {
    "sky130hd": ("sky130_fd_sc_hd__tt_025C_1v80.lib", "sky130A/libs.ref/sky130_fd_sc_hd/lib"),
    "gf180mcu": ("gf180mcu_fd_sc_mcu7t5v0__tt_025C_5v00.lib", "gf180mcuD/libs.ref/gf180mcu_fd_sc_mcu7t5v0/lib"),
    "ihp-sg13g2": ("sg13g2_stdcell_typ_1p20V_25C.lib", "ihp-sg13g2/libs.ref/sg13g2_stdcell/lib"),
    "osu018": ("osu018_stdcells.lib", "osu018"),
}


def named(file: str, text: str = TINY) -> str:
    """TINY as a file of this name calls itself."""
    return text.replace("library (tiny)", f"library ({file.removesuffix('.lib')})")


@pytest.mark.parametrize("prefix", ["", "ciel/family/versions/0123abcd/"])
@pytest.mark.parametrize("root", ["PDK_ROOT", "home"])
@pytest.mark.parametrize("name", FILES)
def test_library_in_a_pdk_installation(
    name: str, root: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ("pdks" if root == "PDK_ROOT" else "home/.ciel")
    file, folder = FILES[name]
    path = write(home / prefix / folder / file, named(file))
    if root == "PDK_ROOT":
        monkeypatch.setenv("PDK_ROOT", str(home))
    assert find(name).paths == (path,)
    assert name in installed()


def test_ciel_version_called_current_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, folder = FILES["gf180mcu"]
    family = tmp_path / "ciel" / "gf180mcu"
    paths = [write(family / "versions" / version / folder / file, named(file)) for version in ("00aa", "11bb", "22cc")]
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    assert find("gf180mcu").paths == (paths[0],)
    (family / "current").write_text("11bb\n")
    assert find("gf180mcu").paths == (paths[1],)
    enabled = tmp_path / "gf180mcuC"
    enabled.symlink_to(family / "versions" / "22cc" / "gf180mcuD")
    assert find("gf180mcu").paths == (enabled / "libs.ref/gf180mcu_fd_sc_mcu7t5v0/lib" / file,)


@pytest.mark.parametrize("name", ["sky130hd", "asap7"])
def test_compressed_library_in_a_pdk_installation(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    folder = {"sky130hd": FILES["sky130hd"][1], "asap7": "asap7/lib/NLDM"}[name]
    shutil.copytree(SHARED / name, tmp_path / folder)
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    assert find(name).content_hash == find(name, [SHARED]).content_hash


def test_library_in_a_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / "empty", tmp_path / "full"]
    file = FILES["sky130hd"][0]
    path = write(folders[1] / "deep" / file, named(file))
    monkeypatch.setenv("BITLINE_LIBERTY", os.pathsep.join(map(str, folders)))
    assert find("sky130hd").paths == (path,)


PARTS = ("AO", "INVBUF", "OA", "SEQ", "SIMPLE")


def asap7(folder: Path, date: str = "211120", parts: tuple[str, ...] = PARTS) -> list[Path]:
    """TINY's cells shared out over five files, as asap7 has them."""
    head = TINY[: TINY.index("  cell (INV)")]
    inverter = TINY[TINY.index("  cell (INV)") : TINY.index('  cell ("BUF")')]
    cells = {
        "INVBUF": inverter + TINY[TINY.index('  cell ("BUF")') : TINY.index("  cell (NAND2)")],
        "SIMPLE": TINY[TINY.index("  cell (NAND2)") : TINY.index("  cell (NAND2_CHEAP)")],
        "SEQ": TINY[TINY.index("  cell (DFF)") : TINY.index("  cell (DFF_CLEAR)")],
    }
    names = {part: f"asap7sc7p5t_{part}_RVT_TT_nldm_{date}.lib" for part in parts}
    return [write(folder / file, named(file, f"{head}{cells.get(part, '')}}}\n")) for part, file in names.items()]


def test_library_of_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = asap7(tmp_path)
    library = find("asap7", [tmp_path])
    assert library.paths == tuple(paths)
    assert (library.nand2_um2, library.flip_flop_um2, library.driver) == (3.0, 7.0, "BUFx2_ASAP7_75t_R")
    assert set(library.cells) == {"INV", "BUF", "NAND2", "DFF"}
    assert find("asap7", paths).content_hash == library.content_hash
    monkeypatch.setenv("BITLINE_LIBERTY", os.pathsep.join(map(str, paths)))
    assert find("asap7").content_hash == library.content_hash


def test_newest_of_several_versions_in_one_folder(tmp_path: Path) -> None:
    asap7(tmp_path)
    (newer,) = asap7(tmp_path, "230101", ("SIMPLE",))
    assert find("asap7", [tmp_path]).paths[-1] == newer


def test_complete_folder_wins_over_an_incomplete_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asap7(tmp_path / "part", parts=("AO", "OA"))
    paths = asap7(tmp_path / "whole")
    monkeypatch.setenv("BITLINE_LIBERTY", os.pathsep.join(map(str, (tmp_path / "part", tmp_path / "whole"))))
    assert find("asap7").paths == tuple(paths)


@pytest.mark.parametrize(
    ("name", "files", "nand2_um2", "flip_flop_um2", "voltage_v"),
    [
        ("sky130hd", 1, 3.7536, 20.0192, 1.8),
        ("ihp-sg13g2", 1, 7.2576, 47.1744, 1.2),
        ("asap7", 5, 0.05832, 0.2916, 0.7),
    ],
)
def test_installed_pdk(
    name: str,
    files: int,
    nand2_um2: float,
    flip_flop_um2: float,
    voltage_v: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    library = find(name)
    assert (len(library.paths), library.nand2_um2, library.flip_flop_um2) == (files, nand2_um2, flip_flop_um2)
    assert (library.voltage_v, library.temperature_c, library.process) == (voltage_v, 25.0, 1.0)
