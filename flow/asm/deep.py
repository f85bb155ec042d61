"""ResNet-20 and a MobileNet-style network for images of 32 x 32, all products on alphabet-set multipliers.

Architectures: ResNet-20 with shortcuts without weights, arXiv 1512.03385 section 4.2; depthwise separable convolutions
with a ReLU behind each batch norm, arXiv 1704.04861, with fewer and narrower layers for small images (ours). Inputs of
all products are at least 0, as unsigned activations are.
"""

from flow.asm.modules import DEFAULT_RULE, AsmConv2d, AsmLinear
from flow.asm.pytorch import Tensor, functional, nn
from flow.asm.quantiser import ScaleRule
from sim_models.arith.checking import require_integer
from sim_models.asm import AsmParameters

RESNET_WIDTHS, RESNET_BLOCKS = (16, 32, 64), 3
MOBILENET = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2))
"""Output channels and stride of each separable layer; 16 channels enter the first."""
MOBILENET_STEM = 16


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut; a wider output takes every second pixel and channels of zeros."""

    def __init__(self, channels: int, outputs: int, stride: int, parameters: AsmParameters, rule: ScaleRule) -> None:
        super().__init__()
        self.stride, self.added = stride, outputs - channels
        self.first = AsmConv2d(channels, outputs, 3, parameters, stride=stride, padding=1, bias=False, rule=rule)
        self.second = AsmConv2d(outputs, outputs, 3, parameters, padding=1, bias=False, rule=rule)
        self.first_norm, self.second_norm = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(inputs)))
        shortcut = inputs[:, :, :: self.stride, :: self.stride]
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, self.added))
        return functional.relu(self.second_norm(self.second(inner)) + shortcut)


class SeparableLayer(nn.Module):
    """A depthwise 3 x 3 and a pointwise convolution, each with batch norm and ReLU."""

    def __init__(self, channels: int, outputs: int, stride: int, parameters: AsmParameters, rule: ScaleRule) -> None:
        super().__init__()
        depthwise = {"stride": stride, "padding": 1, "groups": channels}
        self.depthwise = AsmConv2d(channels, channels, 3, parameters, bias=False, rule=rule, **depthwise)
        self.pointwise = AsmConv2d(channels, outputs, 1, parameters, bias=False, rule=rule)
        self.depthwise_norm, self.pointwise_norm = nn.BatchNorm2d(channels), nn.BatchNorm2d(outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        inner = functional.relu(self.depthwise_norm(self.depthwise(inputs)))
        return functional.relu(self.pointwise_norm(self.pointwise(inner)))


def resnet20(classes: int, parameters: AsmParameters, *, rule: ScaleRule = DEFAULT_RULE) -> nn.Sequential:
    """ResNet-20 for images (count, 3, 32, 32) of 0..1. Raises ValueError for fewer classes than 2."""
    body: list[nn.Module] = []
    channels = RESNET_WIDTHS[0]
    for outputs in RESNET_WIDTHS:
        for _ in range(RESNET_BLOCKS):
            body.append(ResidualBlock(channels, outputs, 1 if channels == outputs else 2, parameters, rule))
            channels = outputs
    return _network(RESNET_WIDTHS[0], body, channels, classes, parameters, rule)


def mobilenet(classes: int, parameters: AsmParameters, *, rule: ScaleRule = DEFAULT_RULE) -> nn.Sequential:
    """A MobileNet-style network for images (count, 3, 32, 32) of 0..1. Raises ValueError for fewer classes than 2."""
    body: list[nn.Module] = []
    channels = MOBILENET_STEM
    for outputs, stride in MOBILENET:
        body.append(SeparableLayer(channels, outputs, stride, parameters, rule))
        channels = outputs
    return _network(MOBILENET_STEM, body, channels, classes, parameters, rule)


def _network(
    stem: int, body: list[nn.Module], channels: int, classes: int, parameters: AsmParameters, rule: ScaleRule
) -> nn.Sequential:
    """Stem, ``body``, average over the image, classifier; pixels use the whole range of the first layer's inputs."""
    require_integer("classes", classes, 2)
    first = AsmConv2d(3, stem, 3, parameters, padding=1, bias=False, rule=rule)
    first.quantisers.set_input_scale(1 / parameters.maximum_input)
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), AsmLinear(channels, classes, parameters, rule=rule))
    return nn.Sequential(first, nn.BatchNorm2d(stem), nn.ReLU(), *body, *head)
