"""A chain of alphabet-set layers that can be exported: product, batch norm, ReLU, and requantisation to the next."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flow.asm.exported import ExportedLayer, ExportedNetwork, smallest_set
from flow.asm.modules import AsmConv2d, AsmLinear, AsmModule, Parameters
from flow.asm.pytorch import Tensor, functional, nn, torch
from flow.asm.quantiser import ScaleRule
from flow.asm.words import AffineWords, logit_words, requantize_words
from flow.digits.data import PIXEL_MAXIMUM
from sim_models.asm import AsmParameters
from sim_models.daism.layers import ConvLayer


@dataclass(frozen=True, kw_only=True, eq=False)
class StageRun:
    """Integers of one stage as PyTorch computes them, int64: what the accumulators hold, and what is handed on."""

    sums: Tensor
    outputs: Tensor


class Stage(nn.Module):
    """One layer: the product without a bias and a batch norm, then a ReLU; the last has a bias instead of both.

    A shape of size 1 makes an `AsmLinear` on (images, channels), any other an `AsmConv2d`.
    """

    def __init__(self, shape: ConvLayer, parameters: Parameters, last: bool, rule: ScaleRule) -> None:
        super().__init__()
        self.shape, self.last, self.flat = shape, last, shape.size == 1
        self.product: AsmModule = (
            AsmLinear(shape.channels, shape.outputs, parameters, bias=last, rule=rule)
            if self.flat
            else AsmConv2d(
                shape.channels,
                shape.outputs,
                shape.kernel,
                parameters,
                stride=shape.stride,
                padding=shape.padding,
                bias=last,
                rule=rule,
            )
        )
        norm = nn.BatchNorm1d if self.flat else nn.BatchNorm2d
        self.norm = None if last else norm(shape.outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        sums = self.product(inputs)
        return sums if self.norm is None else functional.relu(self.norm(sums))

    @property
    def parameters_of_export(self) -> tuple[AsmParameters, ...]:
        """Those of the layer, with accumulators for the length of its sums."""
        length = self.shape.channels * self.shape.kernel**2
        return tuple(replace(p, reduction_length=length) for p in self.product.quantisers.parameters_of_channels)

    def weights(self) -> Tensor:
        """Integer weights of the export, float64: those of a channel with a falling batch norm change their signs."""
        weights = self.product.weight.detach()
        integers = self.product.quantisers.weights.integers(weights)
        signs = torch.where(self._affine()[0] < 0, -1.0, 1.0).double()
        return integers * signs.reshape(-1, *(1,) * (weights.dim() - 1))

    def words(self, following: "Stage | None") -> AffineWords:
        """Words of the map from sums to inputs of the ``following`` stage; of the last stage, to scores."""
        gain, bias = self._affine()
        quantisers, p = self.product.quantisers, smallest_set(self.parameters_of_export)
        step = (quantisers.inputs.scale * quantisers.weights.scale).detach()
        if following is None:
            return logit_words((gain.abs() * step).numpy(), bias.numpy(), p)
        unit = following.product.quantisers.inputs.scale.detach()
        return requantize_words((gain.abs() * step / unit).numpy(), (bias / unit).numpy(), p)

    def _affine(self) -> tuple[Tensor, Tensor]:
        """Gain and bias of each channel behind the product, float64."""
        if self.norm is None:
            return torch.ones(self.shape.outputs, dtype=torch.float64), self.product.bias.detach().double()
        norm = self.norm
        gain = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        return gain, norm.bias.detach().double() - gain * norm.running_mean.double()


class AsmSequence(nn.Module):
    """Stages in a row, on pixels 0..16.

    ``parameters``: for each stage one, or one per output channel. The brightest pixel is the largest input on the grid.
    Training and `forward` compute in real units; `quantised` computes the exported network's integers with PyTorch.
    Raises ValueError for another number of parameters.
    """

    def __init__(self, shapes: tuple[ConvLayer, ...], parameters: tuple[Parameters, ...], rule: ScaleRule) -> None:
        super().__init__()
        if len(parameters) != len(shapes):
            raise ValueError(f"parameters must be one for each of the {len(shapes)} layers, not {len(parameters)}")
        self.stages = nn.ModuleList(
            Stage(shape, each, shape is shapes[-1], rule) for shape, each in zip(shapes, parameters, strict=True)
        )
        quantisers = self.stages[0].product.quantisers
        self.input_gain = int(quantisers.inputs.supported[0][-1])
        quantisers.set_input_scale(1 / self.input_gain)

    def forward(self, images: Tensor) -> Tensor:
        """Scores (images, classes) of ``images`` (images, 1, height, width) of 0..1."""
        values = images.flatten(1) if self.stages[0].flat else images
        for stage in self.stages:
            values = stage(values)
        return values.flatten(1)

    def quantised(self, images: Tensor) -> list[StageRun]:
        """Integers of every stage for ``images`` of pixels 0..16, (images, 1, height, width), of any integer type."""
        with torch.no_grad():
            first = self.stages[0]
            pixels = torch.floor(images.double() * self.input_gain / PIXEL_MAXIMUM + 0.5).long()
            values = self._stored(pixels.flatten(1) if first.flat else pixels, first)
            runs = []
            for stage, following in zip(self.stages, [*self.stages[1:], None], strict=True):
                runs.append(self._run(stage, following, values))
                values = runs[-1].outputs
            return runs

    def export(self, name: str) -> ExportedNetwork:
        """The network in integers."""
        followings = [*self.stages[1:], None]
        layers = [_exported(stage, following) for stage, following in zip(self.stages, followings, strict=True)]
        return ExportedNetwork(name=name, layers=tuple(layers), input_gain=self.input_gain)

    def _run(self, stage: Stage, following: Stage | None, values: Tensor) -> StageRun:
        sums = stage.product.sums(values, stage.weights())
        words = stage.words(following)
        scale, offset, shift = (
            torch.tensor(word).reshape(-1, *(1,) * (sums.dim() - 2))
            for word in (words.scale, words.offset, words.shift)
        )
        total = sums * scale + offset
        if following is None:
            return StageRun(sums=sums, outputs=total)
        rounded = torch.div(total + torch.div(2**shift, 2, rounding_mode="floor"), 2**shift, rounding_mode="floor")
        return StageRun(sums=sums, outputs=self._stored(rounded, following))

    def _stored(self, values: Tensor, stage: Stage) -> Tensor:
        """Integers as the ``stage`` takes them: from 0 to the largest input, on its grid."""
        quantiser = stage.product.quantisers.inputs
        return quantiser.tables[0][values.clamp(0, quantiser.maximum)].long()


def _exported(stage: Stage, following: Stage | None) -> ExportedLayer:
    weights: NDArray[np.int64] = stage.weights().flatten(1).T.long().contiguous().numpy()
    return ExportedLayer(
        shape=stage.shape,
        parameters=stage.parameters_of_export,
        weights=weights,
        words=stage.words(following),
        relu=not stage.last,
        last=stage.last,
    )
