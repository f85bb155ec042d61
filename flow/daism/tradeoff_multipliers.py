"""Approximate multipliers of the EvoApproxLib by their published figures, beside unsigned 8-bit products by OR.

The circuits are not shipped. Their figures are those that the library states in the headers of its files (MIT
licence): unsigned 8-bit multipliers, the subset on the front of power and mean relative error.
"""

from dataclasses import dataclass

from flow.daism.tradeoff_costs import VARIANTS
from flow.libraries import Library
from flow.prices.daism import or_plane_um2
from hdl.daism.bank_parameters import BankParameters
from sim_models.daism import product_error

SOURCE = (
    "github.com/ehw-fit/evoapproxlib, multiplers/8x8_unsigned/pareto_pwr_mre at 5c6185e; Mrazek et al., DATE 2017, "
    "DOI 10.23919/DATE.2017.7926993 (2NDH: Ceska et al., DSD 2022)"
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """One circuit: mean relative error in percent, and area in um2, power in mW and delay in ns on the PDK45 cells."""

    name: str
    mre_percent: float
    area_um2: float
    power_mw: float
    delay_ns: float


EVOAPPROX = (
    Published(name="mul8u_1JJQ", mre_percent=0.0, area_um2=709.6, power_mw=0.391, delay_ns=1.43),
    Published(name="mul8u_XFM", mre_percent=0.82, area_um2=558.5, power_mw=0.287, delay_ns=1.37),
    Published(name="mul8u_2NDH", mre_percent=5.03, area_um2=347.8, power_mw=0.142, delay_ns=0.91),
    Published(name="mul8u_R36", mre_percent=31.87, area_um2=60.5, power_mw=0.015, delay_ns=0.14),
)


@dataclass(frozen=True, kw_only=True)
class OrProduct:
    """Products of unsigned 8-bit integers by OR, all columns: mean relative error over all pairs without a zero.

    ``plane_um2``: by AND and OR gates, rows made on the spot; what multiplies, if there is no array.
    """

    name: str
    mre_percent: float
    maximum_percent: float
    plane_um2: float


def or_products(library: Library) -> list[OrProduct]:
    """The integer products of every variant. Raises SynthesisError where a recipe fails."""
    found = []
    for name, fields in VARIANTS.items():
        p = BankParameters(operand_kind="integer", accumulator="int", kept_columns="full", **fields)
        error = product_error(p)
        plane = or_plane_um2(p, library)
        found.append(
            OrProduct(name=name, mre_percent=100 * error.mred, maximum_percent=100 * error.maximum, plane_um2=plane)
        )
    return found
