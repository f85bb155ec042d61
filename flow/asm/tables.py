"""Accuracies as text for the terminal and as data for programs, with the published figures that stand beside them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flow.asm.accuracy import AccuracyRow
from flow.asm.published import ACCURACIES, LOSSES


def accuracy_lines(rows: Sequence[AccuracyRow]) -> list[str]:
    """One line for every network, width and set, with the methods side by side; evidence class ours."""
    methods = tuple(dict.fromkeys(row.method for row in rows))
    lines = [f"{'network':9}{'bits':>5}  {'alphabets':22}{'inputs':9}" + "".join(f"{name:>14}" for name in methods)]
    groups: dict[tuple[Any, ...], dict[str, AccuracyRow]] = {}
    for row in rows:
        groups.setdefault((row.network, row.bits, row.alphabets, row.coded), {})[row.method] = row
    for (network, bits, alphabets, coded), found in groups.items():
        chosen = ",".join(map(str, alphabets))
        shares = (f"{100 * found[name].accuracy:12.2f} %" if name in found else " " * 14 for name in methods)
        lines.append(f"{network:9}{bits:5}  {chosen:22}{'coded' if coded else 'plain':9}{''.join(shares)}")
    seeds = len(rows[0].seeds)
    return [
        *lines,
        f"of {rows[0].images} test images, mean of {seeds} seed{'s' * (seeds > 1)}, exported integers; ours",
    ]


def published_lines() -> list[str]:
    """The published and reported accuracies, of other networks and data, each with its class."""
    lines = []
    for figure in ACCURACIES:
        alphabets = "conventional" if figure.alphabets is None else ",".join(map(str, figure.alphabets))
        subject = f"{figure.task:18}{figure.bits:3} bits  {alphabets:14}"
        lines.append(f"{subject}{figure.percent:7.2f} %  {figure.evidence}, {figure.source}")
    for bound in LOSSES:
        bits = "" if bound.bits is None else f", {bound.bits} bits"
        lines.append(
            f"loss of about {bound.points} points or less: {bound.subject}{bits}; {bound.evidence}, {bound.source}"
        )
    return lines


def data(rows: Sequence[AccuracyRow]) -> dict[str, Any]:
    """Rows and the figures that stand beside them, as JSON writes them, with their classes of evidence."""
    return {
        "evidence": "ours",
        "accuracy": [asdict(row) for row in rows],
        "figures": [asdict(each) for each in (*ACCURACIES, *LOSSES)],
    }
