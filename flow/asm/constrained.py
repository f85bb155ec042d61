"""Ways of training the digits networks: unconstrained, rounded, retrained, from scratch; and mixed alphabets."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from flow.asm.architectures import NETWORKS
from flow.asm.modules import DEFAULT_RULE, Parameters, calibrate
from flow.asm.pytorch import Tensor, torch
from flow.asm.quantiser import ScaleRule, weight_quantiser
from flow.asm.sequence import AsmSequence
from flow.asm.training import FROM_SCRATCH, RETRAINING, Samples, Schedule, deterministic, fit
from flow.digits.train import augmented
from sim_models.arith.checking import require_choice, require_integer
from sim_models.asm import AsmParameters

Weights = dict[str, Tensor]


def mixed_layers(
    parameters: AsmParameters, layers: int, concluding: tuple[int, ...], concluding_layers: int = 1
) -> tuple[AsmParameters, ...]:
    """Mixed alphabets by layer: the last ``concluding_layers`` have the set ``concluding``, the others as given."""
    require_integer("concluding_layers", concluding_layers, 0, layers)
    larger = replace(parameters, alphabets=concluding)
    return (parameters,) * (layers - concluding_layers) + (larger,) * concluding_layers


def mixed_channels(
    weights: Tensor, parameters: AsmParameters, larger: tuple[int, ...], count: int
) -> tuple[AsmParameters, ...]:
    """Mixed alphabets by channel: the ``count`` channels that gain most by the set ``larger`` have it.

    ``weights`` (channels, ...) are those of a trained layer. The gain is the fall of the summed squared error of
    rounding, each set with its own best clip; of equal gains the earlier channel's comes first.
    """
    require_integer("count", count, 0, len(weights))
    other = replace(parameters, alphabets=larger)
    gain = _squared_error(weights, parameters) - _squared_error(weights, other)
    chosen = set(np.argsort(-gain, kind="stable")[:count].tolist())
    return tuple(other if channel in chosen else parameters for channel in range(len(weights)))


def _squared_error(weights: Tensor, p: AsmParameters) -> np.ndarray:
    quantiser = weight_quantiser((p,), len(weights), ScaleRule())
    with torch.no_grad():
        quantiser.calibrate(weights)
        return (quantiser(weights) - weights).double().square().flatten(1).sum(1).numpy()


def digits_network(
    kind: str, parameters: Parameters | Sequence[Parameters], *, rule: ScaleRule = DEFAULT_RULE, seed: int = 1
) -> AsmSequence:
    """An untrained digits network, ``mlp`` or ``cnn``, its weights drawn from ``seed``.

    ``parameters``: one for all layers, or one entry per layer, itself one or one per channel. Raises ValueError for
    another kind and another number of entries.
    """
    require_choice("kind", kind, tuple(NETWORKS))
    shapes = NETWORKS[kind]
    each = (parameters,) * len(shapes) if isinstance(parameters, AsmParameters) else tuple(parameters)
    with deterministic(seed):
        return AsmSequence(shapes, each, rule).double()


def unconstrained(kind: str, data: Samples, seed: int, schedule: Schedule = FROM_SCRATCH) -> Weights:
    """Weights of a network trained in 64-bit float without constraints: the checkpoint that retraining restores."""
    model = digits_network(kind, AsmParameters(), seed=seed)
    fit(model, data, schedule, seed, constrained=False, augment=_turned)
    return copy.deepcopy(model.state_dict())


def retrained(
    kind: str,
    checkpoint: Weights,
    parameters: Parameters | Sequence[Parameters],
    data: Samples,
    seed: int,
    *,
    schedule: Schedule = RETRAINING,
    rule: ScaleRule = DEFAULT_RULE,
) -> AsmSequence:
    """The checkpoint restored, put on the grid of ``parameters`` at its width, and retrained (assisted scaling)."""
    model = _restored(kind, checkpoint, parameters, rule)
    fit(model, data, schedule, seed, augment=_turned)
    return model


def rounded(
    kind: str,
    checkpoint: Weights,
    parameters: Parameters | Sequence[Parameters],
    data: Samples,
    *,
    rule: ScaleRule = DEFAULT_RULE,
) -> AsmSequence:
    """The checkpoint restored and put on the grid with the best clips, and not trained any further."""
    model = _restored(kind, checkpoint, parameters, rule)
    model.eval()
    calibrate(model, data.images)
    return model


def from_scratch(
    kind: str,
    parameters: Parameters | Sequence[Parameters],
    data: Samples,
    seed: int,
    *,
    schedule: Schedule = FROM_SCRATCH,
    rule: ScaleRule = DEFAULT_RULE,
) -> AsmSequence:
    """A network trained on the grid from its first step."""
    model = digits_network(kind, parameters, rule=rule, seed=seed)
    fit(model, data, schedule, seed, augment=_turned)
    return model


def _restored(
    kind: str, checkpoint: Weights, parameters: Parameters | Sequence[Parameters], rule: ScaleRule
) -> AsmSequence:
    """A network with the checkpoint's weights and batch norms; scales are those of its own grid."""
    model = digits_network(kind, parameters, rule=rule)
    scales = {name: each for name, each in model.state_dict().items() if name.endswith("log2_scale")}
    model.load_state_dict(checkpoint | scales)
    return model


def _turned(images: Tensor) -> Tensor:
    """Digits turned, scaled, sheared and shifted a little."""
    return augmented(images.float()).double()
