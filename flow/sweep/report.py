"""The files that a sweep leaves beside its journal, each written all at once; the same points give the same bytes."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from flow.sweep.journal import DONE
from flow.sweep.plot import pareto_plot
from flow.sweep.run import SweepResult
from flow.sweep.table import Row, csv_text, headings, setting_text
from gen.cache import replace_file
from gen.version import bitline_version

CSV, SVG, PNG, PAGE = "results.csv", "pareto.svg", "pareto.png", "table.html"


def write_report(result: SweepResult, rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write CSV, plot and page of a sweep with at least one measured point into ``folder``; returns their paths."""
    svg, png = pareto_plot(result, rows)
    contents = {
        CSV: csv_text(result, rows).encode(),
        SVG: svg.encode(),
        PNG: png,
        PAGE: page(result, rows, svg).encode(),
    }
    for name, content in contents.items():
        replace_file(folder / name, content)
    return [folder / name for name in contents]


def page(result: SweepResult, rows: Sequence[Row], svg: str) -> str:
    """A page that needs no other file, with a table that sorts."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    source = files("flow.sweep").joinpath(PAGE).read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    request = result.request
    description = request.describe()
    return template.render(
        design=request.design.name,
        library=request.library.name,
        conditions=description["conditions"],
        measured=len(result.done),
        refused=len(rows) - len(result.done),
        front=sum(row.front for row in rows),
        plot=Markup(svg[svg.index("<svg") :]),
        headings=["point", "front", *request.space.swept, *headings(result), "remark"],
        rows=[{"style": _style(row), "cells": _cells(row, result)} for row in rows],
        metrics=request.metrics,
        fixed=[(key, setting_text(value)) for key, value in description["fixed"].items()],
        version=bitline_version(),
    )


def _style(row: Row) -> str:
    return "front" if row.front else row.state


def _cells(row: Row, result: SweepResult) -> list[dict[str, Any]]:
    values = [row.values.get(it.name) for it in result.request.metrics]
    remark = row.message if row.state == DONE else f"{row.state}: {row.message}"
    return [
        _cell(row.point),
        {"value": int(row.front), "text": "front" if row.front else "", "number": False, "mark": True},
        *map(_cell, row.settings.values()),
        *map(_cell, values),
        _cell(remark),
    ]


def _cell(value: Any) -> dict[str, Any]:
    """What a cell shows, and what it is sorted by."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:,.5g}" if isinstance(value, float) else setting_text("" if value is None else value)
    return {"value": value if is_number else text, "text": text, "number": is_number, "mark": False}
