"""The witnesses that `bitline verify` calls: each gives a finding, and none stops the others."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flow.equivalence import equivalent
from flow.libraries import Library
from flow.libraries import find as find_library
from flow.prices.designs import BLOCKS
from flow.synthesis import Synthesis, best_of, synthesize
from flow.synthesis.recipes import AREA, AREA_RECIPES, hierarchical
from gen.catalog import Design
from gen.rtl import Rtl
from gen.tools import ToolMissing
from sim_models.nmpu import NmpuParameters
from verif.benches import run_design_bench
from verif.checks import batch_check
from verif.nmpu_statement import unit_statement
from verif.properties import ENGINES, check_properties
from verif.replay import cell_models, gate_level
from verif.runner import SIMULATORS
from verif.sequential import prove_same

VECTORS = 200_000
NETLIST_VECTORS = 20_000


@dataclass(frozen=True)
class Finding:
    """What one witness says: ``passed`` is None where it could not be called, and ``detail`` says why."""

    witness: str
    passed: bool | None
    detail: str
    seconds: float


def verify(design: Design, parameters: Any, seed: int, step: Callable[[str], None]) -> list[Finding]:
    """Call every witness for ``design``; ``step`` is told which as each begins."""
    witnesses: dict[str, Callable[[], str]] = {
        f"cocotb on {simulator}": partial(_bench, design, parameters, simulator, seed) for simulator in SIMULATORS
    }
    witnesses |= {
        "batch simulation": lambda: _batch(design, parameters, seed),
        "formal proof": lambda: _proof(design, parameters),
        "vectors on netlist": lambda: _netlist(design, parameters, seed),
        "netlist equivalence": lambda: _equivalence(design, parameters),
    }
    return _call_all(witnesses, step)


def verify_formal(design: Design, parameters: Any, step: Callable[[str], None]) -> list[Finding]:
    """Prove the behavioural statement and the property sets of ``design`` by every engine that is installed.

    A property that an engine leaves undecided within its time has ``passed`` None.
    """
    findings = _call_all({"formal proof": lambda: _proof(design, parameters)}, step)
    for engine in ENGINES:
        step(f"properties, {ENGINES[engine]}")
        try:
            results = check_properties(design, parameters, engine=engine)
        except ToolMissing as missing:
            findings.append(Finding(f"properties, {ENGINES[engine]}", None, str(missing), 0.0))
            continue
        findings += [
            Finding(f"{it.component}: {it.name}", it.passed, f"{it.engine}: {it.detail}", it.seconds) for it in results
        ]
    return findings


def _call_all(witnesses: Mapping[str, Callable[[], str]], step: Callable[[str], None]) -> list[Finding]:
    findings = []
    for name, witness in witnesses.items():
        step(name)
        start = time.perf_counter()
        passed, detail = _call(witness)
        findings.append(Finding(name, passed, detail, time.perf_counter() - start))
    return findings


def _call(witness: Callable[[], str]) -> tuple[bool | None, str]:
    try:
        return True, witness()
    except AssertionError as error:
        return False, str(error)
    except (ToolMissing, _NotCovered) as error:
        return None, str(error)


class _NotCovered(Exception):  # noqa: N818  not an error: the witness has nothing to say of this configuration
    pass


def _bench(design: Design, parameters: Any, simulator: str, seed: int) -> str:
    result = run_design_bench(design, parameters, simulator=simulator, seed=seed)
    return f"{result.tests} tests passed, seed {result.seed}"


def _batch(design: Design, parameters: Any, seed: int) -> str:
    try:
        compared = batch_check(design)(design.elaborate(parameters), parameters, VECTORS, seed)
    except ValueError as error:
        raise _NotCovered(str(error)) from None
    return f"{compared:,} results equal the golden model, seed {seed}"


def _proof(design: Design, parameters: Any) -> str:
    if design.name != "nmpu_unit" or not isinstance(parameters, NmpuParameters):
        raise _NotCovered("no behavioural statement for this design")
    try:
        statement = unit_statement(parameters, "statement")
    except ValueError as error:
        raise _NotCovered(str(error)) from None
    proof = prove_same(design.elaborate(parameters), statement)
    assert proof.proved, f"differs from its statement, inputs by cycle: {proof.counterexample}"
    return "equals its behavioural statement for all inputs in all cycles"


def _netlist(design: Design, parameters: Any, seed: int) -> str:
    rtl, library = design.elaborate(parameters), find_library()
    mapped = _mapped(design, rtl, library)
    gates = gate_level(rtl, mapped.netlist, cell_models(*library.paths))
    try:
        compared = batch_check(design)(gates, parameters, NETLIST_VECTORS, seed)
    except ValueError as error:
        raise _NotCovered(str(error)) from None
    netlist = f"netlist on {library.name}, recipe {mapped.recipe},"
    return f"{compared:,} results of the {netlist} equal the golden model, seed {seed}"


def _equivalence(design: Design, parameters: Any) -> str:
    rtl, library = design.elaborate(parameters), find_library()
    mapped = _mapped(design, rtl, library)
    found = equivalent(rtl, mapped, library)
    if found.verdict == "undecided":
        raise _NotCovered(f"undecided: {found.detail}")
    assert found.proved, f"{found.detail}, inputs by cycle: {found.counterexample}"
    return f"netlist on {library.name}, recipe {mapped.recipe}, {found.method}"


def _mapped(design: Design, rtl: Rtl, library: Library) -> Synthesis:
    """The smallest netlist, which is the one priced; of a design priced block by block, one with the hierarchy kept."""
    if design.name in BLOCKS:
        return synthesize(rtl, hierarchical((AREA,))[0], library)
    return best_of(rtl, AREA_RECIPES, library).winner
