"""Plots of the demo's report, as SVG text that can stand inside a page."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLOURS = (
    "#0b6e4f", "#c8553d", "#2e4057", "#d9a441", "#7a6c9d", "#6b8f71",
    "#4a90a4", "#a8577e", "#8a8d91", "#b5c99a", "#e2b6a0", "#1c2430",
)  # fmt: skip


def error_histogram(errors: Mapping[str, NDArray[np.int64]]) -> str:
    """Share of activations by error against float64, in output LSB, one bar a format; the axis is logarithmic."""
    figure, axes = _figure()
    limit = max(int(np.abs(values).max(initial=0)) for values in errors.values())
    positions = np.arange(-limit, limit + 1)
    width = 0.8 / len(errors)
    for index, (name, values) in enumerate(errors.items()):
        share = np.bincount(values + limit, minlength=2 * limit + 1) / values.size
        axes.bar(positions + (index - (len(errors) - 1) / 2) * width, share, width, label=name, color=COLOURS[index])
    axes.set(yscale="log", xlabel="error against float64 (output LSB)", ylabel="share of activations", xticks=positions)
    axes.legend(frameon=False)
    return _svg(figure)


def accuracy_bars(correct: Mapping[str, int], images: int) -> str:
    """Test accuracy by number format; the axis starts where the differences can be seen."""
    figure, axes = _figure()
    shares = [100 * count / images for count in correct.values()]
    bars = axes.barh(list(correct), shares, color=COLOURS[: len(correct)])
    labels = [f"{share:.2f} % ({count})" for share, count in zip(shares, correct.values(), strict=True)]
    axes.bar_label(bars, labels=labels, label_type="center", color="white")
    lowest = np.floor(min(shares)) - 2
    axes.set(xlim=(lowest, 100), xlabel=f"correct of {images} test images (%); axis starts at {lowest:.0f} %")
    axes.invert_yaxis()
    return _svg(figure)


def area_stacks(breakdowns: Mapping[str, Mapping[str, float]]) -> str:
    """Area of each design, stacked by part, in thousands of gate equivalents."""
    figure, axes = _figure()
    parts = list(dict.fromkeys(part for breakdown in breakdowns.values() for part in breakdown))
    left = np.zeros(len(breakdowns))
    for index, part in enumerate(parts):
        sizes = np.array([breakdown.get(part, 0.0) / 1000 for breakdown in breakdowns.values()])
        axes.barh(list(breakdowns), sizes, left=left, label=part, color=COLOURS[index % len(COLOURS)])
        left += sizes
    axes.set(xlabel="area (kGE, FreePDK45)")
    axes.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return _svg(figure)


def _figure() -> tuple[Any, Any]:
    # Only the report needs the plotting library, which is slow to load.
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "bitline"
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(7.2, 3.4), layout="constrained")


def _svg(figure: Any) -> str:
    from matplotlib import pyplot

    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]
