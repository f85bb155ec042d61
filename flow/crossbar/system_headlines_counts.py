"""Headlines on counts: conversions, their bits, what is left to digital logic."""

from collections.abc import Sequence

from flow.crossbar.headline import Headline
from flow.crossbar.system_counts import counted, enumerated_mismatches, resolutions
from flow.crossbar.system_digital import DigitalCost
from flow.crossbar.system_study import NetworkRow
from flow.crossbar.tiles import NAMES
from sim_models.crossbar.evidence import OURS, REPORTED
from sim_models.crossbar.networks.network_layer import DEPTHWISE

EDGE_LIMIT = 1.15
"""Conversions over the ideal that edges of layers may cost a network."""


def conversions_headline() -> Headline:
    """64 / 15 / 1 conversions, 30 and 10 of CASCADE, one a multiply-accumulate of ISAAC."""
    cases = counted()
    wrong, tried = enumerated_mismatches()
    expected = {"8-bit isaac": 64, "8-bit cascade": 15, "8-bit neural_pim": 1, "ISAAC": 128}
    expected |= {"CASCADE, all columns": 30, "CASCADE": 10}
    by_name = {case.name: case for case in cases}
    agreed = all(case.formula == case.recorded for case in cases) and wrong == 0
    return Headline(
        number=1,
        title="conversions per output",
        claim="CASCADE 256, then 30, then 10; ISAAC one a multiply-accumulate; 64 / 15 / 1 with 8 bits (ours)",
        evidence=REPORTED,
        found=(
            "; ".join(f"{case.name}: {case.formula}" for case in cases),
            f"formula and enumeration differ in {wrong} of {tried} parameter sets of A and B; C has one by definition",
        ),
        criterion="formula, enumeration and the golden dataflows' records equal",
        met=agreed and all(by_name[name].formula == count for name, count in expected.items()),
        limit="256 counts 16 bits of a weight, its sign among them; 15 of magnitude give 240. 30 and 10 are "
        "a reconstruction",
    )


def resolution_headline() -> Headline:
    """Bits of a conversion, and the one that flipped columns save."""
    cases = resolutions()
    found = "; ".join(f"{case.name}: {case.formula} by formula, {case.recorded} measured" for case in cases)
    bits = {case.name: case.recorded for case in cases}
    saved = bits["ISAAC without flipped columns"] - bits["ISAAC with flipped columns"]
    return Headline(
        number=2,
        title="bits of a conversion",
        claim="ISAAC 9 bits, one less with flipped columns",
        evidence=REPORTED,
        found=(found, f"flipped columns save {saved}"),
        criterion="largest code needs the bits of the formula; flipped columns save one",
        met=saved == 1 and all(case.formula == case.recorded for case in cases),
        limit="worst case at full size, all data at 4 rows; a unit column of 1-bit cells needs a bit more than flipped "
        "columns",
    )


def digital_headline(costs: dict[str, DigitalCost]) -> Headline:
    """Area of the digital parts; no verdict unless all three designs are priced."""
    measured = [costs[strategy] for strategy in NAMES if strategy in costs]
    lines = [
        f"{cost.design}: {cost.area_um2:,.0f} um2, {cost.ge:,.0f} GE"
        + ("" if cost.product_pj is None else f", {cost.product_pj:.1f} pJ a product")
        for cost in measured
    ]
    areas = [cost.area_um2 for cost in measured]
    whole = len(measured) == len(NAMES)
    return Headline(
        number=5,
        title="digital cost falls from A to C",
        claim="accumulations per product of an array: 1024, 120, 8",
        evidence=OURS,
        found=tuple(lines) or ("not measured: the catalog has none of " + ", ".join(NAMES.values()),),
        criterion="area of the tile's digital part: A above B above C",
        met=areas == sorted(areas, reverse=True) and len(set(areas)) == len(areas) if whole else None,
        limit="FreePDK45, pre-layout, no wires; registers and controllers included, analog parts and converters' "
        "logic not",
    )


def normalised_headline(rows: Sequence[NetworkRow]) -> Headline:
    """Conversions over multiply-accumulates of the nine networks."""
    isaac = {row.network.name: row.conversions_per_mac for row in rows}
    ours = {row.network.name: row.normalised for row in rows}
    outside = {name for name in isaac if max(isaac[name] * 128 / 129, ours[name]) > EDGE_LIMIT}
    depthwise = {row.network.name for row in rows if any(layer.kind == DEPTHWISE for layer in row.network.layers)}
    return Headline(
        number=14,
        title="conversions over multiply-accumulates",
        claim="ISAAC: one each; Neural-PIM: one in 128",
        evidence=REPORTED,
        found=(
            "ISAAC, unit column included: " + ", ".join(f"{name} {value:.3f}" for name, value in isaac.items()),
            "Neural-PIM x 128: " + ", ".join(f"{name} {value:.3f}" for name, value in ours.items()),
            f"more than {100 * (EDGE_LIMIT - 1):.0f} % above: " + (", ".join(sorted(outside)) or "none"),
        ),
        criterion=f"at most {100 * (EDGE_LIMIT - 1):.0f} % above one for networks without depthwise layers",
        met=outside <= depthwise,
        limit="layers whose terms are no multiple of 128 leave rows idle; a depthwise sum has 9 terms. The share for "
        "Neural-PIM is ours",
    )
