"""A sweep's points as rows, and the rows as CSV and as text."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flow.sweep.front import on_front
from flow.sweep.journal import DONE
from flow.sweep.run import SweepResult


@dataclass(frozen=True, kw_only=True)
class Row:
    """One point: the values of the swept keys, the metrics' values where there are any, whether it is on the front."""

    point: int
    state: str
    front: bool
    settings: Mapping[str, Any]
    values: Mapping[str, float]
    message: str


def rows_of(result: SweepResult) -> list[Row]:
    """A row for every finished point, in the order of the search."""
    names = [it.name for it in result.request.metrics]
    done = result.done
    values = np.array([[record.values[name] for name in names] for record in done]).reshape(len(done), len(names))
    best = {record.point for record, kept in zip(done, on_front(values), strict=True) if kept}
    return [
        Row(
            point=record.point,
            state=record.state,
            front=record.point in best,
            settings={key: record.parameters[key] for key in result.request.space.swept},
            values={name: record.values[name] for name in names} if record.state == DONE else {},
            message=record.message,
        )
        for record in result.records
    ]


def headings(result: SweepResult) -> list[str]:
    """Names of the metrics with their units."""
    return [f"{it.name} ({it.unit})" for it in result.request.metrics]


def csv_text(result: SweepResult, rows: Iterable[Row]) -> str:
    """All rows with a heading line; ``front`` is 1 or 0."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    names = [it.name for it in result.request.metrics]
    lines.writerow(["point", "state", "front", *result.request.space.swept, *headings(result), "message"])
    for row in rows:
        values = [row.values.get(name, "") for name in names]
        settings = map(setting_text, row.settings.values())
        lines.writerow([row.point, row.state, int(row.front), *settings, *values, row.message])
    return text.getvalue()


def front_text(result: SweepResult, rows: Sequence[Row]) -> str:
    """The front as a table for the terminal, with what was measured and how many points there are."""
    front = [row for row in rows if row.front]
    refused = len(rows) - len(result.done)
    counts = [f"{len(result.done)} measured", f"{refused} refused", *[f"{result.failed} failed"] * bool(result.failed)]
    description = result.request.describe()
    title = f"{description['design']} on {description['library']} ({description['conditions']}): {', '.join(counts)}"
    table = [["point", *result.request.space.swept, *headings(result)]]
    for row in front:
        values = [f"{value:,.5g}" for value in row.values.values()]
        table.append([str(row.point), *map(setting_text, row.settings.values()), *values])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in table]
    definitions = [f"{it.name}: {it.definition}" for it in result.request.metrics]
    return "\n".join([title, "", f"Pareto front, {len(front)} points", *lines, "", *definitions])


def setting_text(value: Any) -> str:
    """A parameter's value as it is written on the command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)
