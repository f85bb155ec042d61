"""Write the README's table of designs anew: ``python -m flow.readme``."""

from pathlib import Path

from flow.libraries import find
from flow.progress import steps
from flow.table import price_catalog
from gen.catalog import DESIGNS

BEGIN, END = "<!-- designs -->", "<!-- /designs -->"
README = Path(__file__).parent.parent / "README.md"


def table() -> str:
    """One row a design in its default configuration."""
    rows = ["| design | what it is | latency (cycles) | area | status |", "|---|---|---|---|---|"]
    library = find()
    with steps("pricing the catalog", total=len(DESIGNS)) as step:
        prices = price_catalog(library, step=step)
    for design, price in zip(DESIGNS, prices, strict=True):
        cycles = design.cycles(design.configuration()())
        formula = design.latency
        latency = f"{formula} = {cycles}" if cycles and formula != str(cycles) else formula
        area = f"{price.area_um2:,.0f} um2, {price.ge:,.0f} GE"
        rows.append(f"| `{design.name}` | {design.summary} | {latency} | {area} | {design.status} |")
    return "\n".join(rows)


def with_table(readme: str, rows: str) -> str:
    """``readme`` with ``rows`` between its two marks."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{rows}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8"), table()), encoding="utf-8")
