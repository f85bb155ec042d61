"""What designs cost on a cell library."""

from flow.prices.designs import DesignPrice, price_design
from flow.prices.price import CONDITIONS, Price, price

__all__ = ["CONDITIONS", "DesignPrice", "Price", "price", "price_design"]
