"""Drop-in modules whose products an alphabet-set multiplier makes: `AsmLinear` for `nn.Linear`, `AsmConv2d`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flow.asm.pytorch import Tensor, functional, nn, torch
from flow.asm.quantiser import GridQuantiser, ScaleRule, input_quantiser, weight_quantiser
from sim_models.asm import AsmParameters

Parameters = AsmParameters | Sequence[AsmParameters]
DEFAULT_RULE = ScaleRule()


class Quantisers(nn.Module):
    """Quantisers of one layer's weights and inputs, and whether they are used.

    ``parameters`` are one for all output channels, or one per channel. ``active`` False: the layer is an ordinary one.
    While ``observing``, each forward pass first sets the scales from what it sees; an input scale that is ``known``
    stays.
    """

    def __init__(self, parameters: Parameters, channels: int, rule: ScaleRule) -> None:
        super().__init__()
        self.parameters_of_channels = (parameters,) if isinstance(parameters, AsmParameters) else tuple(parameters)
        self.weights: GridQuantiser = weight_quantiser(self.parameters_of_channels, channels, rule)
        self.inputs: GridQuantiser = input_quantiser(self.parameters_of_channels, rule)
        self.active, self.observing, self.known = True, False, False

    def set_input_scale(self, scale: float) -> None:
        """Fix the input scale, as that of images is: neither observed nor learned."""
        self.inputs.set_scale(scale)
        self.inputs.log2_scale.requires_grad_(False)
        self.known = True

    def forward(self, inputs: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and weights on their grids, in their own units."""
        if not self.active:
            return inputs, weights
        if self.observing:
            self.weights.calibrate(weights)
            if not self.known:
                self.inputs.calibrate(inputs)
        return self.inputs(inputs), self.weights(weights)


class AsmLinear(nn.Linear):
    """A fully connected layer on alphabet-set multipliers. Inputs are at least 0: behind a ReLU, or pixels."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        parameters: Parameters,
        *,
        bias: bool = True,
        rule: ScaleRule = DEFAULT_RULE,
    ) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.quantisers = Quantisers(parameters, out_features, rule)

    def forward(self, input: Tensor) -> Tensor:
        """Outputs (..., out_features) in real units, of quantised inputs and weights."""
        inputs, weights = self.quantisers(input, self.weight)
        return functional.linear(inputs, weights, self.bias)

    def sums(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """What the accumulators hold, int64, of integer-valued ``inputs`` and ``weights``, exactly."""
        return functional.linear(inputs.double(), weights.double()).round().long()


class AsmConv2d(nn.Conv2d):
    """A convolution on alphabet-set multipliers, grouped or not. Inputs are at least 0: behind a ReLU, or pixels."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        parameters: Parameters,
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        bias: bool = True,
        rule: ScaleRule = DEFAULT_RULE,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=bias)
        self.quantisers = Quantisers(parameters, out_channels, rule)

    def forward(self, input: Tensor) -> Tensor:
        """Outputs (images, channels, height, width) in real units, of quantised inputs and weights."""
        inputs, weights = self.quantisers(input, self.weight)
        return self._convolved(inputs, weights, self.bias)

    def sums(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """What the accumulators hold, int64, of integer-valued ``inputs`` and ``weights``, exactly."""
        return self._convolved(inputs.double(), weights.double(), None).round().long()

    def _convolved(self, inputs: Tensor, weights: Tensor, bias: Tensor | None) -> Tensor:
        return functional.conv2d(inputs, weights, bias, self.stride, self.padding, groups=self.groups)


AsmModule = AsmLinear | AsmConv2d


def asm_modules(model: nn.Module) -> list[AsmModule]:
    """The alphabet-set layers of ``model`` in the order in which they were defined."""
    return [module for module in model.modules() if isinstance(module, AsmLinear | AsmConv2d)]


def set_active(model: nn.Module, active: bool) -> None:
    """Turn the quantisers of all layers on, or off: then ``model`` is an ordinary network."""
    for module in asm_modules(model):
        module.quantisers.active = active


@contextmanager
def observed(model: nn.Module) -> Iterator[None]:
    """Within it, forward passes set the scales of all layers, each on what the quantised layers before it deliver."""
    modules = asm_modules(model)
    for module in modules:
        module.quantisers.observing = True
    try:
        yield
    finally:
        for module in modules:
            module.quantisers.observing = False


def calibrate(model: nn.Module, images: Tensor) -> None:
    """Search the best clips of weights and activations of ``model``, in one pass over ``images``."""
    with torch.no_grad(), observed(model):
        model(images)
