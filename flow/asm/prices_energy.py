"""Energies of lanes at gate level and at equal speed, and the pre-computer's part of them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from flow.asm.prices_periphery import word_energy
from flow.asm.prices_work import Operands, lane_work, operands
from flow.libraries import Library
from flow.power import Energy, netlist_energy
from flow.prices.asm import EXACT, SETS, WORKERS, BlockPrices, Variant
from flow.synthesis import best_of
from flow.synthesis.recipes import AREA, PLAIN, buffered
from flow.timing import sign_off
from gen.rtl import elaborate
from hdl.asm import Precomputer
from sim_models.asm import AsmParameters
from verif.checks_form import require_equal
from verif.workloads import Workload

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")
_SMALL = (buffered(AREA), buffered(PLAIN))


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockEnergies:
    """Energies of a block and width at the speed ``speed``, by variant; None of what is slower."""

    block: str
    bits: int
    speed: str
    energies: Mapping[Variant, Energy | None]

    def saving(self, variant: Variant) -> float | None:
        """Part of the exact lanes' energy that ``variant`` saves; None where it is slower."""
        ours, exact = self.energies[variant], self.energies[EXACT]
        assert exact is not None, "speeds are those of exact netlists"
        return None if ours is None else 1 - ours.total_pj / exact.total_pj


def block_energies(prices: BlockPrices, speed: str, library: Library, *, workers: int = WORKERS) -> BlockEnergies:
    """Measure the smallest netlists that are as fast as ``speed`` asks, on one clock period for all, on the same work.

    Raises what `flow.power.netlist_energy` raises: ToolMissing without OpenSTA, Verilator or a compiler.
    """
    period = prices.speeds[speed]

    def energy(variant: Variant) -> Energy | None:
        netlist = prices.at(variant, speed)
        if netlist is None:
            return None
        task = lane_work(prices.block, operands(variant.parameters(prices.bits)))
        return netlist_energy(netlist.rtl, netlist.synthesis, period, task, library)

    found = _mapped(energy, list(prices.netlists), workers)
    return BlockEnergies(block=prices.block, bits=prices.bits, speed=speed, energies=found)


def precomputer_energy(variant: Variant, bits: int, library: Library) -> float:
    """pJ of the pre-computer's multiples of one input, by itself; 0 where it has no gates.

    The lanes it drives are not its load here: their pins are in what the lanes take.
    """
    p = variant.parameters(bits)
    if p.alphabets == (1,) or variant.alphabets is None:
        return 0.0
    rtl = elaborate(Precomputer(parameters=p), "asm_precomputer")
    mapped = best_of(rtl, _SMALL, library).winner
    timing = sign_off(mapped, library)
    assert timing is not None, "a pre-computer has paths"
    return netlist_energy(rtl, mapped, timing.longest_ps, _multiples(operands(p)), library).total_pj


def _multiples(work: Operands) -> Workload:
    x, alphabets = work.inputs.ravel(), work.parameters.alphabets
    expected = {f"multiple_{alphabet}": alphabet * x for alphabet in alphabets}
    return Workload(
        action="the multiples of one input",
        operations=len(x) - 1,
        window=slice(1, len(x)),
        inputs={"x": x},
        check=lambda got: require_equal(got, expected, 0),
    )


def periphery_energies(library: Library, bits: int, *, workers: int = WORKERS) -> dict[tuple[int, ...], Energy]:
    """Energy of an addition of one word in memory with its READ, for {1} and {1,3}; raises as above."""

    def energy(alphabets: tuple[int, ...]) -> Energy:
        return word_energy(in_memory_operands(in_memory_parameters(alphabets, bits)), library)

    return _mapped(energy, list(SETS[:2]), workers)


def in_memory_parameters(alphabets: tuple[int, ...], bits: int) -> AsmParameters:
    """An array of 256 by 256 with coded weights."""
    return AsmParameters(
        alphabets=alphabets,
        weight_bits=bits,
        input_bits=bits,
        encode_weights=True,
        placement="in_memory",
    )


def in_memory_operands(p: AsmParameters) -> Operands:
    """The operands of `flow.asm.prices_work`, as many of a dot product as one pass holds."""
    work = operands(p)
    kept = p.inputs_per_pass
    return Operands(parameters=p, inputs=work.inputs[:, :kept], weights=work.weights[:kept])


def _mapped(function: Callable[[_Key], _Found], keys: list[_Key], workers: int) -> dict[_Key, _Found]:
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(keys, pool.map(function, keys), strict=True))
