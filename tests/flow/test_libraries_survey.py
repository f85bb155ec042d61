"""What ``bitline libraries`` says: the delay of an inverter driving four, and the list of what is found."""

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from flow.commands.libraries import command
from flow.libraries import NAMES, find
from flow.libraries.characterize import fo4_ps
from flow.libraries.survey import survey

Table = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    monkeypatch.delenv("BITLINE_LIBERTY", raising=False)


def number_after(name: str, text: str) -> float:
    return float(re.findall(rf"{name}\s*:\s*([\d.]+)", text)[0])


def numbers_of(name: str, text: str) -> NDArray[np.float64]:
    return np.array(re.findall(r"-?\d+\.\d+", re.findall(rf"{name}\s*\(([^)]*)\)", text)[0]), float)


def liberty_tables(path: Path, cell: str) -> tuple[dict[str, float], dict[str, Table]]:
    """Input capacitances in fF, and each timing table, read without bitline's reader."""
    text = path.read_text(encoding="latin-1")
    body = text[text.index(f"\n  cell ({cell}) {{") :]
    caps = {edge: number_after(f"{edge}_capacitance", body) for edge in ("rise", "fall")}
    tables = {}
    for name in ("cell_rise", "cell_fall", "rise_transition", "fall_transition"):
        inside = body[body.index(f"{name}(") :]
        slews, loads, values = (numbers_of(part, inside) for part in ("index_1", "index_2", "values"))
        tables[name] = (slews, loads, values.reshape(len(slews), len(loads)))
    return caps, tables


def look_up(table: Table, slew: float, load: float) -> float:
    slews, loads, values = table
    at_load = [float(np.interp(load, loads, row)) for row in values]
    return float(np.interp(slew, slews, at_load))


def test_fo4_agrees_with_the_liberty_tables() -> None:
    library = find()
    caps, tables = liberty_tables(library.paths[0], library.inverter)
    slew, delay = 0.02, {}
    for stage in range(40):  # slews of an endless chain settle within a few stages
        edge = ("rise", "fall")[stage % 2]
        load = 4 * caps[edge]
        delay[edge] = look_up(tables[f"cell_{edge}"], slew, load) * 1e3
        slew = look_up(tables[f"{edge}_transition"], slew, load)
    assert fo4_ps(library) == pytest.approx((delay["rise"] + delay["fall"]) / 2, rel=2e-3)


def test_fo4_comes_from_the_cache_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    library = find()
    first = fo4_ps(library)
    monkeypatch.setattr("flow.libraries.characterize.run_abc", None)
    assert fo4_ps(library) == first


def test_fo4_does_not_depend_on_what_drives_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    library = find()
    delays = []
    for lengths in ((16, 32), (24, 64)):
        monkeypatch.setattr("flow.libraries.characterize._SHORT", lengths[0])
        monkeypatch.setattr("flow.libraries.characterize._LONG", lengths[1])
        monkeypatch.setattr("flow.libraries.characterize.read_entry", lambda kind, key: None)
        delays.append(fo4_ps(library))
    assert delays[0] == pytest.approx(delays[1], abs=0.002)


def verb(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_every_known_library_is_listed() -> None:
    result = verb("--json")
    listed = {each["name"]: each for each in json.loads(result.stdout)}
    assert (result.exit_code, tuple(listed)) == (0, NAMES)
    default, missing = listed["freepdk45"], listed["gf180mcu"]
    assert (default["found"], default["problem"], default["cells"]) == (True, None, len(find().cells))
    assert (default["nand2_um2"], default["flip_flop_um2"], default["inverter"]) == (0.798, 4.522, "INV_X1")
    assert (default["corner"], default["voltage_v"], default["temperature_c"]) == ("typical", 1.1, 25.0)
    assert default["paths"] == [str(path) for path in find().paths]
    assert (missing["found"], missing["cells"], missing["paths"]) == (False, None, [])
    assert missing["problem"].startswith("library gf180mcu not found in ")
    assert missing["remedy"] == "pip install ciel, then ciel enable --pdk-family gf180mcu VERSION"
    licences = {"sky130hd": "Apache-2.0", "ihp-sg13g2": "Apache-2.0", "gf180mcu": "Apache-2.0", "asap7": "BSD-3-Clause"}
    assert all(licence in listed[name]["licence"] for name, licence in licences.items())


def test_table_lines_up() -> None:
    result = verb()
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    for heading, figure in (("NAND2 um2", "0.7980"), ("flip-flop um2", "4.5220"), ("FO4 ps", f"{fo4_ps(find()):.1f}")):
        assert lines[0].index(heading) + len(heading) == lines[1].index(figure) + len(figure)
    assert "    get it: apt-get install qflow-tech-osu018" in result.stdout
    assert result.stdout.count("licence: ") == len(NAMES)


def test_libraries_given_by_hand(tmp_path: Path) -> None:
    own = tmp_path / "mine.lib"
    own.write_text(find().paths[0].read_text(encoding="latin-1").replace("NangateOpenCellLibrary", "my_cells"))
    listed = survey([own])
    assert [each.name for each in listed] == [*NAMES, "my_cells"]
    assert (listed[-1].paths, listed[-1].licence, listed[-1].nand2_um2) == ((str(own),), "not known", 0.798)
    assert listed[-1].fo4_ps == listed[0].fo4_ps


def test_renamed_file_keeps_its_licence(tmp_path: Path) -> None:
    renamed = tmp_path / "typical.lib"
    renamed.write_bytes(find().paths[0].read_bytes())
    listed = survey([renamed])
    assert (listed[-1].name, listed[-1].licence) == ("NangateOpenCellLibrary", listed[0].licence)


def test_found_library_that_is_broken_is_named_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "osu018_stdcells.lib").write_text("library (osu018_stdcells) {")
    monkeypatch.setenv("BITLINE_LIBERTY", str(tmp_path))
    result = verb()
    assert result.exit_code == 1
    assert "osu018      cannot be used: " in result.stdout
    assert "the file is cut off" in result.stdout
    assert "freepdk45     135" in result.stdout


def test_incomplete_library_says_what_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asap7sc7p5t_AO_RVT_TT_nldm_211120.lib").write_text("library (any) {}")
    monkeypatch.setenv("BITLINE_LIBERTY", str(tmp_path))
    entry = next(each for each in survey() if each.name == "asap7")
    assert (entry.found, entry.paths) == (False, ())
    assert entry.problem is not None
    assert entry.problem.startswith("library asap7 lacks asap7sc7p5t_INVBUF_RVT_TT_nldm_*.lib, ")


def test_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.lib"
    path.write_text("no liberty")
    with pytest.raises(ValueError) as caught:
        survey([path])
    assert str(caught.value) == f"{path} is no usable liberty file: it holds no `library` group"


def test_survey_of_the_pdks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    listed = {each.name: each for each in survey() if each.found}
    assert set(listed) == {"freepdk45", "sky130hd", "ihp-sg13g2", "asap7"}
    assert len(listed["asap7"].paths) == 5
    delays = [listed[name].fo4_ps or 0.0 for name in ("asap7", "freepdk45", "ihp-sg13g2", "sky130hd")]
    assert all(0 < fast < slow for fast, slow in pairwise(delays))
