"""What a calibration was made on, and what its figures mean and cannot say, in sentences."""

from collections.abc import Iterator

from flow.sar.arrays import INPUT_BITS
from flow.sar.result import NetworkCalibration

PUBLISHED = "1.6x to 2.3x less ADC power (Zhang et al., arXiv 2402.06164), on networks and data of its own"


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
