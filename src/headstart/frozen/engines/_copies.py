"""Copies of a frozen part that an engine may change."""

from __future__ import annotations

import copy
from collections import Counter
from typing import NamedTuple, TypeGuard

from torch import fx, nn
from torch.nn.utils import fuse_conv_bn_eval


def folded_copy(module: nn.Module) -> nn.Module:
    """A copy of `module` in evaluation mode whose batch normalisations are folded into the convolutions before them.

    Folding: w' = w · γ / √(σ² + ε), b' = (b − μ) · γ / √(σ² + ε) + β (Jacob et al. 2018, arXiv:1712.05877,
    section 3.2). A normalisation follows a convolution when a trace of some module within shows that it reads
    that convolution's output alone; where nothing can be traced nothing is folded.
    """
    copied = copy.deepcopy(module).eval().requires_grad_(False)
    for network, graph in traced(copied, nn.BatchNorm2d):
        for pair in _pairs(network, graph):
            network.set_submodule(pair.names[0], fuse_conv_bn_eval(pair.convolution, pair.norm))
            network.set_submodule(pair.names[1], _left_of(pair.norm))
    return copied


class _Blocks(fx.Tracer):
    """Looks into every module that has children, but for normalisations that hold an activation."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.BatchNorm2d) or next(m.children(), None) is None


def traced(module: nn.Module, kind: type[nn.Module]) -> list[tuple[nn.Module, fx.Graph]]:
    """The outermost modules that hold one of this `kind` and can be traced, with their graphs."""
    if not any(isinstance(m, kind) for m in module.modules()):
        return []
    try:
        return [(module, _Blocks().trace(module))]
    except Exception:  # a tracer fails with whatever the traced code raises
        return [found for child in module.children() for found in traced(child, kind)]


class _Pair(NamedTuple):
    """A convolution and the normalisation that is the only reader of it, each with its name."""

    names: tuple[str, str]
    convolution: nn.Conv2d
    norm: nn.BatchNorm2d


def _pairs(network: nn.Module, graph: fx.Graph) -> list[_Pair]:
    calls = Counter(str(node.target) for node in graph.nodes if node.op == "call_module")
    found = []
    for node in graph.nodes:
        before = node.args[0] if node.args else None
        if node.op != "call_module" or not isinstance(before, fx.Node) or before.op != "call_module":
            continue
        names = str(before.target), str(node.target)
        convolution, norm = (network.get_submodule(name) for name in names)
        alone = len(before.users) == 1 and all(calls[name] == 1 for name in names)
        if alone and type(convolution) is nn.Conv2d and _is_norm(norm) and norm.track_running_stats:
            found.append(_Pair(names, convolution, norm))
    return found


def _is_norm(module: nn.Module) -> TypeGuard[nn.BatchNorm2d]:
    """A batch normalisation, or timm's, which holds the activation behind it too."""
    return type(module) is nn.BatchNorm2d or (
        isinstance(module, nn.BatchNorm2d)
        and isinstance(getattr(module, "act", None), nn.Module)
        and isinstance(getattr(module, "drop", None), nn.Identity)
    )


def _left_of(norm: nn.BatchNorm2d) -> nn.Module:
    """What of a normalisation is not folded."""
    return nn.Identity() if type(norm) is nn.BatchNorm2d else norm.get_submodule("act")
