"""Energies computed by hand from the liberty text, for circuits small enough for it."""

import bisect
import re
import shutil
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from flow.libraries import Library, find
from flow.power.conditions import Mapped, setup
from flow.power.design import measure
from flow.power.energy import LABEL, Energy
from flow.timing.opensta import run_sta, sta_version
from gen.rtl import Port, Rtl
from verif.workloads import Workload

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"
LIBRARIES = ("freepdk45", "sky130hd", "ihp-sg13g2", "asap7")
PERIOD_PS = 2000.0

pytestmark = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Library:
    if request.param != "freepdk45" and not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    return find(request.param)


@pytest.fixture
def freepdk45() -> Library:
    return find()


class ByHand:
    """One cell of a liberty file, read with nothing but string searches; fF, ps, fJ and nW."""

    def __init__(self, library: Library, cell: str) -> None:
        texts = [path.read_text(encoding="latin-1") for path in library.paths]
        header = next(text for text in texts if re.search(rf"cell\s*\(\s*\"?{cell}\"?\s*\)", text))
        header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
        self.text = self.inside(header, rf"cell\s*\(\s*\"?{cell}\"?\s*\)")
        self.femto = {"ff": 1.0, "pf": 1000.0}[
            re.search(r"capacitive_load_unit\s*\([^,]*,\s*\"?(\w+)", header)[1].lower()
        ]
        self.pico = {"1ns": 1000.0, "1ps": 1.0}[re.search(r"time_unit\s*:\s*\"(\w+)\"", header)[1]]
        self.nano = {"1nW": 1.0, "1pW": 1e-3}[re.search(r"leakage_power_unit\s*:\s*\"(\w+)\"", header)[1]]

    @staticmethod
    def inside(text: str, opening: str) -> str:
        """The first group that begins so."""
        return next(ByHand.all_inside(text, opening))

    @staticmethod
    def all_inside(text: str, opening: str):
        for match in re.finditer(opening + r"\s*\{", text):
            depth = 1
            for place in range(match.end(), len(text)):
                depth += {"{": 1, "}": -1}.get(text[place], 0)
                if not depth:
                    yield text[match.end() : place]
                    break

    def pin(self, name: str) -> str:
        return self.inside(self.text, rf"\bpin\s*\(\s*\"?{name}\"?\s*\)")

    def capacitance(self, pin: str, edge: str) -> float:
        return self.femto * float(re.search(rf"\b{edge}_capacitance\s*:\s*([\d.eE+-]+)", self.pin(pin))[1])

    def transition(self, pin: str, edge: str, slew: float, load: float, related: str | None = None) -> float:
        for timing in self.all_inside(self.pin(pin), r"\btiming\s*\(\s*\)"):
            if related is None or re.search(rf'related_pin\s*:\s*"{related}"', timing):
                return self.pico * self.look_up(timing, f"{edge}_transition", slew, load)
        raise LookupError(pin)

    def energies(self, pin: str, edge: str, slew: float, load: float = 0.0, related: str = "") -> dict[str, float]:
        """Energies of a transition by condition, without those of ground pins."""
        found = {}
        for entry in self.all_inside(self.pin(pin), r"\binternal_power\s*\(\s*\)"):
            if "VSS" in entry or (related and not re.search(rf'related_pin\s*:\s*"{related}"', entry)):
                continue
            if f"{edge}_power" in entry:
                when = re.search(r"when\s*:\s*\"([^\"]*)\"", entry)
                found[when[1] if when else ""] = self.femto * self.look_up(entry, f"{edge}_power", slew, load)
        return found

    def look_up(self, text: str, table: str, slew: float, load: float) -> float:
        """OpenSTA extrapolates transition times; energies stay those of the border."""
        body = self.inside(text, rf"\b{table}\s*\([^)]*\)")
        axes = [
            [float(number) for number in found.split(",")] for found in re.findall(r'index_\d\s*\(\s*"([^"]*)"', body)
        ]
        rows = [
            [float(number) for number in row.split(",")] for row in re.findall(r'"([^"]*)"', body.split("values")[1])
        ]
        at = [slew / self.pico, load / self.femto]
        if table.endswith("power"):
            at = [min(max(value, axis[0]), axis[-1]) for value, axis in zip(at, axes, strict=False)]
        if not axes:
            return rows[0][0]
        if len(axes) == 1:
            return between(axes[0], rows[0], at[0])
        return between(axes[0], [between(axes[1], row, at[1]) for row in rows], at[0])

    def leakage(self, **state: int) -> float:
        """Of the state, or the average where the file has none."""
        for entry in self.all_inside(self.text, r"\bleakage_power\s*\(\s*\)"):
            when = re.search(r"when\s*:\s*\"([^\"]*)\"", entry)
            if "VSS" not in entry and when and holds(when[1], state):
                return self.nano * float(re.search(r"value\s*:\s*([\d.eE+-]+)", entry)[1])
        raise LookupError(state)


def holds(when: str, state: dict[str, int]) -> bool:
    """A condition that is a product of pins, of which those not in ``state`` do not matter."""
    literals = re.findall(r"(!?)(\w+)", when)
    return all(state.get(pin, not negated) == (not negated) for negated, pin in literals)


def between(points: list[float], values: list[float], at: float) -> float:
    index = min(max(bisect.bisect_right(points, at) - 1, 0), len(points) - 2)
    share = (at - points[index]) / (points[index + 1] - points[index])
    return values[index] * (1 - share) + values[index + 1] * share


def run(rtl: Rtl, netlist: str, inputs: dict[str, Iterable[int]], library: Library, first: int = 1) -> Energy:
    arrays = {name: np.array(list(values)) for name, values in inputs.items()}
    length = len(next(iter(arrays.values())))
    task = Workload(
        action="one cycle", operations=length - first, window=slice(first, length), inputs=arrays, check=lambda got: 0
    )
    return measure(rtl, netlist, "by hand", PERIOD_PS, task, library)


def ports(**directions: str) -> tuple[Port, ...]:
    return tuple(Port(name, direction, 1, False) for name, direction in directions.items())


def pins_of(library: Library, cell: str) -> tuple[list[str], str]:
    return list(library.cells[cell].inputs), next(iter(library.cells[cell].outputs))


def chain(library: Library, count: int) -> tuple[Rtl, str]:
    """Inverters in a row."""
    (a,), y = pins_of(library, library.inverter)
    nets = ["a", *(f"n{index}" for index in range(count - 1)), "y"]
    body = "".join(
        f"  {library.inverter} u{index} (.{a}({source}), .{y}({sink}));\n"
        for index, (source, sink) in enumerate(pairwise(nets))
    )
    text = f"module chain(a, y);\n  input a;\n  output y;\n  wire {', '.join(nets[1:-1])};\n{body}endmodule\n"
    return Rtl("chain", text, ports(a="input", y="output"), clocked=False), text


def chain_by_hand(library: Library, count: int) -> tuple[float, float]:
    """Internal and switching energy in fJ of a rise and a fall of the input of ``count`` inverters."""
    cell, driver = ByHand(library, library.inverter), ByHand(library, library.driver)
    (a,), y = pins_of(library, library.inverter)
    _, out = pins_of(library, library.driver)
    gate = {edge: cell.capacitance(a, edge) for edge in ("fall", "rise")}
    slew = {edge: driver.transition(out, edge, 0.0, gate[edge]) for edge in ("fall", "rise")}
    internal = switching = 0.0
    for index in range(count):
        load = gate if index < count - 1 else dict.fromkeys(gate, library.load_ff)
        after = {}
        for edge, cause in (("fall", "rise"), ("rise", "fall")):
            switching += 0.5 * load[edge] * library.voltage_v**2
            internal += sum(cell.energies(y, edge, slew[cause], load[edge]).values())
            internal += sum(cell.energies(a, cause, slew[cause]).values())
            after[edge] = cell.transition(y, edge, slew[cause], load[edge])
        slew = after
    return internal, switching


def test_inverters_that_toggle_in_every_cycle(library: Library) -> None:
    rtl, netlist = chain(library, 4)
    energy = run(rtl, netlist, {"a": np.arange(101) % 2}, library)
    internal, switching = chain_by_hand(library, 4)
    print(f"{library.name}: a cycle internal {energy.internal_pj * 1e3:.5f} fJ, by hand {internal / 2:.5f}; ")
    print(f"  switching {energy.switching_pj * 1e3:.5f} fJ, by hand {switching / 2:.5f}")
    # What is left is single precision, and slews that OpenSTA interpolates in other units.
    assert energy.switching_pj * 1e3 == pytest.approx(switching / 2, rel=1e-5)
    assert energy.internal_pj * 1e3 == pytest.approx(internal / 2, rel=1e-3)
    cell = ByHand(library, library.inverter)
    (a,), y = pins_of(library, library.inverter)
    leakage = 2 * cell.leakage(**{a: 0, y: 1}) + 2 * cell.leakage(**{a: 1, y: 0})
    assert energy.leakage_uw * 1e3 == pytest.approx(leakage, rel=1e-9)
    assert energy.leakage_pj == pytest.approx(leakage * 1e-9 * PERIOD_PS, rel=1e-9)


def test_opensta_agrees_where_its_activity_is_right(library: Library) -> None:
    """With a single input there is nothing to guess. What is left of its own power are known slips, counted here.

    It adds the energies of a rise and of a fall for every transition, where newer versions take their mean; and where
    leakage is given for each state and on average, as in asap7, it adds both.
    """
    if sta_version() != "2.0.17":
        pytest.skip("the slips are those of OpenSTA 2.0.17")
    rtl, netlist = chain(library, 4)
    energy = run(rtl, netlist, {"a": np.arange(101) % 2}, library)
    commands = """set_power_activity -input_ports [get_ports a] -activity 1 -duty 0.5
puts "POWER [sta::design_power [sta::cmd_corner]]\""""
    seen = Mapped(rtl=rtl, netlist=netlist, period_ps=PERIOD_PS, constants={})
    output = run_sta(setup(seen, library, commands), library)
    internal, switching, leakage = map(float, output.split("POWER ")[1].split()[:3])
    print(
        f"{library.name}: internal {internal * PERIOD_PS * 1e3:.5f} fJ, here {energy.internal_pj * 1e3:.5f}; ", end=""
    )
    print(f"switching {switching * PERIOD_PS * 1e3:.5f}, {energy.switching_pj * 1e3:.5f}; ", end="")
    print(f"leakage {leakage * 1e6:.6g} uW, {energy.leakage_uw:.6g}")
    # The larger of a pin's two capacitances, and energies beyond the tables, which it extrapolates.
    assert switching * PERIOD_PS == pytest.approx(energy.switching_pj, rel=0.06)
    assert internal * PERIOD_PS / 2 == pytest.approx(energy.internal_pj, rel=0.04)
    slips = 2 if library.name == "asap7" else 1
    assert leakage * 1e6 / slips == pytest.approx(energy.leakage_uw, rel=1e-4)


def test_opensta_takes_no_activity_inside_the_design(freepdk45: Library) -> None:
    """Why its power is not used: what is said of a pin inside changes nothing."""
    if sta_version() != "2.0.17":
        pytest.skip("the defect is that of OpenSTA 2.0.17")
    rtl, netlist = chain(freepdk45, 4)
    report = 'puts "POWER [sta::design_power [sta::cmd_corner]]"'
    said = "\n".join(f"sta::set_power_pin_activity [get_pins u{index}/ZN] 0.25 0.5" for index in range(4))
    seen = Mapped(rtl=rtl, netlist=netlist, period_ps=PERIOD_PS, constants={})
    before, after = (run_sta(setup(seen, freepdk45, commands), freepdk45) for commands in (report, f"{said}\n{report}"))
    assert before.split("POWER ")[1] == after.split("POWER ")[1]
    with pytest.raises(RuntimeError, match="get_pins_error"):
        run_sta(setup(seen, freepdk45, "set_power_activity -pins [get_pins u0/ZN] -activity 0.5 -duty 0.5"), freepdk45)


def smallest_nand(library: Library) -> str:
    cells = [cell for cell in library.cells.values() if cell.computes(inputs=2, table=0b0111)]
    return min(cells, key=lambda cell: (cell.area_um2, cell.name)).name


def nand(library: Library) -> tuple[Rtl, str, str]:
    cell = smallest_nand(library)
    (a, b), y = pins_of(library, cell)
    text = (
        "module nand2(a, b, y);\n  input a;\n  input b;\n  output y;\n"
        f"  {cell} g (.{a}(a), .{b}(b), .{y}(y));\nendmodule\n"
    )
    return Rtl("nand2", text, ports(a="input", b="input", y="output"), clocked=False), text, cell


def test_leakage_depends_on_the_state(library: Library) -> None:
    rtl, netlist, cell = nand(library)
    shares = {(0, 0): 1, (0, 1): 2, (1, 0): 3, (1, 1): 4}
    vectors = [(0, 0), *(state for state, count in shares.items() for _ in range(count))]
    first, second = zip(*vectors, strict=True)
    energy = run(rtl, netlist, {"a": first, "b": second}, library)
    (a, b), y = pins_of(library, cell)
    hand = ByHand(library, cell)
    leakages = {state: hand.leakage(**{a: state[0], b: state[1], y: 1 - min(state)}) for state in shares}
    expected = sum(count * leakages[state] for state, count in shares.items()) / 10
    print(f"{cell}: {energy.leakage_uw * 1e3:.6f} nW, by hand {expected:.6f}, by state {leakages}")
    assert energy.leakage_uw * 1e3 == pytest.approx(expected, rel=1e-9)
    assert len(set(leakages.values())) == 4
    assert abs(sum(leakages.values()) / 4 - expected) > 0.05 * expected


def test_energy_is_that_of_the_input_that_changed(freepdk45: Library) -> None:
    rtl, netlist, cell = nand(freepdk45)
    hand, driver = ByHand(freepdk45, cell), ByHand(freepdk45, freepdk45.driver)
    load, half = freepdk45.load_ff, 0.5 * freepdk45.voltage_v**2

    def by_hand(pin: str, edge: str) -> float:
        """Of a transition of the output, caused by one of the input."""
        cause = {"fall": "rise", "rise": "fall"}[edge]
        slew = driver.transition("Z", cause, 0.0, hand.capacitance(pin, cause))
        return sum(hand.energies("ZN", edge, slew, load, related=pin).values())

    first = run(rtl, netlist, {"a": [1, 0, 1], "b": [1, 1, 1]}, freepdk45)
    second = run(rtl, netlist, {"a": [1, 1, 1], "b": [1, 0, 1]}, freepdk45)
    both = run(rtl, netlist, {"a": [1, 0, 1], "b": [1, 0, 1]}, freepdk45)
    silent = run(rtl, netlist, {"a": [0, 1, 0], "b": [0, 0, 0]}, freepdk45)
    expected = {pin: (by_hand(pin, "rise") + by_hand(pin, "fall")) / 2 for pin in ("A1", "A2")}
    print(expected, first.internal_pj, second.internal_pj)
    assert first.internal_pj * 1e3 == pytest.approx(expected["A1"], rel=1e-4)
    assert second.internal_pj * 1e3 == pytest.approx(expected["A2"], rel=1e-4)
    assert both.internal_pj == pytest.approx((first.internal_pj + second.internal_pj) / 2, rel=1e-9)
    assert first.switching_pj * 1e3 == pytest.approx(half * load, rel=1e-6)
    assert (silent.internal_pj, silent.switching_pj) == (0, 0)


FLIP_FLOPS = {"freepdk45": ("DFF_X1", "CK"), "sky130hd": ("sky130_fd_sc_hd__dfxtp_1", "CLK")}


@pytest.mark.parametrize("library", FLIP_FLOPS, indirect=True)
def test_flip_flop_that_toggles_in_every_cycle(library: Library) -> None:
    kind, clock = FLIP_FLOPS[library.name]
    inverter = library.inverter
    (a,), y = pins_of(library, inverter)
    inverted = "QN" if "QN" in library.cells[kind].outputs else ""
    text = (
        "module half(clk, rst, q);\n  input clk;\n  input rst;\n  output q;\n  wire d, n;\n"
        f"  {inverter} u (.{a}(q), .{y}(d));\n"
        f"  {kind} r (.{clock}(clk), .D(d), .Q(q){', .QN(n)' if inverted else ''});\nendmodule\n"
    )
    rtl = Rtl("half", text, ports(unused="input", q="output"), clocked=True)
    text = text.replace("(clk, rst, q)", "(clk, rst, unused, q)").replace("  wire", "  input unused;\n  wire")
    energy = run(rtl, text, {"unused": [0] * 41}, library)
    flop, gate = ByHand(library, kind), ByHand(library, inverter)
    internal = switching = leakage = 0.0
    for q, edge, other in ((1, "rise", "fall"), (0, "fall", "rise")):
        # The edge that brings Q to q, then D the other way, then the clock's falling edge.
        load = library.load_ff + gate.capacitance(a, edge)
        internal += sum(flop.energies("Q", edge, 0.0, load).values())
        internal += sum(flop.energies(inverted, other, 0.0, 0.0).values()) if inverted else 0.0
        slew = flop.transition("Q", edge, 0.0, load)
        d_load = flop.capacitance("D", other)
        internal += sum(gate.energies(y, other, slew, d_load).values()) + sum(gate.energies(a, edge, slew).values())
        slew = gate.transition(y, other, slew, d_load)
        after, before = {"Q": q, "QN": 1 - q, "D": 1 - q}, {"Q": 1 - q, "QN": q, "D": q}
        of_d = flop.energies("D", other, slew)
        halves = [energy for when, energy in of_d.items() if holds(when, after)]
        internal += sum(halves) / len(halves)
        internal += sum(energy for when, energy in flop.energies(clock, "rise", 0.0).items() if holds(when, before))
        internal += sum(energy for when, energy in flop.energies(clock, "fall", 0.0).items() if holds(when, after))
        switching += 0.5 * library.voltage_v**2 * (load + d_load)
        leakage += (flop.leakage(**after, **{clock: 0}) + flop.leakage(**after, **{clock: 1})) / 2
        leakage += gate.leakage(**{a: q, y: 1 - q})
    print(f"{library.name}: a cycle internal {energy.internal_pj * 1e3:.4f} fJ, by hand {internal / 2:.4f}; ", end="")
    print(
        f"switching {energy.switching_pj * 1e3:.4f}, {switching / 2:.4f}; leakage {energy.leakage_uw * 1e3:.4f}",
        leakage / 2,
    )
    assert energy.internal_pj * 1e3 == pytest.approx(internal / 2, rel=1e-4)
    assert energy.switching_pj * 1e3 == pytest.approx(switching / 2, rel=1e-5)
    assert energy.leakage_uw * 1e3 == pytest.approx(leakage / 2, rel=1e-9)


def test_idle_flip_flop_pays_for_its_clock(freepdk45: Library) -> None:
    text = "module idle(clk, rst, d, q);\n  input clk;\n  input rst;\n  input d;\n  output q;\n  wire n;\n"
    text += "  DFF_X1 r (.CK(clk), .D(d), .Q(q), .QN(n));\nendmodule\n"
    rtl = Rtl("idle", text, ports(d="input", q="output"), clocked=True)
    energy = run(rtl, text, {"d": [0] * 12}, freepdk45, first=2)
    hand, state = ByHand(freepdk45, "DFF_X1"), {"D": 0, "Q": 0, "QN": 1}
    expected = sum(
        sum(energy for when, energy in hand.energies("CK", edge, 0.0).items() if holds(when, state))
        for edge in ("fall", "rise")
    )
    print(f"{energy.internal_pj * 1e3:.5f} fJ a cycle, by hand {expected:.5f}")
    assert energy.internal_pj * 1e3 == pytest.approx(expected, rel=1e-6)
    assert energy.switching_pj == 0
    assert energy.label == LABEL
    assert "glitches not modelled" in LABEL
