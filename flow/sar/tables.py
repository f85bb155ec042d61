"""The tables of a calibration: by layer and of the whole network, and their layout as text and as Markdown."""

from collections.abc import Sequence

from flow.sar.result import NetworkCalibration
from sim_models.sar import ClippedParameters

NAMES = {
    "lossless": "twin ranges, no error",
    "twin_range": "twin ranges, chosen",
    "clipped": "clipped, at most as many comparisons",
    "clipped_limit": "clipped, same accuracy limit",
}
Table = tuple[Sequence[str], list[Sequence[str]]]


def tables(result: NetworkCalibration) -> list[tuple[str, Table]]:
    """All tables with their titles; a table has a heading and rows of as many cells."""
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


def aligned(table: Table) -> list[str]:
    """Lines of plain text: the first column to the left, numbers to the right."""
    head, rows = table
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (head, *rows)
    ]


def markdown(table: Table) -> list[str]:
    """Lines of a Markdown table."""
    head, rows = table
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(row)} |" for row in lines]
