"""The calibrated configuration as a file: what each layer's registers hold, and how software loads them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flow.sar.arrays import INPUT_BITS, ArrayParameters
from flow.sar.result import NetworkCalibration
from gen.version import bitline_version
from sim_models.sar import AdcGroupParameters, TrqParameters, configuration_writes, register_values

KIND = "bitline sar configuration"
FORMAT = 1
EVIDENCE = {
    "published": "Zhang et al., arXiv 2402.06164 (DATE 2024): twin ranges by SAR logic alone, 1.6x to 2.3x ADC power",
    "bitline": "quantizer, order of comparisons, registers, calibration, and every figure in this file",
}


@dataclass(frozen=True, kw_only=True)
class NetworkConfiguration:
    """What a calibration file holds: the arrays, the group of converters, each layer's configuration by name."""

    arrays: ArrayParameters
    group: AdcGroupParameters
    layers: dict[str, TrqParameters]

    @property
    def bits(self) -> int:
        """Resolution of the converters."""
        return self.group.bits


def network_configuration(result: NetworkCalibration) -> NetworkConfiguration:
    """The configurations chosen, and a group of converters built for just what they need.

    The group has as many whole weights as fit on the columns of a square array.
    """
    request, layers = result.request, {layer.arrays.name: layer.parameters for layer in result.layers}
    slices = request.arrays.slices
    group = AdcGroupParameters(
        columns=max(1, request.arrays.rows // slices) * slices,
        bits=request.bits,
        support_base=any(parameters.r1_start for parameters in layers.values()),
        input_bits=INPUT_BITS,
        slices=slices,
    )
    return NetworkConfiguration(arrays=request.arrays, group=group, layers=layers)


def render_configuration(result: NetworkCalibration) -> str:
    """The file's text; the same calibration gives the same bytes."""
    network, request = network_configuration(result), result.request
    layers = [
        {
            "name": layer.arrays.name,
            **_hardware(layer.parameters, network.group),
            "operations": layer.chosen.operations,
            "nmse": layer.chosen.nmse,
            "monotone": layer.monotone,
            "conversions": layer.statistics.conversions,
        }
        for layer in result.layers
    ]
    content = {
        "kind": KIND,
        "format": FORMAT,
        "bitline": bitline_version(),
        "evidence": EVIDENCE,
        "network": "digits",
        "arrays": asdict(network.arrays),
        "group": asdict(network.group),
        "calibration": {
            "images": result.images,
            "max_drop_pp": request.max_drop,
            "slice_aware": request.slice_aware,
            "held_out_drop_pp": result.drop("held_out", "twin_range"),
            "test_drop_pp": result.drop("test", "twin_range"),
            "test_operations": result.test["twin_range"].tally.mean,
        },
        "layers": layers,
    }
    return json.dumps(content, indent=2) + "\n"


def load_configuration(path: Path) -> NetworkConfiguration:
    """Read a file that `render_configuration` wrote.

    Raises ValueError for a file that cannot be read, is damaged, holds a configuration that is not legal, or whose
    registers or writes are not those of its configurations.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is not JSON") from None
    try:
        return _checked(content)
    except (ValueError, TypeError, KeyError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ValueError(f"{path} is no configuration that bitline wrote: {reason}") from None


def _hardware(parameters: TrqParameters, group: AdcGroupParameters) -> dict[str, Any]:
    """The fields that say what the hardware holds."""
    return {
        "parameters": asdict(parameters),
        "registers": register_values(parameters, group.controller),
        "writes": [list(pair) for pair in configuration_writes(parameters, group)],
    }


def _checked(content: Any) -> NetworkConfiguration:
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ValueError(f"kind must be {KIND!r}")
    if content["format"] != FORMAT:
        raise ValueError(f"format must be {FORMAT}, not {content['format']!r}")
    arrays, group = ArrayParameters(**content["arrays"]), AdcGroupParameters(**content["group"])
    if not isinstance(content["layers"], list) or not content["layers"]:
        raise ValueError("layers must be a list of at least one")
    layers: dict[str, TrqParameters] = {}
    for layer in content["layers"]:
        if not isinstance(layer, dict) or not isinstance(layer["name"], str) or layer["name"] in layers:
            raise ValueError("each layer must have a name of its own")
        layers[layer["name"]] = _checked_layer(layer, group)
    return NetworkConfiguration(arrays=arrays, group=group, layers=layers)


def _checked_layer(layer: dict[str, Any], group: AdcGroupParameters) -> TrqParameters:
    parameters = TrqParameters(**layer["parameters"])
    for name, value in _hardware(parameters, group).items():
        # As text, in which true is not 1.
        if json.dumps(layer[name], sort_keys=True) != json.dumps(value, sort_keys=True):
            raise ValueError(f"{name} of layer {layer['name']} are not those of its parameters")
    return parameters
