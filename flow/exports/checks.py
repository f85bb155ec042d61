"""Whether a text is a cost model: JSON, by the schema, in agreement with itself, unchanged since it was written."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from keyword import iskeyword
from math import isclose, isfinite
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NoReturn

from flow.exports.cost_model import content_sha256

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_ACCURACY = 1e-9  # of sums and products of figures that were rounded once
_REPORTED = 1e-2  # of powers and times that tools print with few digits
_LONGEST_MESSAGE = 300


def check(text: str) -> dict[str, Any]:
    """The content of ``text``, checked.

    :raises ValueError: what is wrong with it, in one line.
    """
    try:
        content = json.loads(text, parse_constant=_refuse_constant, parse_float=_real, parse_int=_integer)
    except RecursionError:
        raise ValueError("its objects are nested too deeply") from None
    error = next(
        iter(sorted(schema().iter_errors(content), key=lambda error: (len(error.path), str(error.path)))), None
    )
    if error is not None:
        message = shorten(error.message, _LONGEST_MESSAGE, placeholder=" ...")
        raise ValueError(f"{error.json_path.removeprefix('$.')}: {message}")
    _check_hash(content)
    _check_names(content)
    _check_area(content["area"])
    for action in content["actions"]:
        _check_action(action, content)
    return content


@cache
def schema() -> "Draft202012Validator":
    """The validator of the schema that comes with bitline."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(files("flow.exports").joinpath("cost_model.schema.json").read_text("utf-8")))


def _worst(content: Any) -> "ValidationError | None":
    from jsonschema.exceptions import best_match

    return best_match(schema().iter_errors(content))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _real(text: str) -> float:
    if not isfinite(value := float(text)):
        raise ValueError(f"{shorten(text, 20)} is too large a number")
    return value


def _integer(text: str) -> int:
    _real(text)
    return int(text)


def _check_hash(content: Mapping[str, Any]) -> None:
    if "sha256" in content and content["sha256"] != content_sha256(content):
        raise ValueError("sha256 does not fit the rest, which was changed; take the key out to accept that")


def _check_names(content: Mapping[str, Any]) -> None:
    """Parameters and actions become names in Python."""
    names = [action["name"] for action in content["actions"]]
    for name in (content["design"], *content["parameters"], *names):
        if iskeyword(name):
            raise ValueError(f"{name!r} cannot be a name: Python has another use for it")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the action {name} is there twice")


def _check_area(area: Mapping[str, Any]) -> None:
    for which, netlist in area.items():
        where, kinds = f"area.{which}", netlist["by_kind_um2"]
        _check_equal(f"{where}.um2", netlist["um2"], sum(kinds.values()))
        memories = sum(memory["count"] * memory["each_um2"] for memory in netlist["memories"])
        _check_equal(f"{where}.by_kind_um2.memory", kinds["memory"], memories)


def _check_action(action: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    where = f"action {action['name']}"
    if energy := action["energy_j"]:
        if content["leakage_w"] is None:
            raise ValueError(f"{where} has an energy, but leakage_w is null")
        parts = energy["internal"] + energy["switching"] + energy["leakage"]
        _check_equal(f"energy_j.total of {where}", energy["total"], parts)
        if rate := action["throughput_per_s"]:
            _check_equal(f"energy_j.leakage of {where}", energy["leakage"], content["leakage_w"] / rate, _REPORTED)
    period, latency = content["timing"]["clock_period_s"], action["latency_s"]
    if action["latency_cycles"] and latency is not None:
        if period is None:
            raise ValueError(f"{where} has a latency_s, but timing.clock_period_s is null")
        _check_equal(f"latency_s of {where}", latency, action["latency_cycles"] * period)


def _check_equal(what: str, given: float, computed: float, accuracy: float = _ACCURACY) -> None:
    if not isclose(given, computed, rel_tol=accuracy):
        raise ValueError(f"{what} is {given:g}, but the rest makes it {computed:g}")
