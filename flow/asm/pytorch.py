"""PyTorch, which only training needs: modules of training take it from here, so that its absence is one plain error."""

from gen.tools import ToolMissing

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError:
    raise ToolMissing("PyTorch", "alphabet-aware training", "pip install 'bitline[train]'") from None

__all__ = ["Tensor", "functional", "nn", "torch"]
