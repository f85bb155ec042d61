"""The property sets of the catalog's designs, each proved by one of two engines."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gen.catalog import Design
from gen.suggest import unknown
from hdl.property_set import PropertySet
from verif.formal import Proof, decide, holds_by_induction, searched
from verif.property_design import PropertyDesign, elaborate_properties
from verif.smt import ENGINE, prove_smt, require_smt

ENGINES = {"abc": "ABC", "smt": ENGINE}
SECONDS = 60
_SMT_STEPS = 20
_INDUCTION = 3  # cycles assumed: enough for registers that follow from the inputs of few cycles
_COMBINATIONAL = (("iprove",),)
_CLOCKED = (("pdr -T {half}",), ("bmc3 -F 60 -T {half}",), ("scorr", "dprove"))
_GOAL = (_CLOCKED[1], _CLOCKED[0])  # one that can be reached mostly is so in few cycles

Claims = tuple[str, Callable[[], PropertySet]]
"""What a set speaks of, and a call that makes the set: Amaranth warns of every set made and not used."""

_FUNCTIONS = {
    "crossbar_cascade": "hdl.crossbar.properties_of_tiles:cascade_properties",
    "crossbar_isaac": "hdl.crossbar.isaac_properties:readout_properties",
    "crossbar_neural_pim": "hdl.crossbar.properties_of_tiles:neural_pim_properties",
    "crossbar_tile_cascade": "hdl.crossbar.properties_of_tiles:cascade_properties",
    "crossbar_tile_isaac": "hdl.crossbar.isaac_properties:readout_properties",
    "crossbar_tile_neural_pim": "hdl.crossbar.properties_of_tiles:neural_pim_properties",
    "nmpu_unit": "hdl.nmpu.properties:unit_properties",
    "nmpu": "hdl.nmpu.properties:array_properties",
    "nmpu_fp16": "hdl.nmpu_fp16.properties:unit_properties",
    "asm_encoded_mac": "hdl.asm.properties:mac_properties",
    "asm_exact_mac": "hdl.asm.properties:exact_mac_properties",
    "asm_exact_multiplier": "hdl.asm.properties:exact_multiplier_properties",
    "asm_exact_neuron": "hdl.asm.properties:exact_mac_properties",
    "asm_mac": "hdl.asm.properties:mac_properties",
    "asm_multiplier": "hdl.asm.properties:multiplier_properties",
    "asm_neuron": "hdl.asm.properties:mac_properties",
    "asm_exact_near_memory": "hdl.asm.near_memory_properties:exact_near_memory_properties",
    "asm_in_memory": "hdl.asm.in_memory_properties:in_memory_properties",
    "asm_in_memory_single_row": "hdl.asm.in_memory_properties:in_memory_properties",
    "asm_near_memory": "hdl.asm.near_memory_properties:near_memory_properties",
    "sar_adc_group": "hdl.sar.properties:group_properties",
    "sar_controller": "hdl.sar.properties:controller_properties",
    "sar_decoder": "hdl.sar.properties:decoder_properties",
    "sar_shift_add": "hdl.sar.properties:shift_add_properties",
    "sar_twin_range": "hdl.sar.properties:twin_range_properties",
    "daism": "hdl.daism.accelerator_properties:accelerator_properties",
    "daism_bank": "hdl.daism.properties:bank_properties",
    "daism_lane": "hdl.daism.properties:lane_properties",
    "daism_exact_lane": "hdl.daism.properties:exact_lane_properties",
    "daism_accumulator": "hdl.daism.properties:accumulator_properties",
    "float_multiply": "hdl.arith.properties:multiply_properties",
    "float_add": "hdl.arith.properties:add_properties",
    "float_fused": "hdl.arith.properties:fused_properties",
    "unsigned_to_float": "hdl.arith.properties:unsigned_properties",
    "signed_to_float": "hdl.arith.properties:signed_properties",
    "float_to_signed": "hdl.arith.properties:integer_properties",
}


@dataclass(frozen=True, kw_only=True)
class PropertyResult:
    """What became of one property, or of one goal, which passes when there is a run that reaches it.

    ``passed`` is None where it is undecided, and ``detail`` says why. Where it is False, ``detail`` shows the inputs
    by cycle. Properties proved together have the same ``seconds``.
    """

    name: str
    component: str
    passed: bool | None
    engine: str
    detail: str
    seconds: float


def properties_of(design: Design, parameters: Any) -> tuple[Claims, ...]:
    """The property sets that speak of ``design`` or of what it is made of; none for a design without any."""
    if design.name not in _FUNCTIONS:
        return ()
    module, _, name = _FUNCTIONS[design.name].partition(":")
    return tuple(getattr(import_module(module), name)(parameters))


def check_properties(
    design: Design, parameters: Any, *, engine: str = "abc", seconds: int = SECONDS
) -> list[PropertyResult]:
    """Prove every property of ``design`` and reach every goal; ``seconds`` limits each proof.

    ``engine``: ``abc`` (property-directed reachability, in the pyosys wheel), or ``smt`` (k-induction by yosys-smtbmc
    with Z3, the extra ``formal``), which shares nothing with the first but Yosys's reading.

    :raises ValueError: ``engine`` is unknown, or ``seconds`` is below 1.
    :raises ToolMissing: the engine is not installed.
    """
    _check_request(engine, seconds)
    results = []
    for component, build in properties_of(design, parameters):
        results += check_set(build(), component, engine=engine, seconds=seconds)
    return results


def check_set(
    properties: PropertySet, component: str, *, engine: str = "abc", seconds: int = SECONDS
) -> list[PropertyResult]:
    """Prove every property of one set, called ``component`` in the results, and reach every goal.

    :raises ValueError: ``engine`` is unknown, ``seconds`` is below 1, or the set states nothing.
    :raises ToolMissing: the engine is not installed.
    """
    _check_request(engine, seconds)
    return list(_Checker(elaborate_properties(properties), component, engine, seconds).results())


def _check_request(engine: str, seconds: int) -> None:
    if engine not in ENGINES:
        raise ValueError(unknown("engine", engine, ENGINES))
    if seconds < 1:
        raise ValueError(f"seconds must be at least 1, not {seconds}")
    if engine == "smt":
        require_smt()


class _Checker:
    def __init__(self, design: PropertyDesign, component: str, engine: str, seconds: int) -> None:
        self._design, self._component, self._engine, self._seconds = design, component, engine, seconds

    def results(self) -> Iterator[PropertyResult]:
        """All properties in one proof; one by one where that fails. Then the goals."""
        start = time.perf_counter()
        if self._inductive() or self._all_proved():
            seconds = time.perf_counter() - start
            for name in self._design.properties:
                yield self._result(name, True, "holds in every cycle" if self._design.clocked else "holds", seconds)
        else:
            for name in self._design.properties:
                yield self._one(name)
        for name in self._design.goals:
            yield self._one(name)

    def _one(self, name: str) -> PropertyResult:
        start = time.perf_counter()
        proof, goal = self._prove(name), name in self._design.goals
        seconds = time.perf_counter() - start
        if not isinstance(proof, Proof):
            return self._result(name, None, str(proof), seconds)
        if goal:
            cycles = len(proof.counterexample)
            detail = "is never reached" if proof.proved else f"is reached in cycle {cycles - 1}"
            return self._result(name, not proof.proved, detail, seconds)
        if proof.proved:
            return self._result(name, True, "holds in every cycle" if self._design.clocked else "holds", seconds)
        return self._result(name, False, f"fails, inputs by cycle: {_by_cycle(proof)}", seconds)

    def _all_proved(self) -> bool:
        together = self._prove(None)
        return isinstance(together, Proof) and together.proved

    def _inductive(self) -> bool:
        """Whether all properties hold because they did in the few cycles before: quick where it succeeds."""
        if self._engine != "abc" or not self._design.clocked:
            return False
        with TemporaryDirectory() as name:
            folder = Path(name)
            self._design.write_step(folder)
            if not holds_by_induction(folder, _INDUCTION, self._seconds):
                return False
            self._design.write_graph(folder)
            return searched(folder, 1 + _INDUCTION, self._seconds)

    def _prove(self, only: str | None) -> Proof | TimeoutError:
        with TemporaryDirectory() as name:
            folder = Path(name)
            try:
                if self._engine == "smt":
                    self._design.write_smt(folder, only)
                    return prove_smt(folder, steps=_SMT_STEPS, clocked=self._design.clocked, seconds=self._seconds)
                self._design.write_graph(folder, only)
                clocked = _GOAL if only in self._design.goals else _CLOCKED
                engines = clocked if self._design.clocked else _COMBINATIONAL
                half = max(1, self._seconds // 2)
                return decide(folder, [[step.format(half=half) for step in each] for each in engines], self._seconds)
            except TimeoutError as undecided:
                return undecided

    def _result(self, name: str, passed: bool | None, detail: str, seconds: float) -> PropertyResult:
        return PropertyResult(
            name=name,
            component=self._component,
            passed=passed,
            engine=ENGINES[self._engine],
            detail=detail,
            seconds=seconds,
        )


def _by_cycle(proof: Proof) -> str:
    cycles = (
        f"{place}: {' '.join(f'{k}={v}' for k, v in words.items())}" for place, words in enumerate(proof.counterexample)
    )
    return "; ".join(cycles)
