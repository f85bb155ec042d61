"""A calibration as text for the terminal, as data for programs and as a short page with the histograms."""

from dataclasses import asdict
from typing import Any

from flow.sar.notes import PUBLISHED, notes, plain_comparisons, setting
from flow.sar.result import LayerResult, NetworkCalibration
from flow.sar.tables import NAMES, aligned, markdown, tables


def text(result: NetworkCalibration) -> str:
    """What the terminal shows."""
    lines = [setting(result), ""]
    for title, table in tables(result):
        lines += [title, *aligned(table), ""]
    lines += [*notes(result), ""]
    lines += [
        f"{result.rate / 1e6:,.0f} million conversions per second over the test half, the network's arithmetic in"
    ]
    return "\n".join([*lines, *[f"not reached: {failure}; this is the best found" for failure in result.failures]])


def page(result: NetworkCalibration) -> str:
    """The report as Markdown; the histograms are files beside it. The same calibration gives the same bytes."""
    lines = ["# Twin-range calibration of the digits network", "", setting(result), ""]
    for title, table in tables(result):
        lines += [f"## {title[0].upper()}{title[1:]}", "", *markdown(table), ""]
    lines += ["## What this says", "", *[f"- {note}" for note in notes(result)]]
    lines += [f"- Not reached: {failure}; this is the best found." for failure in result.failures]
    lines += ["", "## Bit-line counts", ""]
    for layer in result.layers:
        lines += [f"![{layer.arrays.name}]({plot_name(layer)})", ""]
    return "\n".join(lines)


def data(result: NetworkCalibration) -> dict[str, Any]:
    """The result for programs; an infinite CSNR is the word inf."""
    return {
        "request": asdict(result.request),
        "images": result.images,
        "exact_correct": result.exact_correct,
        "layers": [_layer_data(layer) for layer in result.layers],
        "plain_comparisons": plain_comparisons(result),
        **{half: {name: _score_data(result, half, name) for name in NAMES} for half in ("held_out", "test")},
        "published": PUBLISHED,
        "notes": notes(result),
        "failures": result.failures,
        "conversions_per_second": round(result.rate),
    }


def plot_name(layer: LayerResult) -> str:
    """The file of a layer's histogram."""
    return f"{layer.arrays.name}.svg"


def _layer_data(layer: LayerResult) -> dict[str, Any]:
    counts, equal = layer.statistics, layer.equal
    return {
        "name": layer.arrays.name,
        "conversions": counts.conversions,
        "share_zero": counts.share_below(1),
        "share_below_16": counts.share_below(16),
        "largest": counts.largest,
        "clipped": counts.clipped,
        "parameters": asdict(layer.parameters),
        "operations": layer.chosen.operations,
        "nmse": layer.chosen.nmse,
        "csnr_db": _decibels(layer.csnr),
        "monotone": layer.monotone,
        "lossless_operations": layer.lossless.operations,
        "bits_needed": layer.bits_needed,
        "clipped_parameters": asdict(layer.clipped.configuration),
        "clipped_nmse": layer.clipped.nmse,
        "clipped_csnr_db": _decibels(layer.clipped_csnr),
        "clipped_at_equal_operations": asdict(equal),
        "histogram": counts.histogram.tolist(),
    }


def _decibels(value: float) -> float | str:
    return value if abs(value) != float("inf") else f"{value:g}"


def _score_data(result: NetworkCalibration, half: str, name: str) -> dict[str, Any]:
    score = (result.held_out if half == "held_out" else result.test)[name]
    return {
        "correct": score.correct,
        "drop_pp": result.drop(half, name),
        "conversions": score.tally.conversions,
        "operations": score.tally.mean,
        "saving": result.request.bits / score.tally.mean,
        "clipped": score.tally.clipped,
        "logit_error": score.loss,
    }
