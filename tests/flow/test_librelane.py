"""The LibreLane export: by LibreLane's own configuration machinery, and its constraints by OpenSTA."""

import importlib.util
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from flow.exports.librelane import IO_SHARE, PERIOD_PER_DELAY, render_librelane, write_librelane
from flow.libraries import find
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, buffered, hierarchical
from flow.timing import sign_off
from flow.timing.opensta import run_sta
from gen.catalog import DESIGNS, Design
from gen.catalog import find as find_design
from gen.emit import render

needs_librelane = pytest.mark.skipif(importlib.util.find_spec("librelane") is None, reason="librelane is not installed")
# LibreLane leaves the file that it reads for the garbage collector to close.
leaves_open = pytest.mark.filterwarnings("ignore:.*config.json.*:pytest.PytestUnraisableExceptionWarning")
needs_sta = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")


def written(name: str, folder: Path, **keywords: Any) -> list[Path]:
    design = find_design(name)
    return write_librelane(design, design.configuration()(), folder, **keywords)


def load(config: Path) -> tuple[Any, Any]:
    """The file as the Classic flow takes it: strictly, with all its variables but those that come from a PDK."""
    from librelane.config import Config
    from librelane.flows import Flow

    classic = Flow.factory.get("Classic")
    process = {"PDK": "none", "STD_CELL_LIBRARY": "none"}
    known = [each for each in classic.get_all_config_variables(classic) if not each.pdk or each.name in process]
    (config.parent / "none").mkdir()  # where it looks for the PDK
    loaded, folder = Config.load(
        [process, str(config)], known, pdk_root=str(config.parent), pdk="none", _load_pdk_configs=False
    )
    assert Path(folder) == config.parent
    return loaded, {each.name for each in known}


QUICK = ("nmpu", "float_add", "sar_adc_group", "daism_lane", "asm_in_memory")
EVERY = [pytest.param(each, marks=[pytest.mark.slow] * (each.name not in QUICK), id=each.name) for each in DESIGNS]


@needs_librelane
@leaves_open
@pytest.mark.parametrize("design", EVERY)
def test_librelane_takes_every_key(design: Design, tmp_path: Path) -> None:
    verilog, constraints, config, _ = write_librelane(
        design, design.configuration()(), tmp_path / design.name, period_ps=12_500
    )
    loaded, known = load(config)
    keys = set(json.loads(config.read_text())) - {"meta"}
    assert keys <= known
    clocked = " clk;" in verilog.read_text()
    assert {key: loaded[key] for key in keys} == {
        "DESIGN_NAME": design.name,
        "VERILOG_FILES": [str(verilog)],
        "CLOCK_PORT": "clk" if clocked else None,
        "CLOCK_PERIOD": 12.5,
        "PNR_SDC_FILE": str(constraints),
        "SIGNOFF_SDC_FILE": str(constraints),
        "FP_SIZING": "relative",
        "FP_CORE_UTIL": 40,
    }
    assert (loaded.meta.version, loaded.meta.flow) == (2, "Classic")


@needs_librelane
@leaves_open
@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("FP_CORE_UTIL", "FP_CORE_UTL", "Unknown key 'FP_CORE_UTL'"),
        ('"FP_CORE_UTIL": 40', '"FP_CORE_UTIL": "40"', "'FP_CORE_UTIL'"),
        ("dir::float_add.sdc", "dir::flaot_add.sdc", "does not exist"),
    ],
)
def test_librelane_refuses_a_mistake(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """So that the test above could fail."""
    from librelane.config import InvalidConfig

    config = written("float_add", tmp_path / "float_add", period_ps=12_500)[2]
    config.write_text(config.read_text().replace(right, wrong))
    with pytest.raises(InvalidConfig, match=re.escape(said)):
        load(config)


@needs_sta
@pytest.mark.parametrize("name", ["nmpu_unit", "float_add"])
def test_constraints_hold_the_process_to_what_librelane_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSTA reads them as LibreLane's scripts would, with driver, load and margins in the environment."""
    library, design = find(), find_design(name)
    parameters = design.configuration()()
    mapped = synthesize(design.elaborate(parameters), buffered(AREA), library)
    text = render_librelane(design, parameters, period_ps=8000)[f"{name}.sdc"]

    def slack_ps() -> float:
        files = {"netlist.v": mapped.netlist.replace(" signed", ""), "constraints.sdc": text, "run.tcl": SLACK % name}
        return 1e3 * float(re.search(r"^SLACK (\S+)$", run_sta(files, library), re.M)[1])

    alone = slack_ps()
    monkeypatch.setenv("SYNTH_DRIVING_CELL", f"{library.driver}/Z")
    monkeypatch.setenv("OUTPUT_CAP_LOAD", f"{library.load_ff}")
    outside = IO_SHARE * 8000
    timing = sign_off(mapped, library, period_ps=8000, input_delay_ps=outside, output_delay_ps=outside)
    assert timing is not None
    driven = slack_ps()
    assert driven == pytest.approx(timing.setup_slack_ps, abs=0.11)
    assert driven < alone
    monkeypatch.setenv("CLOCK_UNCERTAINTY_CONSTRAINT", "0.25")
    monkeypatch.setenv("MAX_FANOUT_CONSTRAINT", "10")
    monkeypatch.setenv("MAX_TRANSITION_CONSTRAINT", "0.75")
    assert slack_ps() == pytest.approx(driven - 250, abs=0.11)
    monkeypatch.setenv("CLOCK_TRANSITION_CONSTRAINT", "0.1")
    monkeypatch.setenv("TIME_DERATING_CONSTRAINT", "5")
    assert slack_ps() < driven - 250 - 20


SLACK = """\
read_liberty library_0.lib
set_cmd_units -time ns -capacitance pF
read_verilog netlist.v
link_design %s
read_sdc constraints.sdc
puts "SLACK [get_property [lindex [find_timing_paths] 0] slack]"
puts DONE
"""


def test_project_holds_the_verilog_that_is_generated(tmp_path: Path) -> None:
    files = written("nmpu_unit", tmp_path / "new" / "unit", period_ps=9000)
    assert [path.name for path in files] == ["nmpu_unit.v", "nmpu_unit.sdc", "config.json", "manifest.json"]
    assert sorted(path.name for path in files) == sorted(path.name for path in (tmp_path / "new" / "unit").iterdir())
    design = find_design("nmpu_unit")
    assert files[0].read_text() == render(design, design.configuration()())["nmpu_unit.v"]
    assert "create_clock -name {clk} -period 9 [get_ports {clk}]" in files[1].read_text()
    assert "set_input_delay 1.8 -clock {clk} [get_ports {rst start" in files[1].read_text()


def test_default_period_follows_the_longest_path(tmp_path: Path) -> None:
    design = find_design("unsigned_to_float")
    config = json.loads(written("unsigned_to_float", tmp_path / "project")[2].read_text())
    (recipe,) = hierarchical((buffered(AREA),))
    delay = synthesize(design.elaborate(design.configuration()()), recipe, find()).delay_ps
    assert config["CLOCK_PERIOD"] == pytest.approx(PERIOD_PER_DELAY * delay / 1e3, abs=0.1)
    assert config["CLOCK_PERIOD"] * 1e3 >= PERIOD_PER_DELAY * delay
    assert (config["CLOCK_PERIOD"] * 10) % 1 == pytest.approx(0)
    assert config["CLOCK_PORT"] is None


def test_earlier_project_is_replaced_and_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in written("float_add", tmp_path / "project", period_ps=9000)}
    slower = {path.name: path.read_bytes() for path in written("float_add", tmp_path / "project", period_ps=9900)}
    again = {path.name: path.read_bytes() for path in written("float_add", tmp_path / "project", period_ps=9000)}
    assert first == again != slower
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_folder_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    written("float_add", tmp_path / "project", period_ps=9000)
    run = tmp_path / "project" / "runs" / "final.gds"
    run.parent.mkdir()
    run.write_text("a night's work")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ValueError) as caught:
        written("float_add", tmp_path / "project", period_ps=9900)
    assert str(caught.value) == (
        f"{tmp_path / 'project'} holds runs/final.gds, which bitline did not write like this; choose another folder"
    )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_bad_period_or_place_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^period must be at least 1 ps, not 0$"):
        written("float_add", tmp_path / "project", period_ps=0)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"^cannot write .*file/project: "):
        written("float_add", tmp_path / "file" / "project", period_ps=9000)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
