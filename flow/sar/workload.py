"""Real conversions of the digits network, drawn from all that it asks for: work for simulations of hardware."""

from flow.digits.data import load as load_digits
from flow.sar.arrays import ArrayParameters, Integers
from flow.sar.evaluation import layer_inputs, map_network
from flow.sar.statistics import conversion_workload


def digits_workload(parameters: ArrayParameters, count: int, seed: int) -> tuple[Integers, Integers]:
    """``count`` conversions of the test half: the layer of each, by its place in the network, and its count.

    Activations are those of the network without converters. Raises what `conversion_workload` raises.
    """
    arrays = map_network(parameters)
    inputs = layer_inputs(tuple(each.layer for each in arrays), load_digits().test_images)
    return conversion_workload(list(zip(arrays, inputs, strict=True)), count, seed)
