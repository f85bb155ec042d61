"""The demo's result as text for the terminal and as a page that needs no other file."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from flow.demo.plots import accuracy_bars, area_stacks, error_histogram
from flow.demo.run import DemoResult
from flow.prices import CONDITIONS
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
    source = files("flow.demo").joinpath("report.html").read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    page = template.render(
        images=result.images,
        accuracy=accuracy_rows(result),
        activations=f"{result.activations:,}",
        layers=result.layers,
        mismatches=result.mismatches,
        cycles=[{"name": name, "value": f"{value:,}"} for name, value in result.cycles.items()],
        area=area_rows(result),
        conditions=CONDITIONS,
        version=bitline_version(),
        accuracy_plot=Markup(accuracy_bars(result.correct, result.images)),
        error_plot=Markup(error_histogram(result.errors)),
        area_plot=Markup(area_stacks({name: area.parts_ge() for name, area in result.areas.items()})),
    )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)


def area_rows(result: DemoResult) -> list[dict[str, str]]:
    """One row a part of each design, and its total."""
    rows = []
    for design, area in result.areas.items():
        parts = [(f"{part.count} x {part.name}" if part.count > 1 else part.name, part.area_um2) for part in area.parts]
        for part, um2 in [*parts, ("total", area.area_um2)]:
            gates = um2 / area.library.nand2_um2
            rows.append({"design": design, "part": part, "um2": f"{um2:,.0f}", "ge": f"{gates:,.0f}"})
    return rows


def text(result: DemoResult) -> str:
    """What the terminal shows."""
    lines = [f"{result.images} handwritten digits, {result.layers} layers on modelled analog columns", ""]
    for row in accuracy_rows(result):
        lines.append(f"{row['name']:26}{row['correct']:4} correct  {row['percent']:>6} %  {row['drop']}")
    verdict = "identical" if result.mismatches == 0 else f"{result.mismatches:,} DIFFERENT"
    lines += ["", f"golden model and simulated Verilog: {result.activations:,} activations, {verdict}", "", "cycles"]
    lines += [f"  {name}: {value:,}" for name, value in result.cycles.items()]
    lines += ["", f"area ({CONDITIONS})"]
    for name, area in result.areas.items():
        lines.append(f"  {name}: {area.area_um2:,.0f} um2, {area.ge:,.0f} GE ({area.library.name})")
    return "\n".join(lines)


def data(result: DemoResult) -> dict[str, Any]:
    """The result for programs."""
    return {
        "images": result.images,
        "correct": result.correct,
        "activations": result.activations,
        "mismatches": result.mismatches,
        "cycles": result.cycles,
        "area_um2": {name: area.area_um2 for name, area in result.areas.items()},
        "parts_ge": {name: area.parts_ge() for name, area in result.areas.items()},
    }
