"""The demo's result as text for the terminal and as a page that needs no other file."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from flow.demo.plots import accuracy_bars, area_stacks, error_histogram
from flow.demo.run import DemoResult
from gen.version import bitline_version


def accuracy_rows(result: DemoResult) -> list[dict[str, Any]]:
    """One row a correction: correct images, accuracy and its drop against float64 in percentage points."""
    reference = next(iter(result.correct.values()))
    return [
        {
            "name": name,
            "correct": correct,
            "percent": f"{100 * correct / result.images:.2f}",
            "drop": "reference" if correct is reference else f"{100 * (correct - reference) / result.images:+.2f} pp",
        }
        for name, correct in result.correct.items()
    ]


def write_page(result: DemoResult, path: Path) -> None:
    """Write the report to ``path``, all at once."""
    # Loaded late: the template engine is only needed here.
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(files("flow.demo").joinpath("report.html").read_text("utf-8"))
    from markupsafe import Markup

    page = template.render(
        images=result.images,
        accuracy=accuracy_rows(result),
        activations=f"{result.activations:,}",
        layers=result.layers,
        mismatches=result.mismatches,
        cycles=[{"name": name, "value": f"{value:,}"} for name, value in result.cycles.items()],
        area=area_rows(result),
        conditions=result.conditions,
        version=bitline_version(),
        accuracy_plot=Markup(accuracy_bars(result.correct, result.images)),
        error_plot=Markup(error_histogram({name: np.asarray(errors) for name, errors in result.errors.items()})),
        area_plot=Markup(area_stacks({name: area.parts_ge for name, area in result.areas.items()})),
    )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)


def area_rows(result: DemoResult) -> list[dict[str, str]]:
    """One row a part of each design, and its total."""
    rows = []
    for design, area in result.areas.items():
        for part, gates in area.parts_ge.items():
            rows.append(
                {"design": design, "part": part, "um2": f"{gates * area.nand2_um2:,.0f}", "ge": f"{gates:,.0f}"}
            )
        rows.append({"design": design, "part": "total", "um2": f"{area.um2:,.0f}", "ge": f"{area.ge:,.0f}"})
    return rows
