"""Netlists are proved equivalent to their designs; broken ones are found out, and what is found shows in simulation."""

import dataclasses
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flow.equivalence import Equivalence, equivalent
from flow.equivalence.elaborate import design_modules
from flow.equivalence.products import wrong_product
from flow.libraries import Library, find
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, BOOTH, DENSE_BOOTH, SPEED, Recipe, hierarchical
from gen import catalog
from gen.floats import FloatParameters
from gen.rtl import Port, Rtl, elaborate
from hdl.nmpu_fp16.sequencer import LdpuSequencer
from sim_models.nmpu import LdpuParameters, NmpuParameters
from verif.batch import simulate
from verif.replay import cell_models, gate_level

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"

# Two registers that always hold the same, which Yosys makes one.
TWINS = Rtl(
    name="twins",
    verilog="""
module twins(input clk, input rst, input go, input [3:0] value, output reg [3:0] held, output [3:0] twin);
  reg [3:0] again;
  assign twin = ~again;
  always @(posedge clk) if (go) begin held <= value; again <= value; end
endmodule
""",
    ports=(
        Port("go", "input", 1, False),
        Port("value", "input", 4, False),
        Port("held", "output", 4, False),
        Port("twin", "output", 4, False),
    ),
    clocked=True,
)


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Synthesis results may be reused within this file; proofs of one run are not taken for those of another."""
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path_factory.getbasetemp() / "equivalence-cache"))


def unit() -> Rtl:
    return catalog.find("nmpu_unit").elaborate(NmpuParameters())


def adder() -> Rtl:
    return catalog.find("float_add").elaborate(FloatParameters())


@pytest.mark.parametrize(
    "recipe",
    [AREA, *(pytest.param(each, marks=pytest.mark.slow) for each in (BOOTH, DENSE_BOOTH, SPEED))],
    ids=lambda recipe: recipe.name,
)
@pytest.mark.parametrize("name", ["nmpu_unit", "float_multiply"])
def test_netlists_of_designs_with_products(name: str, recipe: Recipe, library: Library) -> None:
    design = catalog.find(name)
    rtl = design.elaborate(design.configuration()())
    found = equivalent(rtl, synthesize(rtl, recipe, library), library)
    assert found.proved, found
    assert "products of 1" in found.method
    assert ("151 flip-flops" in found.method) == rtl.clocked


@pytest.mark.parametrize(
    "fields",
    [
        {"pipeline_stages": 1},
        {"pipeline_stages": 3, "variant": "branch_round"},
        {"storage": "external", "columns_per_unit": 1},
        pytest.param({"signed_input": True, "final_rounding": "half_even"}, marks=pytest.mark.slow),
        pytest.param({"partial_sum": "accumulate", "accumulator_bits": 30}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_kind_of_unit(fields: dict[str, object], library: Library) -> None:
    rtl = catalog.find("nmpu_unit").elaborate(NmpuParameters(**fields))
    found = equivalent(rtl, synthesize(rtl, AREA, library), library)
    assert found.proved, found


@pytest.mark.parametrize(
    "name", ["float_add", "float_fused", "unsigned_to_float", "signed_to_float", "float_to_signed"]
)
def test_netlists_without_clock(name: str, library: Library) -> None:
    design = catalog.find(name)
    rtl = design.elaborate(design.configuration()())
    assert equivalent(rtl, synthesize(rtl, AREA, library), library).proved


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("nmpu", NmpuParameters(units=4)),
        pytest.param("nmpu_fp16", LdpuParameters(columns=8, lanes=1), marks=pytest.mark.slow),
        ("nmpu_fp16_lane", LdpuParameters()),
    ],
    ids=["nmpu", "nmpu_fp16", "nmpu_fp16_lane"],
)
def test_netlists_with_hierarchy_are_proved_module_by_module(name: str, parameters: object, library: Library) -> None:
    rtl = catalog.find(name).elaborate(parameters)
    mapped = synthesize(rtl, hierarchical((AREA,))[0], library)
    found = equivalent(rtl, mapped, library)
    assert found.proved, found
    assert f"{len(mapped.modules)} modules" in found.method


@pytest.mark.parametrize("name", ["sky130hd", "ihp-sg13g2", "asap7"])
def test_flip_flops_of_other_libraries(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With enable, with asynchronous set and reset that are tied, and (asap7) inverted and without a name."""
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    rtl, other = unit(), find(name)
    mapped = synthesize(rtl, AREA, other)
    assert equivalent(rtl, mapped, other).proved
    flip_flop = re.search(r"^  \w*(?:DFF|df)\w* _\d+_ \(\n(?:.*\n)*?    \.D\((\S+)\)", mapped.netlist, re.M)
    assert flip_flop
    tied = flip_flop[0].replace(f".D({flip_flop[1]})", ".D(1'b0)")
    found = equivalent(rtl, dataclasses.replace(mapped, netlist=mapped.netlist.replace(flip_flop[0], tied)), other)
    assert found.verdict == "different", found


def test_recoded_state_machine(library: Library) -> None:
    """Yosys gives the machine one bit a state: those have no match, and are followed from reset on."""
    parameters = LdpuParameters(columns=16, lanes=2, service_model="F2", arithmetic="fused")
    rtl = elaborate(LdpuSequencer(parameters=parameters, addend_rank=0), "sequencer")
    mapped = synthesize(rtl, AREA, library)
    found = equivalent(rtl, mapped, library)
    assert found.proved, found
    assert "5 flip-flops without a match" in found.method
    wrong = mapped.netlist.replace(".Q(fsm_state[1])", ".Q(fsm_state[9])").replace(
        ".Q(fsm_state[0])", ".Q(fsm_state[1])"
    )
    swapped = wrong.replace(".Q(fsm_state[9])", ".Q(fsm_state[0])")
    assert equivalent(rtl, dataclasses.replace(mapped, netlist=swapped), library).verdict == "different"


def test_merged_registers(library: Library) -> None:
    mapped = synthesize(TWINS, AREA, library)
    assert mapped.flip_flops == 4
    assert equivalent(TWINS, mapped, library).proved


def test_undecided_is_not_proved(library: Library) -> None:
    """A product too wide to try out; a flip-flop with another clock."""
    ports = (Port("a", "input", 14, False), Port("b", "input", 14, False), Port("y", "output", 28, False))
    verilog = "module wide(input [13:0] a, input [13:0] b, output [27:0] y);\n  assign y = a * b;\nendmodule\n"
    rtl = Rtl("wide", verilog, ports, clocked=False)
    found = equivalent(rtl, synthesize(rtl, AREA, library), library)
    assert (found.verdict, found.proved) == ("undecided", False)
    assert found.detail == "a product of 14 by 14 bits; those of 26 in all are tried out"
    mapped = synthesize(TWINS, AREA, library)
    gated = mapped.netlist.replace(".CK(clk)", ".CK(go)", 1)
    found = equivalent(TWINS, dataclasses.replace(mapped, netlist=gated), library)
    assert found.verdict == "undecided"
    assert re.fullmatch(r"the flip-flop of \S+ of 4 is not clocked by clk", found.detail)


def test_multiplier_that_is_none() -> None:
    verilog = "module wide(input [4:0] a, input [3:0] b, output [8:0] y);\n  assign y = a * b;\nendmodule\n"
    _, products = design_modules(verilog, "wide", ["wide"], booth=False)
    (product,) = products.values()
    assert wrong_product(product) is None
    gates = [cell for cell in product["cells"].values() if cell["type"] == "$_AND_"]
    gates[len(gates) // 2]["connections"]["A"] = ["0"]
    operands = wrong_product(product)
    assert operands is not None
    assert all(0 < operand < 32 for operand in operands)


def test_bad_arguments_and_the_cache(library: Library) -> None:
    mapped = synthesize(TWINS, AREA, library)
    with pytest.raises(ValueError, match=r"^seconds must be at least 1, not 0$"):
        equivalent(TWINS, mapped, library, seconds=0)
    with pytest.raises(ValueError, match=r"^mapped must be a netlist of twins, not of triplets$"):
        equivalent(TWINS, dataclasses.replace(mapped, top="triplets"), library)
    more = {**mapped.modules, "other": mapped.modules["twins"]}
    with pytest.raises(ValueError, match=r"^mapped must have the modules of twins; other is on one side only$"):
        equivalent(TWINS, dataclasses.replace(mapped, modules=more), library)
    broken = dataclasses.replace(mapped, netlist="module twins(;")
    with pytest.raises(ValueError, match=r"^Yosys: ERROR: "):
        equivalent(TWINS, broken, library)
    first = equivalent(TWINS, mapped, library)
    assert equivalent(TWINS, mapped, library) == first  # with its seconds: it was not done again
    inverted = dataclasses.replace(mapped, netlist=mapped.netlist.replace(".D(", ".D(rst), .D0(", 1))
    with pytest.raises(ValueError, match=r"^Yosys: ERROR: "):
        equivalent(TWINS, inverted, library)


Breakage = Callable[[str, random.Random], str]
INSTANCE = re.compile(r"^  (\w+) (_\d+_) \(\n((?:    \..*\n)+)  \);\n", re.M)
PIN = re.compile(r"\.(\w+)\(([^)]+)\)")
OTHER_TYPE = {"NAND2_X1": "NOR2_X1", "AND2_X1": "OR2_X1", "AOI21_X1": "OAI21_X1", "XNOR2_X1": "NAND2_X1"}
OTHER_TYPE |= {wrong: right for right, wrong in OTHER_TYPE.items() if right != "XNOR2_X1"}


def pick(netlist: str, chance: random.Random, kinds: str) -> re.Match[str]:
    return chance.choice([each for each in INSTANCE.finditer(netlist) if re.fullmatch(kinds, each[1])])


def other_gate(netlist: str, chance: random.Random) -> str:
    cell = pick(netlist, chance, "|".join(OTHER_TYPE))
    return netlist[: cell.start(1)] + OTHER_TYPE[cell[1]] + netlist[cell.end(1) :]


def swapped_nets(netlist: str, chance: random.Random) -> str:
    """What two gates drive, exchanged."""
    first, second = sorted((pick(netlist, chance, r"N(AND|OR)\d_X1") for _ in range(2)), key=lambda cell: cell.start())
    drives = [re.search(r"\.ZN\(([^)]+)\)", cell[3]) for cell in (first, second)]
    assert all(drives)
    one, two = drives[0], drives[1]
    early, late = first.start(3), second.start(3)
    return (
        netlist[: early + one.start(1)] + two[1] + netlist[early + one.end(1) : late + two.start(1)]
        + one[1] + netlist[late + two.end(1) :]
    )  # fmt: skip


def tied_pin(netlist: str, chance: random.Random) -> str:
    cell = pick(netlist, chance, r"(NAND|NOR|AND|OR|AOI|OAI)\d+_X1")
    pin = chance.choice([each for each in PIN.finditer(cell[3]) if each[1] not in ("Z", "ZN")])
    place = cell.start(3)
    return f"{netlist[: place + pin.start(2)]}1'b{chance.randint(0, 1)}{netlist[place + pin.end(2) :]}"


def dropped_inverter(netlist: str, chance: random.Random) -> str:
    cell = pick(netlist, chance, r"INV_X\d")
    pins = dict(PIN.findall(cell[3]))
    return f"{netlist[: cell.start()]}  assign {pins['ZN']} = {pins['A']};\n{netlist[cell.end() :]}"


BREAKAGES: tuple[Breakage, ...] = (other_gate, swapped_nets, tied_pin, dropped_inverter)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.__name__)
@pytest.mark.parametrize(
    "design", [pytest.param(unit, marks=pytest.mark.slow, id="nmpu_unit"), pytest.param(adder, id="float_add")]
)
def test_broken_netlists(design: Callable[[], Rtl], breakage: Breakage, seed: int, library: Library) -> None:
    rtl = design()
    mapped = synthesize(rtl, AREA, library)
    broken = dataclasses.replace(mapped, netlist=breakage(mapped.netlist, random.Random(f"{rtl.name} {seed}")))
    assert broken.netlist != mapped.netlist
    found = equivalent(rtl, broken, library, seconds=60)
    gates = gate_level(rtl, broken.netlist, cell_models(*library.paths))
    if found.verdict == "equal":  # the change is of no consequence, and a million vectors agree
        assert not differs(rtl, gates, vectors(rtl))
    elif "a loop through" not in found.detail:
        assert found.verdict == "different", found
        if found.method == f"module {rtl.name}":
            assert differs(rtl, gates, replayed(rtl, found))


def differs(rtl: Rtl, gates: Rtl, arrays: dict[str, np.ndarray]) -> bool:
    design, netlist = (simulate(each, arrays) for each in (rtl, gates))
    return any((design[name] != netlist[name]).any() for name in design)


def vectors(rtl: Rtl) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(1)
    words = {
        port.name: chance.integers(0, 1 << port.width, 1_000_000) for port in rtl.ports if port.direction == "input"
    }
    return words | ({"rst": chance.random(1_000_000) < 0.001} if rtl.clocked else {})


def replayed(rtl: Rtl, found: Equivalence) -> dict[str, np.ndarray]:
    """The counterexample as stimuli; one with a clock begins with reset."""
    signed = {port.name: port for port in rtl.ports if port.direction == "input"}
    arrays = {}
    for name, port in signed.items():
        words = np.array([cycle[name] for cycle in found.counterexample])
        arrays[name] = words - (words >> port.width - 1 << port.width) if port.signed else words
    if rtl.clocked:
        arrays["rst"] = np.array([1, *(cycle["rst"] for cycle in found.counterexample[1:])])
    return arrays
