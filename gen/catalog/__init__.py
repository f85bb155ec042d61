"""The designs that bitline generates, by name, each with its source."""

from gen.catalog.arith import ARITH
from gen.catalog.asm import ASM
from gen.catalog.crossbar import CROSSBAR
from gen.catalog.daism import DAISM
from gen.catalog.design import Design
from gen.catalog.nmpu import NMPU
from gen.catalog.sar import SAR
from gen.suggest import unknown

DESIGNS = (*NMPU, *ARITH, *SAR, *DAISM, *ASM, *CROSSBAR)


def find(name: str) -> Design:
    """The design called ``name``; ValueError names the nearest one when there is none."""
    for design in DESIGNS:
        if design.name == name:
            return design
    raise ValueError(unknown("design", name, (design.name for design in DESIGNS)))


__all__ = ["DESIGNS", "Design", "find"]
