"""Figures of accuracy and of training, as SVG text; the same numbers give the same bytes."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flow.daism.arithmetic import REFERENCE
from flow.daism.inference import AccuracyRow
from flow.daism.training import LossCurve
from flow.demo.plots import COLOURS

_OFFSETS = {"full": -0.24, "guard": 0.0, "truncated": 0.24}


def loss_plot(curves: Sequence[LossCurve]) -> str:
    """Training loss and test accuracy per epoch: the mean over the seeds as a line, all of them as a band.

    Raises ValueError for no curves and for curves of an arithmetic that differ in length.
    """
    groups = _grouped(curves)
    figure = _figure()
    loss, accuracy = figure.subplots(1, 2)
    for colour, (name, members) in zip(COLOURS, groups.items(), strict=False):
        _draw(loss, name, colour, np.array([each.losses for each in members]))
        _draw(accuracy, name, colour, 100 * np.array([each.accuracy for each in members]))
    loss.set(xlabel="epoch", ylabel="training loss (mean cross entropy)", yscale="log")
    accuracy.set(xlabel="epoch", ylabel=f"correct of {curves[0].images} test images (%)")
    for axes in (loss, accuracy):
        axes.grid(alpha=0.25)
    loss.legend(loc="upper right", frameon=False, fontsize=8)
    return _svg(figure)


def _grouped(curves: Sequence[LossCurve]) -> dict[str, list[LossCurve]]:
    groups: dict[str, list[LossCurve]] = {}
    for curve in curves:
        groups.setdefault(curve.arithmetic, []).append(curve)
    if not groups:
        raise ValueError("curves must hold at least one, not none")
    for name, members in groups.items():
        if len({len(each.losses) for each in members}) > 1:
            raise ValueError(f"curves of {name} must have the same number of epochs")
    return groups


def _draw(axes: Any, name: str, colour: str, values: Any) -> None:
    epochs = np.arange(1, values.shape[1] + 1)
    axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    label = f"{name} ({len(values)} seed{'s' * (len(values) > 1)})"
    axes.plot(epochs, values.mean(axis=0), color=colour, marker="o", markersize=3, label=label)


def accuracy_plot(rows: Sequence[AccuracyRow]) -> str:
    """Test accuracy and error of the logits by variant and columns, hollow without and filled with corrected gains.

    The reference is a line, with a band of one standard error of a share of so many images to either side. Raises
    ValueError for no rows other than the reference.
    """
    drawn = [row for row in rows if row.arithmetic != REFERENCE.name]
    if not drawn:
        raise ValueError("rows must hold at least one other than the reference, not none")
    figure = _figure()
    accuracy, error = figure.subplots(1, 2)
    for row in rows:
        if row.arithmetic == REFERENCE.name:
            _draw_reference(accuracy, row)
    _draw_pairs(accuracy, drawn, lambda row: (100 * row.correct / row.images, 100 * row.corrected / row.images))
    _draw_pairs(error, drawn, lambda row: (row.error, row.corrected_error))
    accuracy.set(ylabel=f"correct of {drawn[0].images} test images (%)")
    error.set(ylabel="relative error of the logits (rms)", yscale="log")
    figure.legend(*accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return _svg(figure)


def _draw_reference(axes: Any, row: AccuracyRow) -> None:
    share = row.correct / row.images
    deviation = 100 * np.sqrt(share * (1 - share) / row.images)
    axes.axhspan(100 * share - deviation, 100 * share + deviation, color=COLOURS[8], alpha=0.15, linewidth=0)
    axes.axhline(100 * share, color=COLOURS[8], linewidth=1, label=f"{row.arithmetic}; band: standard error")


def _draw_pairs(axes: Any, rows: Sequence[AccuracyRow], pair: Callable[[AccuracyRow], tuple[float, float]]) -> None:
    """For each row a hollow and a filled dot with a line between them, variants side by side."""
    variants = list(dict.fromkeys(row.variant for row in rows))
    for (columns, offset), colour in zip(_OFFSETS.items(), COLOURS, strict=False):
        members = [row for row in rows if row.columns == columns]
        if members:
            places = [variants.index(row.variant) + offset for row in members]
            plain, corrected = zip(*map(pair, members), strict=True)
            axes.vlines(places, plain, corrected, color=colour, linewidth=1)
            axes.scatter(places, plain, s=22, facecolors="white", edgecolors=colour, zorder=3, label=columns)
            label = f"{columns}, gains corrected"
            axes.scatter(places, corrected, s=22, color=colour, zorder=2, label=label)
    axes.set_xticks(range(len(variants)), variants, rotation=45)
    axes.grid(alpha=0.25, axis="y")


def _figure() -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(8.4, 3.8), layout="constrained")


def _svg(figure: Any) -> str:
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "bitline"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
