"""The table of designs: a line each, from prices that are asked for all at once or one by one."""

import pytest

from flow import table
from flow.libraries import find
from flow.prices import price_design
from flow.prices.designs import DesignPrice
from flow.table import price_catalog, table_lines
from gen.catalog import find as find_design

SMALL = ("unsigned_to_float", "signed_to_float")


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> list[DesignPrice]:
    monkeypatch.setattr(table, "DESIGNS", tuple(map(find_design, SMALL)))
    return price_catalog(find())


@pytest.mark.slow
def test_prices_are_those_of_each_design_alone(prices: list[DesignPrice], monkeypatch: pytest.MonkeyPatch) -> None:
    assert [price.design for price in prices] == list(SMALL)
    for price in prices:
        design = find_design(price.design)
        assert price == price_design(design, design.configuration()(), find())
    assert price_catalog(find(), workers=1) == prices


def test_every_design_is_a_line_with_its_area(prices: list[DesignPrice]) -> None:
    head, *lines = table_lines(prices)
    assert head.split()[:3] == ["design", "um2", "GE"]
    for line, price in zip(lines, prices, strict=True):
        assert line.split()[:3] == [price.design, f"{price.area_um2:,.0f}", f"{price.ge:,.0f}"]


def test_steps_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "DESIGNS", tuple(map(find_design, SMALL)))
    told: list[str] = []
    price_catalog(find(), step=told.append)
    assert told == list(SMALL)
