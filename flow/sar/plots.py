"""Histograms of bit-line counts with the two ranges of the configuration chosen, as SVG."""

import io
from typing import Any

import numpy as np

from flow.demo.plots import COLOURS
from flow.sar.result import LayerResult
from sim_models.sar import TrqParameters, transfer

_R1, _R2, _BARS = COLOURS[0], COLOURS[3], COLOURS[2]
# Share of the height that the steps take, below the bars.
_STRIP = 0.16


def histogram_plot(layer: LayerResult) -> str:
    """How often each count was converted, on a logarithmic axis; below it every step of R1 and R2.

    The axis ends after the largest count seen; the same layer gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bitline"}):
        figure = Figure(figsize=(7.2, 3.8), layout="constrained")
        bars, steps = figure.subplots(2, sharex=True, height_ratios=(1 - _STRIP, _STRIP))
        _draw_bars(bars, layer)
        _draw_steps(steps, layer)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _draw_bars(axes: Any, layer: LayerResult) -> None:
    p, histogram = layer.parameters, layer.statistics.histogram
    end = _end(layer)
    axes.bar(np.arange(end), histogram[:end], width=0.9, color=_BARS, zorder=2)
    axes.set(yscale="log", ylabel="conversions", ylim=(0.6, 4 * histogram.max()))
    axes.axvspan(p.r1_start - 0.5, min(p.r1_end, end) - 0.5, color=_R1, alpha=0.16, lw=0, zorder=0)
    for start, stop in _r2_spans(p, end):
        axes.axvspan(start - 0.5, stop - 0.5, color=_R2, alpha=0.16, lw=0, zorder=0)
    axes.set_title(
        f"{layer.arrays.name}: R1 {_range(p)}, N1 = {p.r1_bits}, N2 = {p.r2_bits}, "
        f"{layer.chosen.operations:.3f} comparisons, NMSE {layer.chosen.nmse:.2g}",
        fontsize=10,
    )
    axes.grid(axis="y", alpha=0.25)


def _draw_steps(axes: Any, layer: LayerResult) -> None:
    """One box a step, as wide as the counts that get the same code, with a mark at the value it stands for."""
    p, end = layer.parameters, _end(layer)
    converted = transfer(p)
    codes = np.stack([converted.in_r1, converted.code], axis=1)
    edges = np.flatnonzero((codes[1:] != codes[:-1]).any(axis=1)) + 1
    starts, stops = np.array([0, *edges]), np.array([*edges, len(codes)])
    for colour, chosen in ((_R1, converted.in_r1[starts]), (_R2, ~converted.in_r1[starts])):
        boxes = np.stack([starts - 0.5, stops - starts], axis=1)[chosen & (starts < end)]
        axes.broken_barh(boxes, (-0.5, 1), facecolors=colour, edgecolor="white", linewidth=0.8)
    values = converted.value[starts[starts < end]]
    axes.plot(values, np.zeros(len(values)), ".", color="white", markersize=3.5)
    axes.set(xlabel=f"count on a bit line (largest seen: {layer.statistics.largest})", yticks=[])
    axes.set(xlim=(-0.7, end - 0.3), ylim=(-0.5, 0.5))
    axes.set_ylabel("steps", rotation=0, ha="right", va="center")
    handles = [_patch(_R1, f"R1, step {1 << p.r1_step_log2}"), _patch(_R2, f"R2, step {1 << p.r2_step_log2}")]
    axes.figure.axes[0].legend(handles=handles, frameon=False, fontsize=8, loc="upper right")


def _patch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=label)


def _end(layer: LayerResult) -> int:
    """The first count that is not drawn: a little after the largest seen and the end of R1, if that is near."""
    largest = layer.statistics.largest
    return min(layer.parameters.maximum, max(largest + max(2, largest // 16), 8)) + 1


def _r2_spans(p: TrqParameters, end: int) -> list[tuple[int, int]]:
    spans = [(0, p.r1_start), (p.r1_end, end)]
    return [(start, stop) for start, stop in spans if start < stop]


def _range(p: TrqParameters) -> str:
    return f"{p.r1_start}..{p.r1_end - 1}"
