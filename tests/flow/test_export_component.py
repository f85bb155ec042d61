"""The exported Python component: alone, and as a component of hwcomponents.

hwcomponents needs a newer Python than bitline does. Where it is not installed, stand-ins of its two interfaces (actions
return a pair, as in its release 1.0.90, or an object, as in 1.0.114) show that the exported class is one of its
components; they are no proof that the tool itself takes it. Where it is installed, the last test asks the tool.
"""

import ast
import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flow.exports.component import component_name, render_component
from flow.exports.cost_model import CostModel, load_cost_model
from flow.exports.writing import write_cost_model

EXAMPLE = load_cost_model(Path(__file__).with_name("cost_model_example.json"))

COMMON = """
from abc import ABC, abstractmethod

class ComponentModel(ABC):
    component_name = None
    priority = 0.5

    @abstractmethod
    def __init__(self, leak_power=None, area=None, subcomponents=None):
        if leak_power is None or area is None:
            raise ValueError("both must be set")
        self.leak_power, self.area, self.energy_scale = leak_power, area, 1
"""
OF_PAIRS = """
def action(function):
    def call(self, *arguments, **named):
        energy, latency = function(self, *arguments, **named)
        return energy * self.energy_scale, latency
    call._is_component_action = True
    return call
"""
OF_OBJECTS = """
class ActionCost:
    def __init__(self, energy, latency, throughput):
        self.energy, self.latency, self.throughput = energy, latency, throughput

def action(function):
    def call(self, *arguments, **named):
        cost = function(self, *arguments, **named)
        if not isinstance(cost, ActionCost):
            raise ValueError(f"expected an ActionCost, got {cost}")
        return ActionCost(cost.energy * self.energy_scale, cost.latency, cost.throughput)
    call._is_component_action = True
    return call
"""

# Without site-packages there is neither bitline nor hwcomponents.
PROBE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("exported", sys.argv[1])
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)
part = exported.AdderTree()
print(json.dumps([part.component_name, part.area, part.leak_power, part.add(), part.add().energy]))
"""


def loaded(model: CostModel, folder: Path) -> ModuleType:
    _, path = write_cost_model(model, folder)
    spec = importlib.util.spec_from_file_location("exported_component", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if hwcomponents were not installed."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "hwcomponents" else find_spec(name))


@pytest.fixture(params=[OF_PAIRS, OF_OBJECTS], ids=["pairs", "objects"])
def stand_in(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A stand-in of hwcomponents on the path; whether its actions return objects."""
    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "hwcomponents.py").write_text(COMMON + request.param)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "hwcomponents", raising=False)
    importlib.invalidate_caches()
    yield request.param is OF_OBJECTS
    sys.modules.pop("hwcomponents", None)


def test_without_bitline_and_without_hwcomponents(tmp_path: Path) -> None:
    _, path = write_cost_model(EXAMPLE, tmp_path)
    command = [sys.executable, "-I", "-S", "-c", PROBE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    name, area, leak_power, cost, energy = json.loads(done.stdout)
    assert name == "adder_tree"
    assert area == pytest.approx(1100 * 1e-6 * 1e-6)  # um2, of the netlist that the energy is of, in m2
    assert leak_power == 20e-6
    assert cost == [1.5e-12, 5e-9, 400e6]  # without leakage, which leak_power has
    assert energy == 1.5e-12


@pytest.mark.usefixtures("alone")
def test_a_configuration_that_was_not_measured_is_refused(tmp_path: Path) -> None:
    exported = loaded(EXAMPLE, tmp_path)
    assert exported.AdderTree(lanes=4, signed=True, scale=0.5, mode="fast").area > 0
    with pytest.raises(ValueError) as caught:
        exported.AdderTree(lanes=8)
    assert str(caught.value) == "lanes must be 4, the value that was measured, not 8"
    with pytest.raises(TypeError):
        exported.AdderTree(width=8)


@pytest.mark.usefixtures("alone")
def test_what_is_not_known_is_not_answered(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        loaded(EXAMPLE, tmp_path).AdderTree().clear()
    assert str(caught.value) == (
        "cost of clear is not known: energy_j: no vectors clear anything; throughput_per_s: no vectors clear anything"
    )
    (add, clear) = EXAMPLE.actions
    unleaky = replace(EXAMPLE, leakage_w=None, unknown={"leakage_w": "no OpenSTA"}, actions=(clear,))
    with pytest.raises(ValueError) as caught:
        loaded(unleaky, tmp_path).AdderTree()
    assert str(caught.value) == "leakage of adder_tree is not known: no OpenSTA"
    assert add.energy_j is not None


def test_it_is_a_component_of_hwcomponents(stand_in: bool, tmp_path: Path) -> None:
    exported = loaded(EXAMPLE, tmp_path)
    tool = sys.modules["hwcomponents"]
    part = exported.AdderTree(lanes=4)
    assert isinstance(part, tool.ComponentModel)
    assert (part.area, part.leak_power) == (pytest.approx(1.1e-9), 2e-5)
    assert part.add._is_component_action
    part.energy_scale = 2
    cost: Any = part.add()
    if stand_in:
        assert isinstance(cost, tool.ActionCost)
        assert (cost.energy, cost.latency, cost.throughput) == (3e-12, 5e-9, 400e6)
    else:
        assert cost == (3e-12, 5e-9)
    # Only the component is public: the tool takes every public class of a file for a component.
    owned = [value for value in vars(exported).values() if getattr(value, "__module__", "") == exported.__name__]
    assert [value.__name__ for value in owned if isinstance(value, type) and value.__name__[0] != "_"] == ["AdderTree"]


def test_any_text_stays_text(tmp_path: Path) -> None:
    for text in ('""" + str(1/0) + """', "\\", 'ends in "', "\\N{bad}", "{1/0}", "\u00e4\ud800", "'" * 3):
        actions = (replace(EXAMPLE.actions[0], description=text), EXAMPLE.actions[1])
        model = replace(EXAMPLE, summary=text, source=text, actions=actions, parameters={"mode": text})
        tree = ast.parse(render_component(model))
        (described,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AdderTree")
        assert (ast.get_docstring(described) or "").startswith(f"{text}; {text}.")
        (add,) = (node for node in described.body if isinstance(node, ast.FunctionDef) and node.name == "add")
        assert ast.get_docstring(add) == f"{text}."
        (start, *_) = (node for node in described.body if isinstance(node, ast.FunctionDef))
        assert [ast.literal_eval(default) for default in start.args.defaults] == [text]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"design": "none"}, "None cannot be the name of a class"),
        ({"parameters": {"self": 1}}, "self cannot be the name of a component's parameter"),
        ({"actions": (replace(EXAMPLE.actions[0], name="area"),)}, "area cannot be the name of a component's action"),
    ],
)
def test_a_name_that_means_something_else_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        write_cost_model(replace(EXAMPLE, **change), tmp_path)
    assert str(caught.value).startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_only_its_own_files_are_replaced(tmp_path: Path) -> None:
    table, component = write_cost_model(EXAMPLE, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    other = replace(EXAMPLE, conditions="after layout")
    assert write_cost_model(other, tmp_path) == (table, component)
    assert load_cost_model(table) == other
    assert "after layout" in " ".join(component.read_text().split())
    for path, text in ((table, table.read_text().replace("after", "before")), (component, "print()\n"), (table, "{}")):
        kept = {each: each.read_text() for each in (table, component)}
        path.write_text(text)
        with pytest.raises(ValueError) as caught:
            write_cost_model(EXAMPLE, tmp_path)
        assert str(caught.value) == f"{path} is not as bitline wrote it; choose another folder"
        assert path.read_text() == text
        path.write_text(kept[path])
        assert {each: each.read_text() for each in (table, component)} == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "adder_tree.json",
        "adder_tree_component.py",
        "notes.txt",
    ]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError) as caught:
        write_cost_model(EXAMPLE, tmp_path / "file")
    assert str(caught.value).startswith(f"cannot write to {tmp_path / 'file'}: ")
    (tmp_path / "adder_tree.json").mkdir()
    with pytest.raises(ValueError, match=r"adder_tree\.json is not as bitline wrote it"):
        write_cost_model(EXAMPLE, tmp_path)


def test_names_of_classes() -> None:
    assert component_name(EXAMPLE) == "AdderTree"


def test_hwcomponents_itself_takes_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("hwcomponents") is None:
        pytest.skip("hwcomponents is not installed (it needs Python 3.12)")
    import hwcomponents

    _, path = write_cost_model(EXAMPLE, tmp_path)
    (found,) = hwcomponents.get_models(str(path), include_installed=False)
    assert issubclass(found, hwcomponents.ComponentModel)
    part = found(lanes=4)
    assert (part.area, part.leak_power) == (pytest.approx(1.1e-9), pytest.approx(2e-5))
    cost = part.add()
    assert (cost.energy, cost.latency) == (1.5e-12, 5e-9)
    with pytest.raises(ValueError, match="lanes must be 4, the value that was measured, not 8"):
        found(lanes=8)
