"""Batch checks of alphabet-set multipliers: units by themselves, the accelerators near and in memory."""

from gen.rtl import Rtl
from sim_models.asm import AsmParameters
from sim_models.asm.in_memory import InMemoryParameters
from sim_models.asm.near_memory import NearMemoryParameters, exact_parameters
from verif.asm import Work
from verif.asm_in_memory_work import in_memory_work
from verif.asm_near_memory_work import near_memory_work
from verif.checks_form import Check, require_equal


def check_in_memory(rtl: Rtl, parameters: InMemoryParameters, vectors: int, seed: int) -> int:
    """Random products by micro-operations."""
    return sum(require_equal(*pair, seed) for pair in in_memory_work(rtl, parameters, vectors, seed))


def check_near_memory(rtl: Rtl, parameters: NearMemoryParameters, vectors: int, seed: int) -> int:
    """Random layers, and their counters."""
    return sum(require_equal(*pair, seed) for pair in near_memory_work(rtl, parameters, vectors, seed))


def check_exact_near_memory(rtl: Rtl, parameters: NearMemoryParameters, vectors: int, seed: int) -> int:
    """The same of the exact unit, which takes every weight."""
    return check_near_memory(rtl, exact_parameters(parameters), vectors, seed)


def unit(work: Work) -> Check:
    """A check of the pairs that ``work`` makes."""

    def check(rtl: Rtl, parameters: AsmParameters, vectors: int, seed: int) -> int:
        return sum(require_equal(*pair, seed) for pair in work(rtl, parameters, vectors, seed))

    return check
