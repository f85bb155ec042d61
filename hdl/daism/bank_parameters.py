"""The parameters of one bank by itself, small by default."""

from dataclasses import dataclass

from sim_models.daism import DaismParameters


@dataclass(frozen=True, kw_only=True)
class BankParameters(DaismParameters):
    """`DaismParameters` of one bank of 64 by 64, whose stand-in of flip-flops can still be synthesised."""

    rows: int = 64
    columns: int = 64
    banks: int = 1
