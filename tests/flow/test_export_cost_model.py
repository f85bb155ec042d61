"""The cost model as JSON: what it says of a design, and every malformed file that must be refused."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flow.exports.cost_model import CostModel, load_cost_model
from flow.exports.measured import compose
from flow.exports.writing import write_cost_model
from flow.libraries import find as find_library
from flow.synthesis import synthesize
from flow.synthesis.recipes import PLAIN, buffered
from gen.catalog import find

EXAMPLE = Path(__file__).with_name("cost_model_example.json")
SCHEMA = Path(__file__).resolve().parents[2] / "flow" / "exports" / "cost_model.schema.json"


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        load_cost_model(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path} is no cost model: ")


def set_in(content: Any, path: str, value: Any) -> None:
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in parents:
        content = content[key]
    content[last] = value


def test_the_schema_is_a_schema_and_every_figure_has_a_unit() -> None:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    units = re.compile(r"_(um2|s|j|w|v|c|per_s)$|^(um2|ge)$")
    bare = set()

    def walk(node: Any, unit: bool = False) -> None:
        for key, part in node.get("properties", {}).items():
            kinds = part.get("type", ())
            number = "number" in ([kinds] if isinstance(kinds, str) else kinds)
            number |= part.get("$ref") in ("#/$defs/amount", "#/$defs/positive")
            if number and not unit and not units.search(key):
                bare.add(key)
            for inner in (part, part.get("items", {}), *part.get("oneOf", ())):
                walk(inner, unit or bool(units.search(key)))

    for node in (schema, *schema["$defs"].values()):
        walk(node)
    assert bare == set()


def test_reading_and_writing_change_nothing(tmp_path: Path) -> None:
    model = load_cost_model(EXAMPLE)
    table, _ = write_cost_model(model, tmp_path)
    assert load_cost_model(table) == model
    written = json.loads(table.read_text())
    assert re.fullmatch("[0-9a-f]{64}", written.pop("sha256"))
    assert written == json.loads(EXAMPLE.read_text())


def test_what_a_model_answers() -> None:
    model = load_cost_model(EXAMPLE)
    assert model.area.buffered.um2 == 1100.0
    energy = model.action("add").energy_j
    assert energy is not None
    assert energy.dynamic == 1.5e-12
    with pytest.raises(ValueError, match="unknown action 'ad': did you mean 'add'"):
        model.action("ad")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("design", "Adder Tree", "design: 'Adder Tree' does not match"),
        ("design", "class", "'class' cannot be a name: Python has another use for it"),
        ("design", "adder\n", "design: 'adder\\n' should not be valid under"),
        ("summary", "", "summary: '' should be non-empty"),
        ("schema.version", 2, "schema.version: 1 was expected"),
        ("area.smallest.um2", -1.0, "area.smallest.um2: -1.0 is less than or equal to the minimum of 0"),
        ("area.smallest.um2", 999.0, "area.smallest.um2 is 999, but the rest makes it 1000"),
        ("area.buffered.by_kind_um2.memory", 0, "area.buffered.um2 is 1100, but the rest makes it 900"),
        ("area.buffered.memories", [], "area.buffered.by_kind_um2.memory is 200, but the rest makes it 0"),
        ("area.buffered.memories.0.built_of", "SRAM", "area.buffered.memories[0].built_of: 'flip-flops' was expected"),
        ("area.buffered.memories.0.words", 0.5, "area.buffered.memories[0].words: 0.5 is not of type 'integer'"),
        ("area.buffered", None, "area.buffered: None is not of type 'object'"),
        ("leakage_w", -1e-9, "leakage_w: -1e-09 is less than the minimum of 0"),
        ("leakage_w", "2e-5", "leakage_w: '2e-5' is not of type 'number', 'null'"),
        ("leakage_w", None, "unknown: 'leakage_w' is a required property"),
        ("unknown", {"leakage_w": "why not"}, "unknown: {'leakage_w': 'why not'} should not be valid under"),
        ("unknown", {"area": "why not"}, "unknown: 'area' is not one of ['leakage_w']"),
        ("timing.delay_s", 0, "timing.delay_s: 0 is less than or equal to the minimum of 0"),
        ("timing.delay_s", None, "timing.delay_s: None is not of type 'number'"),
        ("timing.longest_path_s", None, "timing.unknown: 'longest_path_s' is a required property"),
        ("actions", [], "actions: [] should be non-empty"),
        ("actions.0.latency_cycles", -1, "actions[0].latency_cycles: -1 is less than the minimum of 0"),
        ("actions.0.latency_s", 6e-9, "latency_s of action add is 6e-09, but the rest makes it 5e-09"),
        ("actions.0.energy_j.total", 1e-12, "energy_j.total of action add is 1e-12, but the rest makes it 1.55e-12"),
        ("leakage_w", 3e-5, "energy_j.leakage of action add is 5e-14, but the rest makes it 7.5e-14"),
        ("actions.0.energy_j.internal", -1e-12, "actions[0].energy_j.internal: -1e-12 is less than the minimum of 0"),
        ("actions.0.measured_cycles", None, "actions[0].measured_cycles: None is not of type 'integer'"),
        ("actions.1.name", "add", "the action add is there twice"),
        ("actions.1.measured_cycles", 3, "actions[1].measured_cycles: 3 is not of type 'null'"),
        ("parameters.lanes", [4], "parameters.lanes: [4] is not of type 'integer', 'number', 'boolean', 'string'"),
        ("provenance.path", 1, "provenance.path: 1 is not of type 'string'"),
        ("sha256", "0" * 64, "sha256 does not fit the rest, which was changed; take the key out to accept that"),
        ("colour", "red", "$: Additional properties are not allowed ('colour' was unexpected)"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(tmp_path: Path, path: str, value: Any, message: str) -> None:
    content = json.loads(EXAMPLE.read_text())
    set_in(content, path, value)
    file = tmp_path / "model.json"
    file.write_text(json.dumps(content))
    assert refusal(file).startswith(message)


def test_every_required_key_is_missed(tmp_path: Path) -> None:
    content = json.loads(EXAMPLE.read_text())
    file = tmp_path / "model.json"
    for key in content:
        file.write_text(json.dumps({name: value for name, value in content.items() if name != key}))
        assert refusal(file) == f"$: {key!r} is a required property"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[]", "$: [] is not of type 'object'"),
        ("[" * 100_000, "its objects are nested too deeply"),
        ('{"leakage_w": NaN}', "NaN is no number"),
        ('{"leakage_w": 1e999}', "1e999 is too large a number"),
        (f'{{"leakage_w": 1{"0" * 400}}}', "[...] is too large a number"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "model.json"
    file.write_text(text)
    assert refusal(file).startswith(message)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json") == f"cannot read {tmp_path / 'none.json'}: No such file or directory"
    (tmp_path / "model.json").write_bytes(b"\xff\xfe")
    assert refusal(tmp_path / "model.json") == "it is not UTF-8 text"


def test_an_energy_needs_what_belongs_to_it(tmp_path: Path) -> None:
    content = json.loads(EXAMPLE.read_text())
    content["leakage_w"], content["unknown"] = None, {"leakage_w": "nobody looked"}
    file = tmp_path / "model.json"
    file.write_text(json.dumps(content))
    assert refusal(file) == "action add has an energy, but leakage_w is null"


def priced(
    name: str, settings: dict[str, Any], period_ps: float | None = 800.0, sta: bool = True, **changes: Any
) -> Any:
    """What `flow.prices` says of a design by one recipe, with times that can be told apart in the model."""
    design, library = find(name), find_library()
    rtl = design.elaborate(design.configuration()(**settings))
    smallest, driven = (synthesize(rtl, recipe, library) for recipe in (PLAIN, buffered(PLAIN)))
    fields = {
        "design": name,
        "recipe": "plain",
        "area_um2": smallest.area_um2,
        "ge": smallest.ge,
        "kinds": smallest.kinds,
        "macro": None,
        "delay_ps": 700.0,
        "buffered_um2": driven.area_um2,
        "timing": SimpleNamespace(longest_ps=850.0, tool="OpenSTA 2.0.17") if sta else None,
        "period_ps": period_ps if sta else None,
        "conditions": "pre-layout",
    }
    return SimpleNamespace(**{**fields, **changes})


def energy_of(name: str, **changes: Any) -> Any:
    """What `flow.power` says of a design, with figures that are exact in binary."""
    fields = {
        "design": name,
        "library": "freepdk45",
        "recipe": "plain_buffered",
        "action": "one group of columns",
        "operations": 50,
        "cycles": 200,
        "period_ps": 1000.0,
        "internal_pj": 2.0,
        "switching_pj": 1.0,
        "leakage_pj": 0.5,
        "total_pj": 3.5,
        "leakage_uw": 125.0,
        "label": "activity of 50 operations",
        "tool": "liberty tables at the slews and loads of OpenSTA 2.0.17",
    }
    return SimpleNamespace(**{**fields, **changes})


def composed(name: str, settings: dict[str, Any], price: Any, energy: Any, why: str = "") -> CostModel:
    design = find(name)
    return compose(design, design.configuration()(**settings), find_library(), price, energy, why)


def through_json(model: CostModel, folder: Path) -> CostModel:
    """The model after it was written and read, which checks it."""
    table, _ = write_cost_model(model, folder)
    return load_cost_model(table)


UNIT = {"columns_per_unit": 2}
BITS = {"width": 4, "exponent_bits": 4, "fraction_bits": 3}


def test_a_clocked_design_with_energy(tmp_path: Path) -> None:
    model = composed("nmpu_unit", UNIT, priced("nmpu_unit", UNIT), energy_of("nmpu_unit"))
    assert through_json(model, tmp_path) == model
    (action,) = model.actions
    assert model.leakage_w == 125e-6
    timing = model.timing
    assert (timing.delay_s, timing.longest_path_s, timing.shortest_period_s) == (7e-10, 8.5e-10, 8e-10)
    assert timing.clock_period_s == 1e-9
    assert action.energy_j is not None
    assert action.throughput_per_s is not None
    assert (action.energy_j.internal, action.energy_j.switching) == (2e-12, 1e-12)
    assert (action.energy_j.leakage, action.energy_j.total) == (5e-13, 3.5e-12)
    # The leakage of the operation is the power over the time between operations: 4 cycles of 1 ns.
    assert action.energy_j.leakage == pytest.approx(model.leakage_w / action.throughput_per_s)
    assert action.throughput_per_s == pytest.approx(250e6)
    design = find("nmpu_unit")
    cycles = design.cycles(design.configuration()(**UNIT))
    assert (action.latency_cycles, action.latency_s) == (cycles, pytest.approx(cycles * 1e-9))
    assert model.parameters["columns_per_unit"] == 2
    assert (model.library.voltage_v, model.library.temperature_c) == (1.1, 25.0)
    assert model.tools["OpenSTA"] == "2.0.17"
    assert set(model.tools) >= {"bitline", "pyosys", "amaranth"}


def test_the_areas_are_those_of_the_netlists() -> None:
    model = composed("nmpu_unit", UNIT, priced("nmpu_unit", UNIT), energy_of("nmpu_unit"))
    design, library = find("nmpu_unit"), find_library()
    rtl = design.elaborate(design.configuration()(**UNIT))
    for netlist, recipe in ((model.area.smallest, PLAIN), (model.area.buffered, buffered(PLAIN))):
        text = synthesize(rtl, recipe, library).netlist
        found = Counter(re.findall(r"^  ([A-Z][A-Z0-9]*_X\d+) ", text, re.M))
        areas = {name: number * library.cells[name].area_um2 for name, number in found.items()}
        assert netlist.um2 == pytest.approx(sum(areas.values()), rel=1e-12)
        assert netlist.ge == pytest.approx(netlist.um2 / 0.798, rel=1e-12)
        # The storage of the unit is a memory, a module of its own in the netlist.
        kinds = netlist.by_kind_um2
        flip_flops = sum(area for name, area in areas.items() if name.startswith("DFF"))
        assert 0 < kinds["flip_flop"] < flip_flops < kinds["flip_flop"] + kinds["memory"]
        (memory,) = netlist.memories
        assert (memory.module, memory.count, memory.built_of) == ("nmpu_storage", 1, "flip-flops")
        assert memory.each_um2 == kinds["memory"] >= memory.words * memory.width_bits * library.flip_flop_um2
    assert model.area.buffered.um2 >= model.area.smallest.um2


def test_a_combinational_design_takes_its_delay(tmp_path: Path) -> None:
    name = "unsigned_to_float"
    model = composed(
        name, BITS, priced(name, BITS, period_ps=None), energy_of(name, period_ps=900.0, leakage_pj=0.45, total_pj=3.45)
    )
    assert through_json(model, tmp_path) == model
    (action,) = model.actions
    assert (action.latency_cycles, action.latency_s) == (0, 8.5e-10)
    assert model.timing.clock_period_s == 9e-10
    assert model.timing.unknown == {"shortest_period_s": "the design has no clock"}
    assert model.area.smallest.by_kind_um2["flip_flop"] == 0
    assert model.area.smallest.memories == ()


def test_without_opensta_nothing_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    price = priced("nmpu_unit", UNIT, sta=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    why = "sta not found, which disables energies; install it with: apt-get install opensta"
    model = composed("nmpu_unit", UNIT, price, None, why)
    assert through_json(model, tmp_path) == model
    (action,) = model.actions
    assert (model.leakage_w, model.unknown) == (None, {"leakage_w": why})
    assert (action.energy_j, action.latency_s, action.throughput_per_s) == (None, None, None)
    absent = "OpenSTA, which measures it, was not found"
    assert action.unknown == {"energy_j": why, "throughput_per_s": why, "latency_s": absent}
    assert action.latency_cycles > 0
    assert model.timing.delay_s == 7e-10
    assert model.timing.tool is None
    assert model.timing.unknown == dict.fromkeys(("longest_path_s", "shortest_period_s", "clock_period_s"), absent)
    assert model.area.buffered.um2 > 0
    assert "OpenSTA" not in model.tools


def test_a_combinational_design_without_opensta_has_a_latency(tmp_path: Path) -> None:
    price = priced("unsigned_to_float", BITS, sta=False)
    model = through_json(composed("unsigned_to_float", BITS, price, None, "no sta"), tmp_path)
    assert model.actions[0].latency_s == 7e-10
    assert model.timing.unknown["shortest_period_s"] == "the design has no clock"


def test_figures_that_do_not_belong_together_are_refused() -> None:
    name = "unsigned_to_float"
    price = priced(name, BITS)
    with pytest.raises(RuntimeError) as failure:
        composed(name, BITS, price, energy_of(name, recipe="speed"))
    assert str(failure.value) == f"the energy of {name} is of recipe speed, which is not that of its area"
    with pytest.raises(RuntimeError, match=r"recipe plain_buffered gives [\d.]+ um2, not 1\.0 um2"):
        composed(name, BITS, priced(name, BITS, buffered_um2=1.0), energy_of(name))
    with pytest.raises(ValueError) as caught:
        composed(name, BITS, priced(name, BITS, macro=SimpleNamespace(name="sram")), energy_of(name))
    assert str(caught.value) == "a cost model has its memories in flip-flops, not in macro sram"


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    model = composed("nmpu_unit", UNIT, priced("nmpu_unit", UNIT), energy_of("nmpu_unit", cycles=4))
    with pytest.raises(ValueError) as caught:
        write_cost_model(model, tmp_path)
    assert str(caught.value) == "energy_j.leakage of action operation is 5e-13, but the rest makes it 1e-14"
    assert list(tmp_path.iterdir()) == []


def test_same_design_same_bytes() -> None:
    price = priced("unsigned_to_float", BITS)
    first, second = (composed("unsigned_to_float", BITS, price, None, "no") for _ in range(2))
    assert first.to_json() == second.to_json()
    assert replace(first, leakage_w=1.0).to_json() != first.to_json()
