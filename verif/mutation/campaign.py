"""Run the batch check of a design on its mutants and prove what survives harmless."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gen.catalog import Design
from gen.rtl import Rtl
from verif.active_fault import selected
from verif.checks import batch_check
from verif.mutation.apply import with_mutants
from verif.mutation.faults import Fault, choose_faults
from verif.mutation.proofs import prove_harmless
from verif.mutation.report import EQUIVALENT, KILLED, SURVIVED, UNDECIDED, Mutant, MutationReport

# Most mutants die of the first few vectors; the last number is what `bitline verify` gives a sound design.
STAGES = (2_000, 200_000)

Bench = Callable[[Rtl, int], object]
"""Runs a number of vectors through some hardware; AssertionError, TimeoutError or RuntimeError say that it is wrong."""


def mutate(
    design: Design, parameters: Any, count: int, seed: int, *, step: Callable[[str], None] | None = None
) -> MutationReport:
    """Put ``count`` faults into ``design``, one at a time, and run its batch check on each.

    ``step`` is told of each part of the work as it begins. Faults and vectors follow from ``seed``.

    :raises ValueError: ``count`` is below 1 or above what the design has, or the check does not cover ``parameters``.
    :raises AssertionError: the check fails on the design without a fault.
    """
    check = batch_check(design)
    return run_mutants(
        design.elaborate(parameters), lambda rtl, vectors: check(rtl, parameters, vectors, seed), count, seed, step=step
    )


def run_mutants(
    rtl: Rtl,
    bench: Bench,
    count: int,
    seed: int,
    *,
    stages: Sequence[int] = STAGES,
    step: Callable[[str], None] | None = None,
) -> MutationReport:
    """As `mutate`, for any hardware and bench, which is given the numbers of vectors in ``stages`` in turn."""
    tell = step or (lambda _: None)
    start = time.perf_counter()
    faults = choose_faults(rtl, count, seed)
    tell(f"building {count} mutants")
    mutants = with_mutants(rtl, faults)
    for vectors in stages:
        bench(mutants, vectors)
    judged = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        numbered = range(1, count + 1)
        for each in pool.map(lambda number: _judge(rtl, mutants, faults[number - 1], number, bench, stages), numbered):
            judged.append(each)
            tell(f"mutant {each.number} of {count} {each.outcome}")
    return MutationReport(design=rtl.name, mutants=tuple(judged), seed=seed, seconds=time.perf_counter() - start)


def _judge(rtl: Rtl, mutants: Rtl, fault: Fault, number: int, bench: Bench, stages: Sequence[int]) -> Mutant:
    for vectors in stages:
        try:
            with selected(number):
                bench(mutants, vectors)
        except (AssertionError, TimeoutError, RuntimeError) as error:
            return Mutant(number=number, fault=fault, outcome=KILLED, detail=_first_line(error))
    try:
        proof = prove_harmless(rtl, fault)
    except TimeoutError as error:
        return Mutant(number=number, fault=fault, outcome=UNDECIDED, detail=_first_line(error))
    if proof.proved:
        return Mutant(number=number, fault=fault, outcome=EQUIVALENT, detail="no input shows it")
    detail = f"shown by {_listed(proof.counterexample)}"
    return Mutant(number=number, fault=fault, outcome=SURVIVED, detail=detail, counterexample=proof.counterexample)


def _listed(trace: Sequence[Mapping[str, int]]) -> str:
    """The inputs of each cycle that are not 0."""
    cycles = [" ".join(f"{name}={value}" for name, value in each.items() if value) or "all 0" for each in trace]
    return "; ".join(cycles) or "any inputs"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
