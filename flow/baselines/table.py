"""The baselines of the usual widths as a table."""

from functools import partial

from flow.baselines.baseline import CONDITIONS, Baseline
from flow.baselines.designs import FLOATS, float_adder, float_multiplier, mac, multiplier, sar_logic
from flow.libraries import Library

WIDTHS = (4, 8, 12, 16)
# Sums of 256 products.
_GUARD_BITS = 8
_SAR_BITS = (8,)


def usual(library: Library) -> list[partial[Baseline]]:
    """What finds each of the baselines of the usual widths."""
    found: list[partial[Baseline]] = []
    for kind in ("signed", "unsigned", "sign_magnitude"):
        found += [partial(multiplier, kind, width, width, library) for width in WIDTHS]
    for kind in ("signed", "unsigned", "sign_magnitude"):
        found += [partial(mac, kind, width, width, 2 * width + _GUARD_BITS, library) for width in WIDTHS]
    for name in FLOATS:
        found += [partial(float_multiplier, name, library), partial(float_adder, name, library)]
    return found + [partial(sar_logic, bits, library) for bits in _SAR_BITS]


def text(baselines: list[Baseline]) -> str:
    """A table in Markdown, one row a baseline."""
    rows = ["| baseline | area um2 | GE | delay ps | circuit | recipe |", "|---|---|---|---|---|---|"]
    for each in baselines:
        figures = f"{each.area_um2:,.1f} | {each.ge:,.0f} | {each.delay_ps:,.0f}"
        rows.append(f"| {each.name} | {figures} | {each.circuit} | {each.recipe} |")
    libraries = ", ".join(sorted({each.library for each in baselines}))
    return "\n".join([*rows, "", f"{libraries}; {CONDITIONS}; delay by ABC without clock-to-output and setup"])
