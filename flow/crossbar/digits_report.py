"""The digits through the three strategies as lines of text."""

from flow.crossbar.digits_accuracy import DigitsRow, DigitsStudy
from flow.crossbar.digits_noise import ALLOWED_DROP, SEEDS, knee_db

TARGET_DB = 50.0
"""Reported SINAD of the published dataflow, about."""


def digits_lines(study: DigitsStudy) -> list[str]:
    """Accuracy of every read-out with SINAD by layer, accuracy by SINAD, the knee, the criterion and the limit."""
    lines = [f"ours: {study.images} digits; int8 network {study.reference} correct, {study.reference_percent:.2f} %"]
    lines.append(f"  {'':50}{'correct':>18}{'drop':>7}  SINAD of layers (dB)")
    lines += [_row(row, study) for row in study.rows]
    lines.append(f"  Gaussian errors of every layer, {SEEDS} seeds: SINAD (dB), mean accuracy, lowest to highest (%)")
    lines += [f"    {it.sinad_db:4.0f}{it.mean:9.2f}   {it.lowest:.2f} to {it.highest:.2f}" for it in study.levels]
    return [*lines, *_verdict(study)]


def _row(row: DigitsRow, study: DigitsStudy) -> str:
    low, high = min(row.correct), max(row.correct)
    correct = f"{low}" if low == high else f"{low} to {high}"
    correct += "" if row.images == study.images else f" of {row.images}"
    levels = ", ".join("exact" if level is None else f"{level:.1f}" for level in row.sinad_db)
    return f"  {row.name:50}{correct:>18}{row.drop:7.2f}  {levels}"


def _verdict(study: DigitsStudy) -> list[str]:
    knee = knee_db(study.levels, study.reference_percent)
    enough = [level for level in study.levels if level.sinad_db >= TARGET_DB]
    kept = all(level.mean >= study.reference_percent - ALLOWED_DROP for level in enough)
    found = "at no level" if knee is None else f"from {knee:.0f} dB on"
    worst = [min(level for level in row.sinad_db if level is not None) for row in study.rows if row.trained]
    return [
        "  published: no loss of accuracy",
        f"  criterion: within {ALLOWED_DROP} points of int8 at {TARGET_DB:.0f} dB and more: "
        f"{'met' if kept else 'NOT MET'}; the drop stays within that {found}",
        "  limit: 8 x 8 digits, a small network. Of the trained parts the best reach "
        f"{max(worst):.1f} dB in their worst layer, not {TARGET_DB:.0f}",
    ]
