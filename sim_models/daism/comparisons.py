"""Figures of other designs and of the paper, to compare with, never to tune towards.

``evidence``: ``published``, from the design's own record; ``reported``, from a secondary description; ``derived``,
computed by bitline from published ones.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of one design, the conditions that it holds for, and where it comes from."""

    design: str
    name: str
    value: float
    unit: str
    conditions: str
    evidence: str


def _published(design: str, name: str, value: float, unit: str, conditions: str) -> Figure:
    return Figure(design=design, name=name, value=value, unit=unit, conditions=conditions, evidence="published")


_ZPIM = "65 nm, 8T, bit-serial, 200 MHz at 1.0 V"
_TPIM = "28 nm, 8T, bit-serial inputs, 0.75 to 1.05 V, supports training"

FIGURES = (
    _published("DAISM", "energy saving", 25.0, "%", "first abstract; baselines and constraints unknown"),
    _published("DAISM", "cycle saving", 43.0, "%", "first abstract; baselines and constraints unknown"),
    _published("DAISM", "area efficiency", 100.0, "times", "second abstract: up to two orders of magnitude"),
    _published("Eyeriss", "PEs", 168.0, "", "row-stationary"),
    _published("Eyeriss", "AlexNet convolutions", 35.0, "frame/s", "at 278 mW"),
    _published("Eyeriss", "AlexNet power", 278.0, "mW", "at 35 frame/s"),
    _published("Eyeriss", "VGG-16", 0.7, "frame/s", "at 236 mW"),
    _published("Eyeriss", "VGG-16 power", 236.0, "mW", "at 0.7 frame/s"),
    _published("Z-PIM", "area", 7.568, "mm2", _ZPIM),
    _published("Z-PIM", "power", 5.294, "mW", f"average; {_ZPIM}"),
    _published("Z-PIM", "energy efficiency, low end", 0.31, "TOPS/W", f"16-bit at 0.1 sparsity; {_ZPIM}"),
    _published("Z-PIM", "energy efficiency, high end", 49.12, "TOPS/W", f"1-bit at 0.9 sparsity; {_ZPIM}"),
    _published("T-PIM", "area", 5.04, "mm2", _TPIM),
    _published("T-PIM", "power, low end", 5.25, "mW", f"50 MHz; {_TPIM}"),
    _published("T-PIM", "power, high end", 51.23, "mW", f"280 MHz; {_TPIM}"),
    _published("T-PIM", "energy efficiency, low end", 2.21, "TOPS/W", f"conference version; {_TPIM}"),
    _published("T-PIM", "energy efficiency, high end", 161.08, "TOPS/W", f"conference version; {_TPIM}"),
    _published("45 nm logic", "float32 multiply", 3.7, "pJ", "after Horowitz"),
    _published("45 nm logic", "float32 add", 0.9, "pJ", "after Horowitz"),
    _published("45 nm logic", "int32 add", 0.1, "pJ", "after Horowitz"),
    _published("45 nm memory", "64-bit access of an 8 kB cache", 10.0, "pJ", "after Horowitz"),
)


def figure(design: str, name: str) -> Figure:
    """The figure of that design and name. Raises ValueError where there is none."""
    for each in FIGURES:
        if (each.design, each.name) == (design, name):
            return each
    known = ", ".join(f"{each.design}: {each.name}" for each in FIGURES)
    raise ValueError(f"name must be one of {known}, not {design}: {name}")


def z_pim_gops_per_mm2(node_nm: float | None = None) -> Figure:
    """Z-PIM's throughput per area at 16 bit: power times efficiency over area, at 65 nm or scaled to ``node_nm``.

    The scale is the square of the ratio of the nodes; real shrinks gain less.
    """
    gops = figure("Z-PIM", "power").value * figure("Z-PIM", "energy efficiency, low end").value
    scale = 1.0 if node_nm is None else (65 / node_nm) ** 2
    return Figure(
        design="Z-PIM",
        name="throughput per area",
        value=gops / figure("Z-PIM", "area").value * scale,
        unit="GOPS/mm2",
        conditions="16-bit at 0.1 sparsity, " + ("65 nm" if node_nm is None else f"scaled to {node_nm:g} nm by area"),
        evidence="derived",
    )
