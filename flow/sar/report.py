"""A calibration as text for the terminal, as data for programs and as a short page with the histograms."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from flow.sar.arrays import INPUT_BITS
from flow.sar.result import LayerResult, NetworkCalibration
from sim_models.sar import ClippedParameters

NAMES = {
    "lossless": "twin ranges, no error",
    "twin_range": "twin ranges, chosen",
    "clipped": "clipped, at most as many comparisons",
    "clipped_limit": "clipped, same accuracy limit",
}
PUBLISHED = "1.6x to 2.3x less ADC power (Zhang et al., arXiv 2402.06164), on networks and data of its own"
Table = tuple[Sequence[str], list[Sequence[str]]]


def text(result: NetworkCalibration) -> str:
    """What the terminal shows."""
    lines = [setting(result), ""]
    for title, table in _tables(result):
        lines += [title, *_aligned(table), ""]
    lines += [*notes(result), ""]
    lines += [
        f"{result.rate / 1e6:,.0f} million conversions per second over the test half, the network's arithmetic in"
    ]
    return "\n".join([*lines, *[f"not reached: {failure}; this is the best found" for failure in result.failures]])


def page(result: NetworkCalibration) -> str:
    """The report as Markdown; the histograms are files beside it. The same calibration gives the same bytes."""
    lines = ["# Twin-range calibration of the digits network", "", setting(result), ""]
    for title, table in _tables(result):
        lines += [f"## {title[0].upper()}{title[1:]}", "", *_markdown(table), ""]
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


def setting(result: NetworkCalibration) -> str:
    """What was calibrated, in one sentence."""
    request = result.request
    arrays = request.arrays
    complement = ", heavy columns complemented" if arrays.complement_columns else ""
    return (
        f"Digits network on arrays of {arrays.rows} rows, {arrays.cell_bits}-bit cells, {arrays.encoding} weights"
        f"{complement}; {INPUT_BITS} input bits, as activations are at most 127; {request.bits}-bit converters. "
        f"Histograms of {result.images['calibration']} images, accuracy limit of {request.max_drop:g} pp on "
        f"{result.images['held_out']} others of the training half, {result.images['test']} test images."
    )


def plain_comparisons(result: NetworkCalibration) -> float:
    """Comparisons of plain converters with just the bits that each layer's counts need."""
    conversions = [layer.statistics.conversions for layer in result.layers]
    needed = sum(layer.bits_needed * count for layer, count in zip(result.layers, conversions, strict=True))
    return needed / sum(conversions)


def notes(result: NetworkCalibration) -> list[str]:
    """What the figures mean, who wins, and what they cannot say."""
    return list(_notes(result))


def _notes(result: NetworkCalibration) -> Iterator[str]:
    clipped_counts = sum(layer.statistics.clipped for layer in result.layers)
    if clipped_counts:
        yield f"{clipped_counts:,} counts of the calibration images are above the largest code and are clipped."
    exact = "without error but clipping" if clipped_counts else "without error"
    yield (
        f"Saving {exact}: {result.saving('lossless'):.2f}x; as chosen: {result.saving('twin_range'):.2f}x. "
        f"Published: {PUBLISHED}. Ours counts comparisons on this network only."
    )
    yield _lossless_note(result, exact.capitalize())
    yield _equal_note(result)
    limit = result.request.max_drop
    if max(result.drop("held_out", name) for name in ("twin_range", "clipped_limit")) <= limit:
        yield _limit_note(result)
        if (drop := result.drop("test", "twin_range")) > limit:
            yield (
                f"On the test half the accuracy drops by {drop:.2f} pp, more than the limit: that was checked on "
                "held-out images of the half that the network was trained on."
            )


def _lossless_note(result: NetworkCalibration, exact: str) -> str:
    conversions = [layer.statistics.conversions for layer in result.layers]
    made = sum(layer.lossless.operations * count for layer, count in zip(result.layers, conversions, strict=True))
    lossless, plain = made / sum(conversions), plain_comparisons(result)
    bits = "/".join(str(layer.bits_needed) for layer in result.layers)
    return (
        f"{exact} {_winner(plain - lossless)}: on the calibration images twin ranges take {lossless:.3f} comparisons, "
        f"plain converters of just the bits that each layer's counts need ({bits}) {plain:.3f}, {plain / lossless:.2f} "
        "times as many. Twin ranges stay exact for larger counts, these do not."
    )


def _equal_note(result: NetworkCalibration) -> str:
    chosen, clipped = result.test["twin_range"], result.test["clipped"]
    lead = chosen.correct - clipped.correct or clipped.loss - chosen.loss
    return (
        f"At no more comparisons {_winner(lead)} on the test half: twin ranges {chosen.correct} correct with "
        f"{chosen.tally.mean:.3f} comparisons, clipped {clipped.correct} with {clipped.tally.mean:.3f}; mean squared "
        f"error of the logits {chosen.loss:.3g} and {clipped.loss:.3g}."
    )


def _limit_note(result: NetworkCalibration) -> str:
    chosen, clipped = result.test["twin_range"], result.test["clipped_limit"]
    return (
        f"At the same accuracy limit {_winner(clipped.tally.mean - chosen.tally.mean)}: {chosen.tally.mean:.3f} "
        f"comparisons with twin ranges, {clipped.tally.mean:.3f} clipped; {chosen.correct} and {clipped.correct} "
        "correct on the test half."
    )


def _winner(lead: float) -> str:
    """Who wins, by the ``lead`` of twin ranges."""
    return "neither wins" if lead == 0 else "twin ranges win" if lead > 0 else "clipping wins"


def _tables(result: NetworkCalibration) -> list[tuple[str, Table]]:
    return [
        ("bit-line counts and twin ranges, on the calibration images", _range_table(result)),
        ("clipped converters beside them, on the calibration images", _clipped_table(result)),
        ("the network", _network_table(result)),
    ]


def _range_table(result: NetworkCalibration) -> Table:
    head = [
        "layer",
        "conversions",
        "P(x=0)",
        "P(x<16)",
        "max",
        "R1",
        "steps",
        "N1/N2",
        "ops",
        "NMSE",
        "CSNR dB",
        "mono",
    ]
    rows: list[Sequence[str]] = []
    for layer in result.layers:
        p, counts = layer.parameters, layer.statistics
        rows.append(
            [
                layer.arrays.name,
                f"{counts.conversions:,}",
                f"{counts.share_below(1):.3f}",
                f"{counts.share_below(16):.3f}",
                str(counts.largest),
                f"{p.r1_start}..{p.r1_end - 1}",
                f"{1 << p.r1_step_log2}/{1 << p.r2_step_log2}",
                f"{p.r1_bits}/{p.r2_bits}",
                f"{layer.chosen.operations:.3f}",
                f"{layer.chosen.nmse:.2e}",
                f"{layer.csnr:.1f}",
                "yes" if layer.monotone else "no",
            ]
        )
    return head, rows


def _clipped_table(result: NetworkCalibration) -> Table:
    head = ["layer", "ops of twin ranges", "NMSE", "clipped, fewer", "NMSE", "clipped, more", "NMSE", "at equal ops"]
    head += ["network's", "NMSE", "CSNR dB"]
    rows: list[Sequence[str]] = []
    for layer in result.layers:
        equal, chosen = layer.equal, layer.clipped.configuration
        assert isinstance(chosen, ClippedParameters)
        rows.append(
            [
                layer.arrays.name,
                f"{layer.chosen.operations:.3f}",
                f"{layer.chosen.nmse:.2e}",
                f"{equal.fewer.kept_bits}",
                f"{equal.fewer_nmse:.2e}",
                f"{equal.more.kept_bits}",
                f"{equal.more_nmse:.2e}",
                "-" if equal.nmse is None else f"{equal.nmse:.2e}",
                f"{chosen.kept_bits}",
                f"{layer.clipped.nmse:.2e}",
                f"{layer.clipped_csnr:.1f}",
            ]
        )
    return head, rows


def _network_table(result: NetworkCalibration) -> Table:
    head = ["converters", "ops", "saving", "held-out drop pp", "test correct", "test drop pp", "logit error"]
    bits, images = result.request.bits, result.images["test"]
    exact = f"{result.exact_correct['test']} of {images}"
    rows: list[Sequence[str]] = [[f"none (exact), beside plain {bits}-bit", f"{bits:.3f}", "1.000x", "", exact, "", ""]]
    for name, label in NAMES.items():
        score = result.test[name]
        rows.append(
            [
                label,
                f"{score.tally.mean:.3f}",
                f"{result.saving(name):.3f}x",
                f"{result.drop('held_out', name):.2f}",
                f"{score.correct} of {images}",
                f"{result.drop('test', name):.2f}",
                f"{score.loss:.3g}",
            ]
        )
    return head, rows


def _aligned(table: Table) -> list[str]:
    head, rows = table
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (head, *rows)
    ]


def _markdown(table: Table) -> list[str]:
    head, rows = table
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(row)} |" for row in lines]


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
