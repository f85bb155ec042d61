"""Plots of the trade-off study as SVG; the same study gives the same bytes."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flow.daism.tradeoff import Point
from flow.demo.plots import COLOURS
from sim_models.daism.parameters import KEPT_COLUMNS

_MARKERS = dict(zip(KEPT_COLUMNS, "osD", strict=True))
_CONDITIONS = "array by a stated model, logic synthesised on FreePDK45"


def cycles_plot(points: Sequence[Point], baselines: Mapping[str, tuple[float, int]]) -> str:
    """Cycles of the study's layers against area, one variant: sizes by name, a mark for each choice of columns.

    ``baselines``: area in mm2 and cycles of row-stationary arrays, by name.
    """

    def draw(axes: Any) -> None:
        for place, kept in enumerate(KEPT_COLUMNS):
            chosen = [point for point in points if point.kept_columns == kept]
            places = [point.area_mm2 for point in chosen], [point.cycles for point in chosen]
            axes.scatter(*places, s=30, marker=_MARKERS[kept], color=COLOURS[place], label=f"{kept} columns", zorder=3)
        for point in points:
            if point.kept_columns == KEPT_COLUMNS[-1]:
                _name(axes, point.size, point.area_mm2, point.cycles)
        areas, cycles = zip(*baselines.values(), strict=True)
        axes.plot(areas, cycles, "x--", linewidth=0.8, color=COLOURS[11], label="row-stationary baseline", zorder=2)
        for name, (area, count) in baselines.items():
            _name(axes, name, area, count, below=True)
        axes.set(xscale="log", yscale="log", xlabel="area of accelerator or PEs, no buffers (mm²)", ylabel="cycles")
        axes.set_title(f"three layers, {points[0].variant}; {_CONDITIONS}", fontsize=9)

    return _svg(draw)


def energy_plot(points: Sequence[Point]) -> str:
    """Energy of a multiply-accumulate against mean relative error, one size: variants by name."""

    def draw(axes: Any) -> None:
        for place, kept in enumerate(KEPT_COLUMNS):
            chosen = [point for point in points if point.kept_columns == kept]
            places = [100 * point.mred for point in chosen], [point.mac_pj for point in chosen]
            axes.scatter(*places, s=30, marker=_MARKERS[kept], color=COLOURS[place], label=f"{kept} columns", zorder=3)
            for point in chosen:
                _name(axes, point.variant, 100 * point.mred, point.mac_pj, below=point.variant.startswith("hla"))
        axes.set(xlabel="mean relative error of products (%)", ylabel="energy of a multiply-accumulate (pJ)")
        axes.set_title(f"{points[0].size}, DRAM left out; {_CONDITIONS}", fontsize=9)

    return _svg(draw)


def lane_plot(parts: Mapping[str, Mapping[str, float]]) -> str:
    """Area of one lane and of its share of the bank, in um2, stacked by part; a bar for each design."""

    def draw(axes: Any) -> None:
        left = dict.fromkeys(parts, 0.0)
        names = list(dict.fromkeys(part for each in parts.values() for part in each))
        for place, name in enumerate(names):
            sizes = [each.get(name, 0.0) for each in parts.values()]
            axes.barh(list(parts), sizes, left=list(left.values()), color=COLOURS[place], label=name, height=0.6)
            left = {design: left[design] + size for design, size in zip(parts, sizes, strict=True)}
        axes.invert_yaxis()
        axes.set(xlabel="area of one lane and its share of a bank (um²)")
        axes.set_title(_CONDITIONS, fontsize=9)

    return _svg(draw)


def _name(axes: Any, text: str, x: float, y: float, *, below: bool = False) -> None:
    offset = (5, -10) if below else (5, 3)
    axes.annotate(text, (x, y), xytext=offset, textcoords="offset points", fontsize=7, color=COLOURS[11])


def _svg(draw: Callable[[Any], None]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bitline"}):
        figure = Figure(figsize=(7.6, 4.8), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.margins(x=0.09)
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
        axes.legend(loc="upper right", frameon=False, fontsize=8)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
