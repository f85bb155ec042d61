"""The multiplications that a network is run or trained with: one variant, its kept columns, or exact ones."""

from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_instance
from sim_models.daism import DaismParameters
from sim_models.daism.parameters import HLA_MODES, KEPT_COLUMNS

EXACT = "exact"
HLA_VARIANTS = {f"hla {mode}": mode for mode in HLA_MODES}
VARIANTS = (EXACT, "fla", "pc2", "pc3", "pc4", *HLA_VARIANTS)


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """How products are formed and summed. ``exact`` forms those of significands exactly, in front of the same lanes.

    ``parameters``: floating-point operands, bfloat16 but for checks with wider ones; an accumulator in single
    precision. Raises ValueError for integers, other accumulators, and ``saturate_to`` ``infinity``, after which a
    layer's results could be no operands again.
    """

    parameters: DaismParameters
    exact: bool = False

    def __post_init__(self) -> None:
        require_instance("parameters", self.parameters, DaismParameters)
        require_instance("exact", self.exact, bool)
        require_choice("accumulator", self.parameters.accumulator, ("fp32",))
        require_choice("saturate_to", self.parameters.saturate_to, ("max_finite",))

    @property
    def variant(self) -> str:
        """One of `VARIANTS`."""
        if self.exact:
            return EXACT
        p = self.parameters
        return f"hla {p.hla_mode}" if p.variant == "hla" else p.variant

    @property
    def name(self) -> str:
        """Variant and columns; what `REFERENCE` is called tells that no product is rounded."""
        if self.exact and self.parameters.product_precision == "kept" and self.parameters.kept_columns == "full":
            return "exact, not rounded"
        return f"{self.variant} {self.parameters.kept_columns}"


def arithmetic(variant: str, columns: str = "truncated") -> Arithmetic:
    """bfloat16 on the array of the default parameters. Raises ValueError for other names than `VARIANTS`, columns."""
    require_choice("variant", variant, VARIANTS)
    require_choice("columns", columns, KEPT_COLUMNS)
    if variant == EXACT:
        return Arithmetic(parameters=DaismParameters(kept_columns=columns), exact=True)
    if variant in HLA_VARIANTS:
        mode = HLA_VARIANTS[variant]
        return Arithmetic(parameters=DaismParameters(variant="hla", hla_mode=mode, kept_columns=columns))
    return Arithmetic(parameters=DaismParameters(variant=variant, kept_columns=columns))


REFERENCE = Arithmetic(parameters=DaismParameters(kept_columns="full", product_precision="kept"), exact=True)
"""bfloat16 operands, products with all of their 16 bits, sums in single precision: an ordinary bfloat16 unit."""
