"""The Pareto plot of a sweep: its first two metrics, as SVG and PNG."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from flow.demo.plots import COLOURS
from flow.sweep.front import on_front
from flow.sweep.run import SweepResult
from flow.sweep.table import Row, headings

# More numbers than this cannot be told apart.
_LABELS = 24
# Values that differ by more than this factor go on a logarithmic axis.
_WIDE = 20
_FRONT, _OTHER, _LINE = COLOURS[0], COLOURS[8], COLOURS[1]


def pareto_plot(result: SweepResult, rows: Sequence[Row]) -> tuple[str, bytes]:
    """SVG text and PNG bytes; the same points give the same bytes. With one metric it stands over the points' numbers.

    Filled points are on the front of all metrics; the line is the front of the two metrics that are drawn.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bitline"}):
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axes = figure.subplots()
        measured = [row for row in rows if row.values]
        _draw(axes, result, measured)
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=150, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()


def _draw(axes: Any, result: SweepResult, measured: Sequence[Row]) -> None:
    request = result.request
    labels = headings(result)
    if len(labels) > 1:
        places = np.array([list(row.values.values())[:2] for row in measured])
        axes.set(xlabel=labels[0], ylabel=labels[1], xscale=_scale(places[:, 0]), yscale=_scale(places[:, 1]))
        _draw_steps(axes, places)
    else:
        places = np.array([[row.point, *row.values.values()] for row in measured])
        axes.set(xlabel="point", ylabel=labels[0], yscale=_scale(places[:, 1]))
    front = np.array([row.front for row in measured])
    axes.scatter(*places[~front].T, s=26, facecolors="none", edgecolors=_OTHER, label="other points")
    axes.scatter(*places[front].T, s=34, color=_FRONT, label=f"Pareto front of {', '.join(labels)}", zorder=3)
    _number(axes, places[front], [row.point for row in measured if row.front])
    axes.set_title(f"{request.design.name} on {request.library.name}, {request.describe()['conditions']}", fontsize=10)
    axes.grid(alpha=0.25)
    axes.legend(loc="upper right", frameon=False, fontsize=8)


def _scale(values: Any) -> str:
    """Logarithmic where values lie too far apart to be told apart on a line."""
    return "log" if values.min() > 0 and values.max() > _WIDE * values.min() else "linear"


def _draw_steps(axes: Any, places: Any) -> None:
    line = places[on_front(places)]
    line = line[np.lexsort((line[:, 1], line[:, 0]))]
    if len(line) == 1:
        return
    axes.step(*line.T, where="post", color=_LINE, linewidth=1.2, label="front of the two metrics drawn")


def _number(axes: Any, places: Any, points: Sequence[int]) -> None:
    """Put the points' numbers beside them."""
    if len(points) > _LABELS:
        return
    for place, point in zip(places, points, strict=True):
        axes.annotate(str(point), place, xytext=(5, 4), textcoords="offset points", fontsize=8, color=COLOURS[11])
