"""Shapes of the digits networks: a multi-layer perceptron and a convolutional network."""

from flow.daism.network import ARCHITECTURE
from flow.digits.data import CLASSES
from sim_models.daism.layers import ConvLayer

MLP = (
    ConvLayer(name="hidden", channels=64, outputs=64, size=1),
    ConvLayer(name="logits", channels=64, outputs=CLASSES, size=1),
)
"""64 -> 64 -> 10: 4,736 weights, as many multiply-accumulates an image."""
CNN = ARCHITECTURE
"""8x8x1 -> 8x8x16 -> 4x4x32 -> 2x2x64 -> 10: 15,504 weights, 118,272 multiply-accumulates an image."""
NETWORKS = {"mlp": MLP, "cnn": CNN}
EDGE = 8
