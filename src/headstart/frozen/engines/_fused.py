"""Convolutions that take the activation behind them along, by oneDNN's kernels, their weights in an order to suit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn

from headstart.frozen.engines._copies import traced

Fusion = tuple[str, list[float], str]
"""oneDNN's name of an activation, its numbers, and which form of it."""

FUSIONS: dict[type[nn.Module], Callable[[Any], Fusion]] = {
    nn.ReLU: lambda act: ("relu", [], ""),
    nn.ReLU6: lambda act: ("hardtanh", [0.0, 6.0], ""),
    nn.Hardtanh: lambda act: ("hardtanh", [act.min_val, act.max_val], ""),
    nn.LeakyReLU: lambda act: ("leaky_relu", [act.negative_slope], ""),
    nn.Hardswish: lambda act: ("hardswish", [], ""),
    nn.SiLU: lambda act: ("swish", [], ""),
    nn.Sigmoid: lambda act: ("sigmoid", [], ""),
    nn.GELU: lambda act: ("gelu", [], act.approximate),
}

NONE: Fusion = ("none", [], "")


class FusedConvolution(nn.Module):
    """A convolution and the activation of its outputs, (N, C, h, w) → (N, K, h', w') with channels innermost.

    The weights are brought into the order that is best for the first batch.
    """

    def __init__(self, convolution: nn.Conv2d, fusion: Fusion) -> None:
        super().__init__()
        self.convolution, self.fusion = convolution, fusion
        own = convolution
        # A network that pads by itself, as TensorFlow does, asks its layers for these.
        self.kernel_size, self.stride, self.dilation = own.kernel_size, own.stride, own.dilation
        self._shape = (own.padding, own.stride, own.dilation, own.groups)
        self._packed: Tensor | None = None
        # Looked up once: a network has dozens of these.
        self._bias, self._convolve = own.bias, torch.ops.mkldnn._convolution_pointwise.default

    def forward(self, pixels: Tensor) -> Tensor:
        """The activated outputs."""
        if self._packed is None:
            weight = self.convolution.weight.to_mkldnn()
            pack: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
            self._packed = pack(weight, *self._shape, list(pixels.shape))
        return self._convolve(pixels, self._packed, self._bias, *self._shape, *self.fusion)  # type: ignore[no-any-return]


def can_fuse() -> bool:
    """Whether PyTorch was built with these kernels."""
    there = (torch.ops.mkldnn, "_convolution_pointwise"), (torch._C._nn, "mkldnn_reorder_conv2d_weight")
    return torch.backends.mkldnn.is_available() and all(hasattr(*each) for each in there)


def fuse(module: nn.Module) -> None:
    """Make every convolution in `module` one of these.

    An activation goes along where a trace shows that it alone reads the convolution's output.
    """
    for network, graph in traced(module, nn.Conv2d):
        for name, behind in _activated(network, graph):
            fusion = FUSIONS[type(network.get_submodule(behind))](network.get_submodule(behind))
            network.set_submodule(name, FusedConvolution(network.get_submodule(name), fusion))  # type: ignore[arg-type]
            network.set_submodule(behind, nn.Identity())
    for name, one in list(module.named_modules()):
        if _fits(one) and not isinstance(module.get_submodule(name.rpartition(".")[0]), FusedConvolution):
            module.set_submodule(name, FusedConvolution(one, NONE))  # type: ignore[arg-type]


def _fits(module: nn.Module) -> bool:
    return type(module) is nn.Conv2d and module.padding_mode == "zeros" and not isinstance(module.padding, str)


def _activated(network: nn.Module, graph: fx.Graph) -> list[tuple[str, str]]:
    """Names of convolutions, and of the activations that alone read them."""
    calls = Counter(str(node.target) for node in graph.nodes if node.op == "call_module")
    found = []
    for node in graph.nodes:
        name = str(node.target)
        if node.op == "call_module" and calls[name] == 1 and _fits(network.get_submodule(name)):
            reader = _reader(network, node)
            if reader is not None and calls[str(reader.target)] == 1:
                found.append((name, str(reader.target)))
    return found


def _reader(network: nn.Module, node: fx.Node) -> fx.Node | None:
    """The activation that alone reads what `node` gives, perhaps through modules that change nothing."""
    while len(node.users) == 1:
        (node,) = node.users
        kind = type(network.get_submodule(str(node.target))) if node.op == "call_module" else None
        if kind in FUSIONS:
            return node
        if kind is not nn.Identity:
            return None
    return None
