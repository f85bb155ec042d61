"""Accuracy and curves as text for the terminal and as data for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import mean, stdev
from typing import Any

from flow.daism.inference import CALIBRATION_IMAGES, AccuracyRow
from flow.daism.training import BATCH, LEARNING_RATE, MOMENTUM, LossCurve


def accuracy_lines(rows: Sequence[AccuracyRow]) -> list[str]:
    """One line an arithmetic; errors are those of the logits."""
    lines = [f"{'products':20}{'correct':>16}{'gains corrected':>18}{'error':>9}{'corrected':>11}{'SNR':>9}  gains"]
    for row in rows:
        plain, corrected = (f"{count} {100 * count / row.images:6.2f} %" for count in (row.correct, row.corrected))
        snr = "" if row.snr_db is None else f"{row.snr_db:.1f} dB"
        gains = " ".join(f"{gain:.3f}" for gain in row.gains)
        lines.append(
            f"{row.arithmetic:20}{plain:>16}{corrected:>18}{row.error:9.3f}{row.corrected_error:11.3f}{snr:>9}  {gains}"
        )
    return [*lines, f"of {rows[0].images} test images; gains from {CALIBRATION_IMAGES} training images; ours"]


def curve_lines(curves: Sequence[LossCurve]) -> list[str]:
    """Loss and accuracy after the last epoch, and every epoch's mean over the seeds."""
    lines = []
    for name, members in _by_arithmetic(curves).items():
        losses = [each.losses[-1] for each in members]
        shares = [100 * each.accuracy[-1] for each in members]
        lines.append(
            f"{name:20} last epoch: loss {_spread(losses, 4)}, test accuracy {_spread(shares, 2)} %, "
            f"{len(members)} seed{'s' * (len(members) > 1)}"
        )
        by_epoch = zip(*(each.losses for each in members), strict=True)
        lines.append("  loss      " + " ".join(f"{mean(values):7.4f}" for values in by_epoch))
        by_epoch = zip(*(each.accuracy for each in members), strict=True)
        lines.append("  accuracy  " + " ".join(f"{100 * mean(values):7.2f}" for values in by_epoch))
    return lines


def _by_arithmetic(curves: Sequence[LossCurve]) -> dict[str, list[LossCurve]]:
    names = dict.fromkeys(curve.arithmetic for curve in curves)
    return {name: [curve for curve in curves if curve.arithmetic == name] for name in names}


def _spread(values: Sequence[float], digits: int) -> str:
    """Mean and, of several, the standard deviation of one."""
    text = f"{mean(values):.{digits}f}"
    return text if len(values) < 2 else f"{text} +- {stdev(values):.{digits}f}"


def data(rows: Sequence[AccuracyRow], curves: Sequence[LossCurve]) -> dict[str, Any]:
    """Everything that the figures are drawn from, as JSON writes it; evidence class ours."""
    schedule = {"batch": BATCH, "learning_rate": LEARNING_RATE, "momentum": MOMENTUM, "rate": "linear to 0"}
    return {
        "evidence": "ours",
        "accuracy": [asdict(row) for row in rows],
        "training": {"schedule": schedule, "curves": [asdict(curve) for curve in curves]},
    }
