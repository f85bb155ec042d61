"""A cost model as a Python class for cost-model tools: one file that stands alone.

The class has the form of the components of ``hwcomponents`` (MIT, Accelergy group): area in m2 and leakage power in W
are fixed at construction, each action is a method that returns energy in J and latency in s. Where ``hwcomponents`` is
installed, the class is one of its own; where it is not, actions return a named tuple. The energy of an action is
without leakage, since users of such components count leakage power by time.
"""

from importlib.resources import files
from keyword import iskeyword
from textwrap import wrap
from typing import Any

from flow.exports.cost_model import Action, CostModel

_MARK = "# --- copied from here ---\n"
_WIDTH = 112
_M2_OF_UM2 = 1e12


def component_name(model: CostModel) -> str:
    """Name of the class."""
    return "".join(word.capitalize() for word in model.design.split("_"))


def render_component(model: CostModel) -> str:
    """The text of the Python file; the same model gives the same bytes.

    :raises ValueError: an action or a parameter has a name that a component uses for something else.
    """
    _refuse_names(component_name(model), [*model.parameters], [action.name for action in model.actions])
    return "\n\n".join((_heading(model), _standing(), _class(model))) + "\n"


# What the components of hwcomponents have, which an action of that name would hide.
_ATTRIBUTES = frozenset(
    {
        "area", "area_scale", "assert_int", "assert_match", "component_name", "energy_scale",
        "get_action_names", "get_log_messages", "latency_scale", "leak_power", "leak_power_scale", "logger",
        "pop_log_messages", "priority", "required_arguments", "resolve_multiple_ways_to_calculate_value",
        "scale", "scale_area", "scale_energy", "scale_latency", "scale_leak_power", "scale_tech_node",
        "scale_throughput", "subcomponents", "throughput_scale", "try_call_arbitrary_action",
        "try_init_arbitrary_args",
    }
)  # fmt: skip
_ARGUMENTS = frozenset({"self", "super"})  # what the constructor's text calls something else


def _refuse_names(title: str, parameters: list[str], actions: list[str]) -> None:
    if iskeyword(title):
        raise ValueError(f"{title} cannot be the name of a class")
    for kind, names, taken in (("parameter", parameters, _ARGUMENTS), ("action", actions, _ATTRIBUTES)):
        if clash := sorted(taken.intersection(names)):
            raise ValueError(f"{clash[0]} cannot be the name of a component's {kind}: it has another meaning there")


def _standing() -> str:
    text = files("flow.exports").joinpath("standalone.py").read_text("utf-8")
    return text.partition(_MARK)[2]


def _heading(model: CostModel) -> str:
    return _docstring(
        f"Cost of {model.design}: {model.summary}.",
        f"Written by bitline from {model.design}.json, which says where the figures come from. Library "
        f"{model.library.name}; {model.conditions}.",
    )


def _class(model: CostModel) -> str:
    netlist = model.area.buffered
    lines = [
        f"class {component_name(model)}(_Base):",
        _docstring(
            f"{model.summary}; {model.source}.",
            f"Area: netlist with buffers (recipe {netlist.recipe}), {netlist.um2:,.1f} um2, {netlist.ge:,.0f} GE; "
            "energies are without leakage.",
            indent=4,
        ),
        "",
        f"    component_name = {_literal(model.design)}",
        "    priority = 0.5",
        "",
        *_constructor(model),
    ]
    for action in model.actions:
        lines += ["", *_method(action)]
    return "\n".join(lines)


def _constructor(model: CostModel) -> list[str]:
    arguments = [f"{name}={_literal(value)}" for name, value in model.parameters.items()]
    lines = [f"    def __init__({', '.join(['self', *arguments])}):"]
    lines += [
        f"        _expect({_literal(name)}, {name}, {_literal(value)})" for name, value in model.parameters.items()
    ]
    if model.leakage_w is None:
        reason = f"leakage of {model.design} is not known: {model.unknown['leakage_w']}"
        return [*lines, f"        raise ValueError({_literal(reason)})"]
    area = model.area.buffered.um2 / _M2_OF_UM2
    return [*lines, f"        super().__init__(area={area!r}, leak_power={model.leakage_w!r})"]


def _method(action: Action) -> list[str]:
    lines = ["    @_action", f"    def {action.name}(self):", _docstring(f"{action.description}.", indent=8)]
    if action.energy_j is None or action.latency_s is None or action.throughput_per_s is None:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in action.unknown.items())
        return [*lines, f"        raise ValueError({_literal(f'cost of {action.name} is not known: {reasons}')})"]
    figures = f"{action.energy_j.dynamic!r}, {action.latency_s!r}, {action.throughput_per_s!r}"
    return [*lines, f"        return _cost({figures})"]


def _literal(value: Any) -> str:
    return ascii(value)


def _docstring(first: str, *paragraphs: str, indent: int = 0) -> str:
    """A docstring of any texts that end with a full stop: what could end it, or is not ASCII, is escaped."""
    margin = " " * indent
    blocks = [[_escaped(line) for line in wrap(text, _WIDTH - indent)] for text in (first, *paragraphs)]
    if len(blocks) == 1 and len(blocks[0]) == 1:
        return f'{margin}"""{blocks[0][0]}"""'
    text = "\n\n".join("\n".join(f"{margin}{line}" for line in block) for block in blocks)
    return f'{margin}"""{text.lstrip()}\n{margin}"""'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').encode("ascii", "backslashreplace").decode()
