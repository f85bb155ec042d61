"""Tables of a liberty file: energies by input transition time and output load."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.libraries.groups import Group

Reals = NDArray[np.float64]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SLEW, _LOAD = "input_transition_time", "total_output_net_capacitance"
_VARIABLES = ("variable_1", "variable_2")


@dataclass(frozen=True, kw_only=True)
class Units:
    """What one unit of a liberty file is: of time, of capacitance, of energy (capacitance times voltage squared)."""

    time_ps: float
    load_ff: float
    energy_fj: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Energies ``values`` (slews, loads) in fJ at the points ``slews_ps`` and ``loads_ff``.

    Where an axis has one point the energy does not depend on it.
    """

    slews_ps: Reals
    loads_ff: Reals
    values: Reals

    def at(self, slew_ps: Reals, load_ff: Reals) -> Reals:
        """Energies between the points, bilinear; beyond the characterised range those at its border."""
        row, across = _place(self.slews_ps, slew_ps)
        column, along = _place(self.loads_ff, load_ff)
        below, right = np.minimum(row + 1, len(self.slews_ps) - 1), np.minimum(column + 1, len(self.loads_ff) - 1)
        first = self.values[row, column] * (1 - along) + self.values[row, right] * along
        second = self.values[below, column] * (1 - along) + self.values[below, right] * along
        return first * (1 - across) + second * across


def _place(points: Reals, at: Reals) -> tuple[NDArray[np.int64], Reals]:
    """Index of the point below and the share of the way to the next."""
    if len(points) == 1:
        return np.zeros(np.shape(at), np.int64), np.zeros(np.shape(at))
    inside = np.clip(at, points[0], points[-1])
    index = np.clip(np.searchsorted(points, inside, side="right") - 1, 0, len(points) - 2)
    return index, (inside - points[index]) / (points[index + 1] - points[index])


def read_table(group: Group, templates: Mapping[str, Group], units: Units) -> Table:
    """The table in a group such as ``rise_power``, whose axes are its own or those of its template.

    :raises ValueError: an axis is of something else than transition time and load, or the numbers do not fill it.
    """
    template = templates.get(group.name, Group("", ""))
    axes = {_SLEW: np.zeros(1), _LOAD: np.zeros(1)}
    order: list[str] = []
    for index, variable in enumerate(_VARIABLES, 1):
        name = template.attributes.get(variable, "").strip('" ')
        if not name:
            continue
        if name not in axes:
            raise ValueError(f"the axes of {group.name} must be {_SLEW} and {_LOAD}, not {name}")
        axes[name] = numbers(
            group.attributes.get(f"power_index_{index}", template.attributes.get(f"power_index_{index}", ""))
        )
        order.append(name)
    values = numbers(group.attributes.get("power_values", ""))
    shape = [len(axes[name]) for name in order]
    if len(values) != int(np.prod(shape)):
        raise ValueError(f"{group.kind} of {group.name} must hold {int(np.prod(shape))} numbers, not {len(values)}")
    return _table(values.reshape(shape), order, axes, units)


def _table(values: Reals, order: Sequence[str], axes: Mapping[str, Reals], units: Units) -> Table:
    if list(order) == [_LOAD, _SLEW]:
        values = values.T
    return Table(
        slews_ps=axes[_SLEW] * units.time_ps,
        loads_ff=axes[_LOAD] * units.load_ff,
        values=values.reshape(len(axes[_SLEW]), len(axes[_LOAD])) * units.energy_fj,
    )


def numbers(text: str) -> Reals:
    """All numbers in a text."""
    return np.array([float(number) for number in _NUMBER.findall(text)])
