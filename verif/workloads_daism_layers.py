"""Workloads of the in-SRAM multiplier's bank and accelerator: layers whose driver operands have passed a ReLU.

Half of the driver operands are zero, and skipped where ``zero_skip`` says so; they count as products. The arrays are
the stand-ins of flip-flops that the hardware is simulated with: what these take is no SRAM's energy.
"""

from dataclasses import replace

import numpy as np

from gen.catalog import find
from gen.vectors.daism_accelerator import LayerWork
from gen.vectors.daism_work import Action, Drive, Load, Preset
from sim_models.daism import DaismParameters
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape, matrix_shape
from verif.checks_form import require_equal
from verif.daism import bank_inputs, schedule
from verif.daism_accelerator import expected_works, full_rate_inputs, shown_works
from verif.daism_bank import expected_bank, shown_bank
from verif.workloads_daism import operand_words, require_full_rate
from verif.workloads_form import SEED, Integers, Workload

_DRIVES = 1024
# Accesses that fill the pipeline before the measurement begins: more than any pipeline holds.
_LEAD = 64
_POSITIONS = 32
_LAYERS = 3
_ARRAY = "its array of flip-flops"


def bank(parameters: DaismParameters) -> Workload:
    """All row groups loaded, then a matrix product of rectified operands, an access (or two) for every operand.

    :raises ValueError: sums would have to be waited for.
    """
    p = parameters
    require_full_rate(p, p.accesses)
    plan = schedule(_bank_actions(p), p)
    expected = expected_bank(plan)
    _, taken, _ = plan.of(Drive)
    return Workload(
        action=f"one multiply-accumulate, {_ARRAY} included",
        operations=(len(taken) - _LEAD) * p.lanes,
        window=slice(int(taken[_LEAD]), int(taken[-1]) + p.accesses),
        inputs=bank_inputs(plan),
        check=lambda got: require_equal(shown_bank(plan, got), expected, SEED),
    )


def _bank_actions(p: DaismParameters) -> list[Action]:
    """The first sums start from biases, the others at zero; a sum has a product with each group."""
    random = np.random.default_rng(SEED)
    stored = operand_words(random.standard_normal((p.groups, p.lanes)), p)
    rounds = -(-_DRIVES // (p.groups * p.interleave))
    driven = _rectified(random, (rounds, p.groups, p.interleave), p)
    actions: list[Action] = [Load(group=group, operands=operands) for group, operands in enumerate(stored)]
    actions += [Preset(slot=slot, sums=_biases(random, p.lanes, p)) for slot in range(p.interleave)]
    for (turn, group, slot), operand in np.ndenumerate(driven):
        first, last = turn > 0 and group == 0, group == p.groups - 1
        actions.append(Drive(operand=int(operand), group=group, slot=slot, first=first, last=last))
    return actions


def accelerator(parameters: AcceleratorParameters) -> Workload:
    """Layers one after the other whose weights stay: only the first one loads them, and is not measured."""
    p = parameters
    works = _layers(p)
    inputs, begins = full_rate_inputs(find("daism").elaborate(p), works, p)
    expected = expected_works(works, p)
    return Workload(
        action=f"one multiply-accumulate of a layer whose weights are loaded, {_ARRAY} included",
        operations=sum(work.shape.gemm.macs for work in works[1:]),
        window=slice(int(begins[1]), len(inputs["config__valid"])),
        inputs=inputs,
        check=lambda got: require_equal(shown_works(works, p, inputs, dict(got)), expected, SEED),
    )


def _layers(p: AcceleratorParameters) -> list[LayerWork]:
    """Matrix products that use all banks, groups and lanes if the buffers allow it, with biases."""
    random, shape = np.random.default_rng(SEED), _shape(p)
    stored = operand_words(random.standard_normal((shape.channels, shape.outputs)), p)
    low = 24 - p.accumulator_significand_bits if p.is_float else 0
    initial = _biases(random, shape.outputs, p) << low
    return [
        LayerWork(
            shape=replace(shape, loaded=layer > 0),
            driven=_rectified(random, (shape.images, shape.channels, 1, 1), p),
            stored=stored,
            initial=initial,
        )
        for layer in range(_LAYERS)
    ]


def _shape(p: AcceleratorParameters) -> LayerShape:
    groups, channel = min(p.groups, p.group_limit), p.bank_slicing == "channel"
    length = min(groups * (1 if channel else p.banks), p.activation_words)
    positions = min(_POSITIONS, p.activation_words // length, p.sum_words - 1)
    outputs = p.lanes * (p.banks if channel else 1)
    return matrix_shape(positions, length, outputs, bias=True, slicing="channel" if channel else "index")


def _biases(random: np.random.Generator, count: int, p: DaismParameters) -> Integers:
    """Sums as the hardware holds them: normal numbers, or integers of the size of operands."""
    values = random.standard_normal(count)
    if not p.is_float:
        return operand_words(values, p)
    return values.astype(np.float32).view(np.uint32).astype(np.int64) >> 24 - p.accumulator_significand_bits


def _rectified(random: np.random.Generator, shape: tuple[int, ...], p: DaismParameters) -> Integers:
    return operand_words(np.maximum(random.standard_normal(shape), 0), p)
