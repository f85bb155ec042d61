"""Train the networks of the analog peripherals with PyTorch: `python -m flow.crossbar.train [FILE.npz]`.

Needs the optional extra `train`. One thread, fixed seed and deterministic kernels: the same processor type and PyTorch
build give the same bytes. Weights are rounded to their conductance codes in every forward pass, with a straight-through
gradient, and every pass draws the variation of all cells anew. The loss is the mean squared error of the NNS+A and the
bitwise cross entropy of the NNADC's stage; losses, sizes and steps are bitline's own choices.
"""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.crossbar.recipes import (
    ADDER_VTC,
    LINEAR,
    ROUNDED,
    ROUNDED_FROM,
    STAGE_BITS,
    STAGE_VTC,
    TRAINED,
    Recipe,
)
from flow.crossbar.rounding import descended, linear_start, refitted
from flow.digits.weights_file import target, write
from sim_models.crossbar.conductance import CellParameters, quantise
from sim_models.crossbar.neural_adder import DAC_BITS, INPUTS, SLICES, NeuralAdder, adder_weights, random_inputs
from sim_models.crossbar.neural_quantiser import NeuralQuantiser, counting_quantiser
from sim_models.crossbar.peripherals import PERIPHERALS_FILE

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError:
    sys.stderr.write("flow.crossbar.train needs PyTorch: pip install 'bitline[train]'\n")
    raise SystemExit(2) from None

SEED = 2022
STEPS = 3000
BATCH = 256
PEAK_LEARNING_RATE = 5e-3
STAGE_STEPS = 1000
FIRST_STAGE_SLOPE = 200.0
STAGE_LEARNING_RATE = 3e-4
LOGIT_GAIN = 20.0
DESIGN_INPUTS = 1500


def straight_through(latent: Tensor, maximum: int) -> Tensor:
    """``latent`` rounded to codes of ``maximum``, with the gradient of ``latent``."""
    rounded = torch.round(latent * maximum) / maximum
    return latent + (rounded - latent).detach()


def deviating(weights: Tensor, cells: CellParameters) -> Tensor:
    """``weights`` with a new deviation each; of several cells the whole weight deviates as one would."""
    noise = cells.sigma * torch.randn_like(weights)
    if cells.variation == "multiplicative":
        return weights * (1 + noise)
    return weights + noise * 2**0.5  # both paths deviate


class AdderModule(nn.Module):
    """NNS+A networks of one recipe, one for each number of DAC bits along the first axis."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        count, hidden = len(DAC_BITS), recipe.hidden
        self.recipe = recipe
        self.inputs = nn.Parameter(torch.empty(count, INPUTS, hidden).uniform_(-0.5, 0.5))
        self.outputs = nn.Parameter(torch.empty(count, hidden).uniform_(-1, 1))
        self.biases = nn.Parameter(torch.zeros(count, hidden))
        self.log_scale = nn.Parameter(torch.full((count, 1, 1), math.log(recipe.scale)))
        self.log_gain = nn.Parameter(torch.full((count, 1), math.log(3 / (hidden * recipe.scale))))
        self.offset = nn.Parameter(torch.zeros(count, 1))
        self.mask, self.half_gains = split_mask(recipe)

    def forward(self, values: Tensor) -> Tensor:
        """Outputs (dac_bits, count) of ``values`` (count, 17), every cell with its own deviation."""
        cells = self.recipe.cell_parameters
        inputs = deviating(straight_through(self.inputs, cells.maximum), cells) * self.mask
        outputs = deviating(straight_through(self.outputs, cells.maximum), cells) * self.half_gains
        z = torch.exp(self.log_scale) * torch.matmul(values, inputs) + self.biases[:, None, :]
        voltages = torch.sigmoid(-ADDER_VTC.slope * z) - 0.5
        return torch.exp(self.log_gain) * (voltages * outputs[:, None, :]).sum(-1) + self.offset

    def networks(self) -> list[NeuralAdder]:
        """The trained networks, of the codes that the forward pass rounds to."""
        cells = replace(self.recipe.cell_parameters, sigma=0.0, variation="multiplicative")
        inputs, outputs, biases = (double(each) for each in (self.inputs * self.mask, self.outputs, self.biases))
        scales, offsets = double(torch.exp(self.log_scale)).ravel(), double(self.offset).ravel()
        gains = double(torch.exp(self.log_gain) * self.half_gains)
        return [
            NeuralAdder(
                dac_bits=dac_bits,
                cells=cells,
                vtc=ADDER_VTC,
                input_codes=quantise(inputs[place], cells),
                output_codes=quantise(outputs[place], cells),
                input_scale=float(scales[place]),
                biases=biases[place] + ADDER_VTC.threshold,
                gains=gains[place],
                offset=float(offsets[place]),
            )
            for place, dac_bits in enumerate(DAC_BITS)
        ]


def split_mask(recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Which inputs each neuron has (17, hidden), and the gain of its half (hidden,)."""
    mask, gains = torch.ones(INPUTS, recipe.hidden), torch.ones(recipe.hidden)
    if recipe.split:
        half, places = recipe.hidden // 2, torch.arange(INPUTS)
        low = (places < INPUTS - 1) & (places % SLICES < SLICES // 2)
        mask[low, :half] = 0
        mask[~low, half:] = 0
        gains[half:] = 2.0 ** -(SLICES // 2)
    return mask, gains


def double(values: Tensor) -> NDArray[np.float64]:
    """``values`` as a float64 array."""
    return np.asarray(values.detach().double().numpy())


def train_adders(recipe: Recipe) -> list[NeuralAdder]:
    """Networks of a recipe, one a number of DAC bits (mean squared error, Adam, one cycle of the learning rate)."""
    module = AdderModule(recipe)
    optimizer = torch.optim.Adam(module.parameters(), lr=PEAK_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=STEPS)
    weights = torch.tensor(np.stack([adder_weights(bits) for bits in DAC_BITS]), dtype=torch.float32)
    for _ in range(STEPS):
        values = torch.rand(BATCH, INPUTS)
        values[:, -1] = 2 * values[:, -1] - 1
        loss = (module(values) - weights @ values.T).square().mean(dim=1).sum()
        step(optimizer, schedule, loss)
        with torch.no_grad():
            module.inputs.clamp_(-1, 1)
            module.outputs.clamp_(-1, 1)
    return module.networks()


def step(optimizer: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler, loss: Tensor) -> None:
    """One step of the optimizer and of its schedule."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()


def train_stage() -> NeuralQuantiser:
    """The 4-bit stage, from the counting design; its inverters become steeper step by step."""
    cells = TRAINED[0].cell_parameters
    start = counting_quantiser(STAGE_BITS, replace(cells, sigma=0.0), STAGE_VTC)
    latent = [start.input_codes / cells.maximum, start.output_codes / cells.maximum]
    latent += [start.biases - STAGE_VTC.threshold, start.output_biases]
    tensors = [nn.Parameter(torch.tensor(each, dtype=torch.float32)) for each in latent]
    inputs, outputs, biases, output_biases = tensors
    optimizer = torch.optim.Adam(tensors, lr=STAGE_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, STAGE_LEARNING_RATE, total_steps=STAGE_STEPS)
    for number in range(STAGE_STEPS):
        values = torch.rand(BATCH, 1)
        slope = FIRST_STAGE_SLOPE * (STAGE_VTC.slope / FIRST_STAGE_SLOPE) ** (number / STAGE_STEPS)
        z = values * deviating(straight_through(inputs, cells.maximum), cells) + biases
        voltages = torch.sigmoid(-slope * z) - 0.5
        sums = voltages @ deviating(straight_through(outputs, cells.maximum), cells) + output_biases
        step(optimizer, schedule, functional.binary_cross_entropy_with_logits(LOGIT_GAIN * sums, gray_bits(values)))
        with torch.no_grad():
            inputs.clamp_(1 / cells.maximum, 1)
            outputs.clamp_(-1, 1)
    return replace(
        start,
        input_codes=quantise(double(inputs), cells),
        output_codes=quantise(double(outputs), cells),
        biases=double(biases) + STAGE_VTC.threshold,
        output_biases=double(output_biases),
    )


def gray_bits(values: Tensor) -> Tensor:
    """Ideal bits (count, 4), lowest first, of ``values`` (count, 1)."""
    codes = torch.floor(values * (1 << STAGE_BITS)).long()
    return ((codes ^ codes >> 1) >> torch.arange(STAGE_BITS) & 1).float()


def designed() -> dict[str, list[NeuralAdder]]:
    """Every NNS+A by the name of its recipe: trained, trained and rounded again, and rounded without training."""
    made = {recipe.name: train_adders(recipe) for recipe in TRAINED}
    values = random_inputs(DESIGN_INPUTS, np.random.default_rng(SEED))
    cells = TRAINED[0].cell_parameters
    made[ROUNDED] = [descended(each, cells, values) for each in made[ROUNDED_FROM]]
    for recipe in LINEAR:
        exact = replace(cells, sigma=0.0)
        starts = [linear_start(bits, recipe.hidden, exact, ADDER_VTC, recipe.scale) for bits in DAC_BITS]
        made[recipe.name] = [refitted(each, values) for each in starts]
    return made


def exported(adders: dict[str, list[NeuralAdder]], stage: NeuralQuantiser) -> dict[str, NDArray[np.generic]]:
    """All arrays of the .npz file by name, as `sim_models.crossbar.peripherals` reads them."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, networks in adders.items():
        for field in ("input_codes", "output_codes", "dac_bits"):
            arrays[f"{name}.{field}"] = np.array([getattr(each, field) for each in networks], np.int8)
        for field in ("biases", "gains", "input_scale", "offset"):
            arrays[f"{name}.{field}"] = np.array([getattr(each, field) for each in networks], np.float64)
        arrays[f"{name}.cells"] = np.array(networks[0].cells.cells, np.int8)
        arrays[f"{name}.slope"] = np.array(networks[0].vtc.slope)
    arrays |= {f"stage.{field}": getattr(stage, field).astype(np.int8) for field in ("input_codes", "output_codes")}
    arrays |= {"stage.biases": stage.biases, "stage.output_biases": stage.output_biases}
    return arrays | {"stage.bits": np.array(stage.bits, np.int8), "stage.slope": np.array(stage.vtc.slope)}


def main(path: Path) -> None:
    """Train all networks and write them."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    adders = designed()
    write(exported(adders, train_stage()), path)
    print(f"{len(adders)} NNS+A networks for {len(DAC_BITS)} DACs and one NNADC stage")


if __name__ == "__main__":
    main(target(sys.argv[1:], "flow.crossbar.train", PERIPHERALS_FILE))
