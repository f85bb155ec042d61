"""Every public function of the crossbars' models with arguments of another kind: one line that names the argument."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sim_models.crossbar as crossbar
from sim_models.crossbar import (
    adder_calibration,
    benches,
    conductance,
    neural_adc,
    neural_adder,
    neural_quantiser,
    peripherals,
    range_calibration,
    sinad,
)
from sim_models.crossbar.vtc import InverterVtc

A, B, C = (crossbar.eight_bit(strategy) for strategy in ("isaac", "cascade", "neural_pim"))
X, W = np.ones(128, int), np.ones((128, 2), int)
CELLS = np.ones((2, 8, 128, 2), int)
HELD, LINES = np.zeros(3), np.zeros((2, 8, 3))
IMAGES = np.ones((1, 2, 3, 3), int)
VTC, WEIGHT_CELLS = InverterVtc(slope=2.0), conductance.CellParameters()
NETWORKS = peripherals.load()
ADDER, STAGE = NETWORKS.adder("plain", 1), NETWORKS.stage
ADC = neural_adc.NeuralAdc(stages=(STAGE, STAGE))
MADE = neural_adder.instance(ADDER)
VALUES = neural_adder.random_inputs(20, np.random.default_rng(1))
RANDOM = np.random.default_rng(2)

NO_OBJECT = (None, "x", 1.5, {}, [])
NO_NUMBER = ("x", None, {}, math.nan, [[1], [1, 2]], 1j)
NO_INTEGER = (*NO_NUMBER, 0.5, True)
NO_GENERATOR = ("x", 1.5, {})
KINDS = {"object": NO_OBJECT, "reals": NO_NUMBER, "integers": NO_INTEGER, "generator": NO_GENERATOR}

CALLS: list[tuple[Callable[..., Any], dict[str, Any], dict[str, str]]] = [
    *(
        (function, {"inputs": X, "weights": W, "parameters": p}, {"inputs": "integers", "weights": "integers"})
        for function, p in (
            (crossbar.isaac_dot, A),
            (crossbar.cascade_dot, B),
            (crossbar.neural_pim_dot, C),
            (crossbar.neural_pim_codes, C),
            (crossbar.matvec, A),
            (crossbar.read_out, B),
            (crossbar.layer, C),
            (range_calibration.line_fraction, C),
        )
    ),
    (crossbar.convolution, {"images": IMAGES, "kernels": IMAGES, "parameters": A}, {"images": "integers"}),
    (crossbar.convolution, {"images": IMAGES, "kernels": IMAGES, "parameters": A}, {"kernels": "integers"}),
    *(
        (function, {"parameters": B}, {})
        for function in (
            crossbar.adc_bits,
            crossbar.accumulator_bits,
            crossbar.column_bits,
            crossbar.column_depths,
            crossbar.conversions,
            crossbar.initiation_interval,
            crossbar.latency,
            crossbar.range_registers,
            crossbar.readout_cycles,
            crossbar.sample_bits,
            crossbar.unit_conversions,
        )
    ),
    (crossbar.input_slices, {"inputs": X, "parameters": A}, {"inputs": "integers"}),
    (crossbar.driven_slices, {"inputs": X, "parameters": A}, {"inputs": "integers"}),
    (crossbar.weight_slices, {"weights": W, "parameters": A}, {"weights": "integers"}),
    (crossbar.flip_flags, {"cells": CELLS, "parameters": A}, {"cells": "integers"}),
    (crossbar.flip_columns, {"cells": CELLS, "parameters": A}, {"cells": "integers"}),
    (crossbar.unit_sums, {"driven": X}, {"driven": "integers"}),
    (crossbar.accumulator_steps, {"sums": np.ones((8, 2), int), "parameters": C}, {"sums": "integers"}),
    (crossbar.accumulated, {"sums": np.ones((8, 2), int), "parameters": C}, {"sums": "integers"}),
    (crossbar.fixed_codes, {"products": X, "parameters": C}, {"products": "integers"}),
    (crossbar.ideal_codes, {"products": X, "parameters": C}, {"products": "reals"}),
    (crossbar.restored, {"codes": X, "parameters": C}, {"codes": "integers"}),
    (crossbar.ideal_step, {"held": HELD, "lines": LINES, "parameters": C}, {"held": "reals", "lines": "reals"}),
    (crossbar.blocks, {"length": 3, "parameters": A}, {"length": "integers"}),
    (crossbar.arrays, {"length": 3, "outputs": 3, "parameters": A}, {"length": "integers", "outputs": "integers"}),
    (crossbar.chips, {"needed": 3, "arrays_per_chip": 3}, {"needed": "integers", "arrays_per_chip": "integers"}),
    (crossbar.require_fit, {"needed": 3, "arrays_per_chip": 3, "available": 1}, {"available": "integers"}),
    (crossbar.eight_bit, {"strategy": "isaac"}, {"strategy": "object"}),
    (crossbar.GaussianError, {"sigma": 1, "seed": 1}, {"sigma": "reals", "seed": "integers"}),
    (crossbar.ErrorHooks, {"converter": abs, "buffer_cell": None}, {"buffer_cell": "generator"}),
    (crossbar.ScaledConverter, {"bits": 3, "full_scale": 2}, {"bits": "integers", "full_scale": "integers"}),
    (crossbar.SarHook, {}, {"converter": "object"}),
    (
        crossbar.NoisyAccumulator,
        {"parameters": C, "error": crossbar.GaussianError(sigma=0, seed=1)},
        {"error": "object"},
    ),
    (range_calibration.range_fraction, {"products": [10**6], "parameters": C}, {"products": "integers"}),
    (range_calibration.range_fraction, {"products": [10**6], "parameters": C, "quantile": 1}, {"quantile": "reals"}),
    (sinad.sine_sinad_db, {"samples": np.arange(9), "periods": 1}, {"samples": "reals", "periods": "integers"}),
    (sinad.data_sinad_db, {"exact": [1, 2], "measured": [1, 3]}, {"exact": "reals", "measured": "reals"}),
    (sinad.full_scale_sinad_db, {"error": 0.1}, {"error": "reals"}),
    (benches.sine_inputs, {"samples": 9, "periods": 1}, {"samples": "integers", "periods": "integers"}),
    (benches.isaac_sine_db, {"noise": 0, "seed": 1}, {"noise": "reals", "seed": "integers"}),
    (benches.cascade_sine_db, {"error": 0, "seed": 1}, {"error": "reals", "seed": "integers"}),
    (benches.neural_pim_sine_db, {"error": 0, "seed": 1}, {"error": "reals", "seed": "integers"}),
    (benches.network_sine_db, {"hooks": crossbar.IDEAL, "dac_bits": 1}, {"hooks": "object", "dac_bits": "integers"}),
    (benches.network_data_db, {"range_fraction": 0.5, "seed": 1}, {"range_fraction": "reals", "seed": "integers"}),
    (benches.cascade_data_db, {"cell_bits": 3, "seed": 1}, {"cell_bits": "integers", "seed": "integers"}),
    (benches.network_data, {"vectors": 1, "outputs": 1, "seed": 1}, {"vectors": "integers", "seed": "integers"}),
    (VTC.output, {"inputs": 1}, {"inputs": "reals"}),
    (VTC.steepness, {"inputs": 1}, {"inputs": "reals"}),
    (InverterVtc, {"slope": 1}, {"slope": "reals"}),
    (conductance.quantise, {"weights": [1], "parameters": WEIGHT_CELLS}, {"weights": "reals"}),
    (conductance.conductances, {"codes": [1], "parameters": WEIGHT_CELLS, "random": None}, {"random": "generator"}),
    (conductance.conductances, {"codes": [1], "parameters": WEIGHT_CELLS}, {"codes": "integers"}),
    (conductance.differential, {"codes": [1], "parameters": WEIGHT_CELLS}, {"codes": "integers"}),
    (neural_adder.instance, {"network": ADDER}, {"network": "object", "cells": "generator", "random": "generator"}),
    (neural_adder.adder_weights, {"dac_bits": 1}, {"dac_bits": "integers"}),
    (neural_adder.random_inputs, {"count": 1, "random": RANDOM}, {"count": "integers", "random": "object"}),
    (neural_adder.adder_error, {"made": MADE, "values": VALUES}, {"made": "object", "values": "reals"}),
    (MADE.output, {"values": VALUES}, {"values": "reals"}),
    (adder_calibration.calibrated, {"made": MADE, "values": VALUES}, {"made": "object", "values": "reals"}),
    (neural_quantiser.instance, {"network": STAGE}, {"network": "object", "cells": "generator", "random": "generator"}),
    (neural_quantiser.instance(STAGE).codes, {"values": 0.5}, {"values": "reals"}),
    (neural_quantiser.counting_quantiser, {"bits": 2, "cells": WEIGHT_CELLS, "vtc": VTC}, {"cells": "object"}),
    (neural_quantiser.counting_quantiser, {"bits": 2, "cells": WEIGHT_CELLS, "vtc": VTC}, {"vtc": "object"}),
    (neural_adc.instance, {"network": ADC}, {"network": "object", "cells": "generator", "random": "generator"}),
    (neural_adc.instance(ADC).signed_codes, {"values": 0.5}, {"values": "reals"}),
    (neural_adc.calibrated, {"made": neural_adc.instance(ADC)}, {"made": "object", "bias_bits": "integers"}),
    (neural_adc.NeuralAdc, {"stages": (STAGE,)}, {"stages": "object"}),
    (NETWORKS.adder, {"name": "plain", "dac_bits": 1}, {"name": "object", "dac_bits": "integers"}),
]

BAD = [
    pytest.param(function, good, name, kind, id=f"{function.__qualname__}-{name}")
    for function, good, names in CALLS
    for name, kind in (
        names | ({"parameters": "object"} if isinstance(good.get("parameters"), type(A)) else {})
    ).items()
]


@pytest.mark.parametrize(("function", "good", "name", "kind"), BAD)
def test_arguments_of_another_kind(function: Callable[..., Any], good: dict[str, Any], name: str, kind: str) -> None:
    for value in KINDS[kind]:
        with pytest.raises((ValueError, TypeError)) as refused:
            function(**good | {name: value})
        message = str(refused.value)
        assert "must" in message, (value, message)
        assert "\n" not in message
        assert message.startswith(name), (value, message)


def test_every_exported_function_is_called() -> None:
    functions = {name for name in crossbar.__all__ if callable(getattr(crossbar, name))}
    results = {"ConversionRecord", "CrossbarParameters", "Dot", "RangeRegisters"}
    assert functions - results == {function.__name__ for function, _, _ in CALLS} & functions


def test_messages_do_not_come_from_numpy() -> None:
    for call, message in (
        (lambda: crossbar.ideal_step(1, 2, C), "lines must have the shape (2, 8), not ()"),
        (lambda: crossbar.layer([[1], [1, 2]], W, A), "inputs must have rows of one length"),
        (lambda: crossbar.accumulator_steps([0.5] * 8, C), "sums must be integers of at most 64 bits, not float64"),
        (lambda: crossbar.flip_flags([1], A), "cells must have the shape (..., 128, outputs), not (1,)"),
        (lambda: crossbar.unit_sums(1), "driven must have the shape (..., rows), not ()"),
        (lambda: MADE.output([1.0]), "values must have the shape (..., 17), not (1,)"),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == message


def test_a_hook_may_write_into_what_it_is_given() -> None:
    def cleared(held: np.ndarray, lines: np.ndarray) -> np.ndarray:
        found = crossbar.ideal_step(held, lines, C)
        held[:], lines[:] = 9, 9
        return found

    def doubled(samples: np.ndarray) -> np.ndarray:
        samples *= 2
        return samples

    inputs = np.arange(128)
    expected = crossbar.neural_pim_dot(inputs, W, C).values
    hooks = crossbar.ErrorHooks(accumulator=cleared)
    assert crossbar.neural_pim_dot(inputs, W, C, hooks=hooks).values == pytest.approx(expected)
    assert (crossbar.isaac_dot(inputs, W, A, hooks=crossbar.ErrorHooks(converter=doubled)).values == 2 * expected).all()
    found = crossbar.cascade_dot(inputs, W, B, hooks=crossbar.ErrorHooks(buffer_cell=doubled, converter=doubled))
    assert (found.values == 4 * expected).all()
    assert inputs.tolist() == list(range(128))
