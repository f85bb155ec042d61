"""Lanes of alphabet-set multipliers beside exact ones: every netlist that is tried, and the smallest at equal speed.

Equal speed: the longest path of both netlists, by OpenSTA with clock-to-output and setup, is at most the same number of
picoseconds. There are two of these for each block and width, both taken from the exact lanes alone: ``relaxed``, the
longest path of the smallest exact netlist there is, and ``tight``, 1.1 times the shortest that exact circuits reach.
All circuits are mapped by the same recipes with the same delay targets; the exact ones come in every structure besides.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from flow.baselines.adder_cells import with_adder_cells
from flow.libraries import Library
from flow.synthesis import Synthesis, synthesize
from flow.synthesis.recipes import (
    AREA,
    BALANCED,
    BOOTH,
    DENSE,
    SPEED,
    SPEED_BOOTH,
    Recipe,
    buffered,
    sized,
)
from flow.timing import sign_off
from gen.rtl import Rtl, elaborate
from hdl.asm import AlphabetMultiplier, AsmMac, AsmNeuron, ExactMac, ExactNeuron, ExactProducts
from hdl.asm.exact_mac import EXACT_STRUCTURES
from hdl.asm.lane_parameters import LaneParameters
from sim_models.arith.checking import require_choice

MULTIPLIER, MAC, NEURON = BLOCKS = ("multiplier", "mac", "neuron")
WIDTHS = (4, 8, 12)
SETS = ((1,), (1, 3), (1, 3, 5, 7), (1, 3, 5, 7, 9, 11, 13, 15))
PLAIN, CODED_WEIGHTS, CODED = CODES = ("plain", "coded weights", "both coded")
TIGHT, RELAXED = "tight", "relaxed"
WORKERS = 2
LANES = 4
MARGIN = 1.1
"""Tight is so many times the shortest longest path of exact circuits."""

_COMPONENTS = {MULTIPLIER: AlphabetMultiplier, MAC: AsmMac, NEURON: AsmNeuron}
_EXACT_COMPONENTS = {MULTIPLIER: ExactProducts, MAC: ExactMac, NEURON: ExactNeuron}
# DENSE takes three times as long as all others together, and of 8 bits no smallest netlist is its.
_DENSE_BITS = 4
_SIZING_MARGIN = 0.95


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One kind of lanes: ``alphabets``, None for exact multipliers, and which operands are codes (one of `CODES`).

    Raises ValueError for unknown ``codes``, and for codes of exact lanes.
    """

    alphabets: tuple[int, ...] | None
    codes: str = PLAIN

    def __post_init__(self) -> None:
        require_choice("codes", self.codes, CODES)
        if self.alphabets is None and self.codes != PLAIN:
            raise ValueError(f"codes must be {PLAIN!r} of exact lanes, not {self.codes!r}")

    @property
    def name(self) -> str:
        """As in ``{1,3} coded weights``."""
        if self.alphabets is None:
            return "exact"
        shown = "all eight" if self.alphabets == SETS[-1] else "{" + ",".join(map(str, self.alphabets)) + "}"
        return shown if self.codes == PLAIN else f"{shown} {self.codes}"

    def parameters(self, bits: int) -> LaneParameters:
        """Four lanes with weights and inputs of ``bits`` bits, their unsupported weights don't-cares."""
        return LaneParameters(
            alphabets=self.alphabets or SETS[-1],
            weight_bits=bits,
            input_bits=bits,
            encode_weights=self.codes != PLAIN,
            encode_inputs=self.codes == CODED,
            lanes=LANES,
            unsupported="dont_care",
        )


EXACT = Variant(alphabets=None)
PLAIN_VARIANTS = tuple(Variant(alphabets=alphabets) for alphabets in SETS)


def variants(block: str, bits: int) -> tuple[Variant, ...]:
    """What is priced as ``block`` at ``bits``: all sets; MACs with codes of {1} and {1,3} too, of inputs at 4 bits."""
    require_choice("block", block, BLOCKS)
    coded = [CODED_WEIGHTS, CODED] if bits == WIDTHS[0] else [CODED_WEIGHTS]
    extra = [Variant(alphabets=alphabets, codes=codes) for codes in coded for alphabets in SETS[:2]]
    return (EXACT, *PLAIN_VARIANTS, *(extra if block == MAC else ()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Netlist:
    """One netlist of ``circuit``: area in um2, longest path in ps; what energy is measured of."""

    circuit: str
    area_um2: float
    longest_ps: float
    rtl: Rtl
    synthesis: Synthesis

    @property
    def recipe(self) -> str:
        """How it was mapped."""
        return self.synthesis.recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockPrices:
    """All netlists of a block and width by variant, and the two speeds in ps at which they are compared."""

    block: str
    bits: int
    netlists: Mapping[Variant, tuple[Netlist, ...]]
    speeds: Mapping[str, float]

    def at(self, variant: Variant, speed: str) -> Netlist | None:
        """The smallest netlist of ``variant`` that is as fast as ``speed`` asks; None where none is."""
        return smallest_within(self.netlists[variant], self.speeds[speed])

    def saving(self, variant: Variant, speed: str) -> float | None:
        """Part of the exact lanes' area that ``variant`` saves at equal speed; None where it is not as fast."""
        ours, exact = self.at(variant, speed), self.at(EXACT, speed)
        assert exact is not None, "speeds are those of exact netlists"
        return None if ours is None else 1 - ours.area_um2 / exact.area_um2


def smallest_within(netlists: Iterable[Netlist], longest_ps: float) -> Netlist | None:
    """The smallest of ``netlists`` with no path longer than ``longest_ps``, of equal ones the fastest; None if none."""
    fitting = [each for each in netlists if each.longest_ps <= longest_ps]
    return min(fitting, key=lambda each: (each.area_um2, each.longest_ps), default=None)


def pareto(netlists: Iterable[Netlist]) -> list[Netlist]:
    """Those that no other beats in both area and longest path, fastest first."""
    kept: list[Netlist] = []
    for each in sorted(netlists, key=lambda it: (it.longest_ps, it.area_um2)):
        if not kept or each.area_um2 < kept[-1].area_um2:
            kept.append(each)
    return kept


def circuits(block: str, variant: Variant, bits: int) -> dict[str, Rtl]:
    """The circuits of a variant by name: one, or all structures of exact multipliers.

    Raises ValueError for an unknown ``block`` and for ``bits`` and codes that parameters refuse.
    """
    require_choice("block", block, BLOCKS)
    p = variant.parameters(bits)
    if variant.alphabets is not None:
        return {variant.name: elaborate(_COMPONENTS[block](parameters=p), f"asm_{block}")}
    name = f"asm_exact_{block}"
    component = _EXACT_COMPONENTS[block]
    return {each: elaborate(component(parameters=p, structure=each), name) for each in EXACT_STRUCTURES}


def block_prices(
    block: str, bits: int, library: Library, *, chosen: Sequence[Variant] | None = None, workers: int = WORKERS
) -> BlockPrices:
    """Map all variants (or the exact lanes and those ``chosen``) of a block, ``workers`` netlists at a time.

    Raises ValueError as `circuits`, SynthesisError where a recipe fails, ToolMissing without OpenSTA.
    """
    wanted = variants(block, bits) if chosen is None else dict.fromkeys((EXACT, *chosen))
    made = {variant: circuits(block, variant, bits) for variant in wanted}
    small = (buffered(AREA), *((buffered(DENSE),) if bits <= _DENSE_BITS else ()))
    with ThreadPoolExecutor(workers) as pool:
        first = [(variant, *job) for variant, rtls in made.items() for job in _untargeted(rtls, small, library)]
        found = list(pool.map(lambda job: _netlist(job[1], job[2], job[3], library), first))
        exact = [netlist for (variant, *_), netlist in zip(first, found, strict=True) if variant == EXACT]
        speeds = equal_speeds(exact)
        again = [(variant, *job) for variant, rtls in made.items() for job in _targeted(rtls, exact, speeds)]
        found += pool.map(lambda job: _netlist(job[1], job[2], job[3], library), again)
    netlists: dict[Variant, list[Netlist]] = {variant: [] for variant in made}
    for (variant, *_), netlist in zip([*first, *again], found, strict=True):
        netlists[variant].append(netlist)
    return BlockPrices(
        block=block, bits=bits, netlists={each: tuple(tried) for each, tried in netlists.items()}, speeds=speeds
    )


def equal_speeds(exact: Sequence[Netlist]) -> dict[str, float]:
    """The two speeds in ps, of the exact netlists alone."""
    smallest = min(exact, key=lambda each: (each.area_um2, each.longest_ps))
    fastest = min(each.longest_ps for each in exact)
    return {TIGHT: MARGIN * fastest, RELAXED: max(smallest.longest_ps, MARGIN * fastest)}


_Job = tuple[str, Rtl, Recipe]


def _untargeted(rtls: Mapping[str, Rtl], small: Sequence[Recipe], library: Library) -> list[_Job]:
    jobs: list[_Job] = []
    for name, rtl in rtls.items():
        recipes = (*small, SPEED, *_if_product(rtl, (buffered(BOOTH), SPEED_BOOTH)))
        jobs += [(name, rtl, recipe) for recipe in recipes]
        if (celled := with_adder_cells(rtl, library)) is not None:
            jobs += [(f"{name} of adder cells", celled, recipe) for recipe in small]
    return jobs


def _targeted(rtls: Mapping[str, Rtl], exact: Sequence[Netlist], speeds: Mapping[str, float]) -> list[_Job]:
    """The recipes with delay targets, as ABC sees delays: it knows nothing of clock-to-output and setup.

    What lies between the two is taken from the fastest exact netlist. Sizing stops when it has reached its target by
    ABC, so that it is given a little less.
    """
    fastest = min(exact, key=lambda each: each.longest_ps)
    outside = fastest.longest_ps - fastest.synthesis.delay_ps
    tight = max(1, int(speeds[TIGHT] - outside))
    relaxed = max(1, int(_SIZING_MARGIN * speeds[RELAXED] - outside))
    jobs: list[_Job] = []
    for name, rtl in rtls.items():
        fast = (BALANCED, SPEED, *_if_product(rtl, (SPEED_BOOTH,)))
        aimed = [*(_aimed(recipe, tight) for recipe in fast), _aimed(sized(AREA), relaxed)]
        jobs += [(name, rtl, recipe) for recipe in aimed]
    return jobs


def _aimed(recipe: Recipe, target_ps: int) -> Recipe:
    return replace(recipe, name=f"{recipe.name}_to_{target_ps}ps", delay_target_ps=target_ps)


def _if_product(rtl: Rtl, recipes: tuple[Recipe, ...]) -> tuple[Recipe, ...]:
    """Booth's recipes make a difference only where a product is left to synthesis."""
    return recipes if " * " in rtl.verilog else ()


def _netlist(circuit: str, rtl: Rtl, recipe: Recipe, library: Library) -> Netlist:
    mapped = synthesize(rtl, recipe, library)
    timing = sign_off(mapped, library)
    assert timing is not None, "lanes have paths"
    return Netlist(circuit=circuit, area_um2=mapped.area_um2, longest_ps=timing.longest_ps, rtl=rtl, synthesis=mapped)
