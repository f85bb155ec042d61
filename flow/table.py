"""The table of designs: every one in its default configuration, priced on a cell library."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flow.libraries import Library
from flow.prices.designs import DesignPrice, price_elaborated
from gen.catalog import DESIGNS


def price_catalog(
    library: Library, *, step: Callable[[str], None] = lambda name: None, workers: int | None = None
) -> list[DesignPrice]:
    """The prices of all designs, in the order of the catalog; ``step`` is told the name of each that is done.

    All designs are priced at once and share the cores; with ``workers=1`` one after another, recipe by recipe.
    """
    # Elaboration is for one thread.
    designs = [(design, design.elaborate(design.configuration()())) for design in DESIGNS]
    with ThreadPoolExecutor(1 if workers == 1 else len(DESIGNS)) as pool:
        jobs = [pool.submit(price_elaborated, design, rtl, library, workers=workers) for design, rtl in designs]
        prices = []
        for design, job in zip(DESIGNS, jobs, strict=True):
            prices.append(job.result())
            step(design.name)
        return prices


def table_lines(prices: list[DesignPrice]) -> list[str]:
    """The table as text: areas in um2 and NAND2 equivalents, delays in ps."""
    head = (
        f"{'design':20}{'um2':>11}{'GE':>10}{'flip-flops':>12}{'memories':>12}{'delay ps':>10}{'period ps':>11}  recipe"
    )
    rows = [
        f"{it.design:20}{it.area_um2:11,.0f}{it.ge:10,.0f}{it.kinds.flip_flop_um2:12,.0f}{it.kinds.memory_um2:12,.0f}"
        f"{it.delay_ps:10,.0f}{'-' if it.period_ps is None else f'{it.period_ps:,.0f}':>11}  {it.recipe}"
        for it in prices
    ]
    return [head, *rows]
