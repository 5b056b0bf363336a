"""PyTorch modules through `torch.onnx.export`, rows free, in evaluation mode."""

from ._exporter import attempts, reference

__all__ = ["attempts", "reference"]
