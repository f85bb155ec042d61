"""Train the digits network with PyTorch and export its int8 weights: `python -m flow.digits.train [FILE]`.

Needs the optional extra `train`. One thread, fixed seed and deterministic kernels: the same processor type and PyTorch
build give the same bytes. Only the training half is used; the test half is looked at once, after the last epoch.

Training knows the analog target in two ways. Every matrix product gets the noise of an analog crossbar (a fraction of
the layer's range, after each column's weights are stretched to the int8 range). And a penalty keeps each column's
folded offset within what an 8-bit offset word with one fraction bit can hold.
"""

import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.digits.data import PIXEL_MAXIMUM, load
from flow.digits.network import (
    ACTIVATION_MAXIMUM,
    ARCHITECTURE,
    INPUT_GAIN,
    WEIGHTS_FILE,
    Geometry,
    predicted_digits,
    run,
)
from flow.digits.network import load as load_network
from flow.digits.weights_file import target, write

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError:
    sys.stderr.write("flow.digits.train needs PyTorch: pip install 'bitline[train]'\n")
    raise SystemExit(2) from None

SEED = 2024
EPOCHS = 150
BATCH = 60
PEAK_LEARNING_RATE = 4e-3
MVM_NOISE = 0.02
OFFSET_LIMIT = 48 / ACTIVATION_MAXIMUM
"""Largest folded offset over the layer's largest activation: 16 of 64 output steps stay for the ADC offsets."""
NEGATIVE_GAMMAS = 0.25


class AnalogConvolution(nn.Module):
    """Convolution with crossbar noise, then batch norm and ReLU; the last layer has a bias instead of both."""

    def __init__(self, geometry: Geometry, channels: int) -> None:
        super().__init__()
        self.geometry = geometry
        self.convolution = nn.Conv2d(
            channels, geometry.columns, geometry.kernel, geometry.stride, geometry.padding, bias=not geometry.relu
        )
        self.norm = nn.BatchNorm2d(geometry.columns) if geometry.relu else None
        if self.norm is not None:
            signs = 1 - 2 * (torch.rand(geometry.columns) < NEGATIVE_GAMMAS).float()
            self.norm.weight.data.copy_(signs)
        self.offset_excess = torch.zeros(())

    def forward(self, inputs: Tensor) -> Tensor:
        sums = self.convolution(inputs)
        if self.norm is None:
            return self._noisy(sums) if self.training else sums
        if not self.training:
            return functional.relu(self.norm(sums))
        outputs = functional.relu(self.norm(self._noisy(sums)))
        self.offset_excess = offset_excess(self.norm, sums, outputs.detach().max())
        return outputs

    def _noisy(self, sums: Tensor) -> Tensor:
        step = self.convolution.weight.detach().abs().amax((1, 2, 3))[:, None, None]
        stretched = sums.detach() / step
        full_range = stretched.max() - stretched.min()
        return sums + MVM_NOISE * full_range * step * torch.randn_like(sums)


def offset_excess(norm: nn.BatchNorm2d, sums: Tensor, largest: Tensor) -> Tensor:
    """Penalty on the folded offsets `bias - slope*mean` beyond `OFFSET_LIMIT` of the largest activation."""
    slope = norm.weight / torch.sqrt(sums.var((0, 2, 3)) + norm.eps)
    offset = norm.bias - slope * sums.mean((0, 2, 3))
    return functional.relu(offset.abs() / largest - OFFSET_LIMIT).square().sum()


def build() -> nn.Sequential:
    """The untrained network."""
    channels = (1, *(geometry.columns for geometry in ARCHITECTURE[:-1]))
    return nn.Sequential(*map(AnalogConvolution, ARCHITECTURE, channels))


def augmented(images: Tensor) -> Tensor:
    """Each image rotated up to 15 degrees, scaled and sheared a little and shifted up to one pixel."""
    angle, zoom, shear = ((torch.rand(3, len(images)) * 2 - 1) * torch.tensor([[0.26], [0.12], [0.2]])).unbind()
    shift = (torch.rand(2, len(images)) * 2 - 1) * 0.25
    cosine, sine, zoom = torch.cos(angle), torch.sin(angle), 1 + zoom
    top = torch.stack((cosine * zoom, shear - sine * zoom, shift[0]), dim=1)
    bottom = torch.stack((sine * zoom, cosine * zoom, shift[1]), dim=1)
    grid = functional.affine_grid(torch.stack((top, bottom), dim=1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def train(images: Tensor, labels: Tensor) -> nn.Sequential:
    """Train from scratch for a fixed number of epochs (cross entropy with smoothed labels, AdamW, one cycle)."""
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE)
    steps = math.ceil(len(images) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=EPOCHS * steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            logits = model(augmented(images[batch])).flatten(1)
            loss = functional.cross_entropy(logits, labels[batch], label_smoothing=0.1)
            loss = loss + sum(layer.offset_excess for layer in model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def quantised_layer(layer: AnalogConvolution) -> dict[str, NDArray[np.number]]:
    """Int8 weights (symmetric per column), their scales and the batch norm, by name."""
    matrix = layer.convolution.weight.permute(2, 3, 1, 0).flatten(0, 2).double().numpy()
    weight_scale = np.abs(matrix).max(axis=0) / ACTIVATION_MAXIMUM
    if layer.norm is None:
        ones, zeros = np.ones(layer.geometry.columns), np.zeros(layer.geometry.columns)
        norm = {"gamma": ones, "beta": layer.convolution.bias.numpy(), "mean": zeros, "variance": ones}
    else:
        norm = {
            "gamma": layer.norm.weight.numpy(),
            "beta": layer.norm.bias.numpy(),
            "mean": layer.norm.running_mean.numpy(),
            "variance": layer.norm.running_var.numpy() + np.float32(layer.norm.eps),
        }
    arrays = {"weights": np.rint(matrix / weight_scale).astype(np.int8), "weight_scale": weight_scale}
    return arrays | {field: values.astype(np.float32) for field, values in norm.items()}


def exported(model: nn.Sequential, images: Tensor) -> dict[str, NDArray[np.number]]:
    """All arrays of the .npz file; activation scales from the largest activations of the training images."""
    arrays: dict[str, NDArray[np.number]] = {}
    scales = [1 / (INPUT_GAIN * PIXEL_MAXIMUM)]
    for layer in model:
        images = layer(images)
        scales.append(images.abs().max().item() / ACTIVATION_MAXIMUM)
        arrays |= {f"{layer.geometry.name}.{name}": values for name, values in quantised_layer(layer).items()}
    return arrays | {"activation_scale": np.array(scales)}


def main(path: Path) -> None:
    """Train, write the weights and print the number of correct test images before and after quantisation."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    digits = load()
    pixels = torch.tensor(digits.train_images, dtype=torch.float32)[:, None] / PIXEL_MAXIMUM
    model = train(pixels, torch.tensor(digits.train_labels))
    with torch.no_grad():
        write(exported(model, pixels), path)
        test = torch.tensor(digits.test_images, dtype=torch.float32)[:, None] / PIXEL_MAXIMUM
        float_correct = int((model(test).flatten(1).argmax(1).numpy() == digits.test_labels).sum())
    logits = run(load_network(path), digits.test_images)[-1]
    int8_correct = int((predicted_digits(logits) == digits.test_labels).sum())
    print(f"correct of {len(digits.test_labels)} test images: float {float_correct}, int8 {int8_correct}")


if __name__ == "__main__":
    main(target(sys.argv[1:], "flow.digits.train", WEIGHTS_FILE))
