"""Prove that a mapped netlist is equivalent to the design it came from."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from flow.equivalence.circuit import Unsupported
from flow.equivalence.compare import Comparison, Trace, Verdict, compare_modules
from flow.equivalence.elaborate import design_modules, netlist_modules
from flow.equivalence.products import wrong_product
from flow.libraries import Library
from flow.results import read_entry, write_entry
from flow.synthesis import Synthesis
from gen.cache import content_key
from gen.rtl import Rtl
from verif import formal, replay, yosys
from verif.replay import cell_models

SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Whether a netlist is equivalent to its design.

    ``verdict`` is ``equal``, ``different``, or ``undecided``: the time was up, or the netlist holds something that is
    not compared, and ``detail`` says what. ``method`` says what was proved. ``counterexample`` has the inputs of each
    cycle that show a difference, of the module that ``detail`` names. ``seconds`` is how long it took when it was done.
    """

    verdict: Verdict
    method: str
    detail: str
    counterexample: Trace
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether the verdict is ``equal``."""
        return self.verdict == "equal"


def equivalent(rtl: Rtl, mapped: Synthesis, library: Library, *, seconds: int = SECONDS) -> Equivalence:
    """Prove that the netlist ``mapped`` is equivalent to ``rtl``, or find inputs that show that it is not.

    ``seconds`` limits the provers together; reading both circuits comes on top. Decided results are kept.

    :raises ValueError: ``seconds`` is below 1, ``mapped`` is of another design, or Yosys refuses the netlist.
    :raises ToolMissing: pyosys is not installed.
    """
    if seconds < 1:
        raise ValueError(f"seconds must be at least 1, not {seconds}")
    if mapped.top != rtl.name:
        raise ValueError(f"mapped must be a netlist of {rtl.name}, not of {mapped.top}")
    key = _key(rtl, mapped, library)
    entry = read_entry("equivalence", key)
    if entry is not None:
        kept = entry[0]
        return Equivalence(**{**kept, "counterexample": tuple(kept["counterexample"])})
    start = time.monotonic()
    deadline = start + seconds
    found = _compare(rtl, mapped, library, lambda: max(1, math.ceil(deadline - time.monotonic())))
    outcome = replace(found, seconds=time.monotonic() - start)
    if outcome.verdict != "undecided":
        write_entry("equivalence", key, asdict(outcome))
    return outcome


def _compare(rtl: Rtl, mapped: Synthesis, library: Library, remaining: Callable[[], int]) -> Equivalence:
    booth = "-booth" in mapped.provenance["options"].split()
    kept = sorted(mapped.modules)
    design, products = design_modules(rtl.verilog, rtl.name, kept, booth=booth)
    netlist = netlist_modules(mapped.netlist, cell_models(*library.paths), rtl.name, kept)
    if lacking := [name for name in kept if name not in design or name not in netlist]:
        raise ValueError(f"mapped must have the modules of {rtl.name}; {lacking[0]} is on one side only")
    try:
        tried = [_try_out(module) for module in products.values()]
    except Unsupported as reason:
        return _outcome(Comparison(verdict="undecided", detail=str(reason)), "no products")
    found = []
    for name in kept:
        comparison = compare_modules(design[name], netlist[name], kept, remaining)
        if comparison.verdict != "equal":
            return _outcome(comparison, f"module {name}")
        found.append(comparison)
    return _outcome(Comparison(verdict="equal"), _said(found, tried))


def _outcome(comparison: Comparison, method: str) -> Equivalence:
    return Equivalence(
        verdict=comparison.verdict,
        method=method,
        detail=comparison.detail,
        counterexample=comparison.trace,
        seconds=0.0,
    )


def _try_out(product: Mapping[str, Any]) -> str:
    """Try a product with all operands; says which it is. Unsupported where it is none."""
    size = " by ".join(str(len(product["ports"][name]["bits"])) for name in "AB")
    operands = wrong_product(product)
    if operands is not None:
        raise Unsupported(
            f"Yosys builds no multiplier of {size} bits: {operands[0]} and {operands[1]} give another product"
        )
    return size


def _said(found: Sequence[Comparison], products: Sequence[str]) -> str:
    """What was proved, in words."""
    matched, followed = (sum(getattr(each, name) for each in found) for name in ("matched", "followed"))
    parts = [f"{len(found)} modules"] * (len(found) > 1)
    if matched:
        parts.append(f"outputs and next values of {matched} flip-flops for all inputs and states")
    elif not followed:
        parts.append("outputs for all inputs")
    if followed:
        parts.append(f"{followed} flip-flops without a match (both sides) from reset on, 0 before it")
    parts += [f"products of {size} bits with all operands" for size in sorted(set(products))]
    return "; ".join(parts)


def _key(rtl: Rtl, mapped: Synthesis, library: Library) -> str:
    checkers = [*Path(__file__).parent.glob("*.py"), *(Path(each.__file__ or "") for each in (formal, replay, yosys))]
    code = [path.read_bytes() for path in sorted(checkers)]
    design = [rtl.verilog, rtl.name, mapped.netlist, sorted(mapped.modules), mapped.provenance["options"]]
    return content_key(design, library.content_hash, metadata.version("pyosys"), *code)
