"""Energy of a conversion in the calibrated network: the converter by two models, its control at gate level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flow.digits.data import load as load_digits
from flow.libraries import Library
from flow.power import Energy, design_energy
from flow.sar.calibration import split
from flow.sar.configuration import network_configuration
from flow.sar.evaluation import layer_inputs
from flow.sar.result import LayerResult, NetworkCalibration
from flow.sar.statistics import conversion_workload
from gen.catalog import find as find_design
from sim_models.sar import Converter, EnergyModel, SarParameters, TrqControllerParameters, mean_energy
from verif.workloads_sar import plain_conversions, twin_range_conversions

DAC_FRACTIONS = (0.2, 0.5, 0.8)
"""Shares of a plain conversion's energy that may go to the DAC; no source says which."""

CONVERSIONS = 600
_SEED = 2402


@dataclass(frozen=True, kw_only=True)
class AnalogEnergy:
    """pJ of a conversion without its control, averaged over the network's conversions on the calibration images.

    ``e1``: in proportion to the comparisons. ``e2``: with the DAC by itself, for each of `DAC_FRACTIONS`.
    """

    e1: float
    e2: dict[float, float]


@dataclass(frozen=True, kw_only=True)
class ConversionEnergies:
    """The same conversions by a plain converter, by twin ranges and clipped; ``control`` of the first two.

    ``control`` is None without OpenSTA. It is of another process than the analog figures.
    """

    plain: AnalogEnergy
    twin_range: AnalogEnergy
    clipped: AnalogEnergy
    control: tuple[Energy, Energy] | None

    def saving_with_control(self, dac_fraction: float) -> float:
        """Plain over twin ranges by the second model, with the control of both added."""
        assert self.control is not None
        plain, twin_range = (each.total_pj for each in self.control)
        return (self.plain.e2[dac_fraction] + plain) / (self.twin_range.e2[dac_fraction] + twin_range)


def conversion_energies(result: NetworkCalibration, library: Library | None) -> ConversionEnergies:
    """Energies of a conversion in the calibrated network; ``library`` maps the control, None leaves it out.

    Raises what `flow.power.design_energy` raises.
    """
    plain = SarParameters(bits=result.request.bits)
    return ConversionEnergies(
        plain=_analog(result.layers, [plain] * len(result.layers)),
        twin_range=_analog(result.layers, [layer.parameters for layer in result.layers]),
        clipped=_analog(result.layers, [layer.clipped.configuration for layer in result.layers]),
        control=control_energies(result, library) if library else None,
    )


def control_energies(result: NetworkCalibration, library: Library) -> tuple[Energy, Energy]:
    """Energy of the plain and of the twin-range controller, for the same real conversions of all layers.

    The conversions are drawn from the bit lines of the calibration images, and come layer by layer.
    """
    bits = result.request.bits
    arrays = [layer.arrays for layer in result.layers]
    digits = load_digits()
    images = digits.train_images[split(digits, result.request.images)[0]]
    inputs = layer_inputs(tuple(each.layer for each in arrays), images)
    which, counts = conversion_workload(list(zip(arrays, inputs, strict=True)), CONVERSIONS, _SEED)
    order = np.argsort(which, kind="stable")
    which, counts = which[order], np.minimum(counts[order], (1 << bits) - 1)
    plain = SarParameters(bits=bits)
    built: TrqControllerParameters = network_configuration(result).group.controller
    configurations = [layer.parameters for layer in result.layers]
    tasks = {
        "sar_controller": (plain, plain_conversions(plain, counts)),
        "sar_twin_range": (built, twin_range_conversions(built, configurations, which, counts)),
    }
    first, second = (
        design_energy(find_design(name), parameters, library, task=task) for name, (parameters, task) in tasks.items()
    )
    return first, second


def _analog(layers: Sequence[LayerResult], converters: Sequence[Converter]) -> AnalogEnergy:
    conversions = np.array([layer.statistics.conversions for layer in layers], np.float64)
    shares = conversions / conversions.sum()
    models = {fraction: EnergyModel(dac_fraction=fraction) for fraction in DAC_FRACTIONS}
    by_layer = [
        {fraction: mean_energy(layer.statistics.histogram, converter, model) for fraction, model in models.items()}
        for layer, converter in zip(layers, converters, strict=True)
    ]
    return AnalogEnergy(
        e1=float(shares @ [energies[DAC_FRACTIONS[0]].e1_pj for energies in by_layer]),
        e2={f: float(shares @ [energies[f].e2_pj for energies in by_layer]) for f in DAC_FRACTIONS},
    )
