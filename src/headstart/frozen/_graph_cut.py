"""Cuts a traced forward into what no trainable parameter feeds and the rest."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from headstart.backbones.base import Backbone, Batch


def cut_graph(
    backbone: Backbone, sample: Batch, maps: Sequence[str] = ()
) -> tuple[nn.Module, nn.Module, str, dict[str, Tensor]] | None:
    """Frozen part, trained part, name of the cut and frozen state; None when the cut is at the input.

    The trained part gives the features, or the `maps` by name where there are any.

    A node is moving when a trainable parameter feeds it, directly or through other nodes. The frontier is the
    set of tensors per example that are not moving and that moving nodes read. Values that are no such tensor
    (sizes, constants, frozen weights) are computed again in the trained part: they cost nothing to repeat. Where a
    size of the input alone is read, it is written down instead, if all inputs are of one size.
    """
    entry = backbone.traced()
    if entry is None:
        raise TypeError(f"{backbone.card.name} names neither a run of layers nor a module to trace")
    network, key = entry
    graph = _LeafTracer(backbone, _in_one_stage(backbone)).trace(network)
    nodes = _giving(graph, maps) if maps else list(graph.nodes)
    moving = _moving(network, nodes) | {node for node in nodes if node.op == "output"}  # the head, at least, moves
    still = [node for node in nodes if node not in moving]
    values = _values(network, graph, still, sample[key])
    per_example = _per_example(still, values, len(sample[key]))
    frontier = _frontier(nodes, moving, per_example)
    sizes: dict[fx.Node, Any] = {}
    if _is_input(frontier) and not backbone.preprocess.lengths_differ:
        sizes = _sizes(still, values, _values(network, graph, still, sample[key][1:]), len(sample[key]))
        frontier = _frontier(nodes, moving, per_example, sizes)
    if _is_input(frontier):
        return None
    frozen = fx.GraphModule(network, _frozen_graph(nodes, frontier))
    trained = fx.GraphModule(network, _trained_graph(nodes, frontier, sizes))
    names = [_label(i) for i in range(len(frontier))]
    cut = "graph-" + "-".join(node.name for node in frontier)
    return _Named(frozen, key, names), _FromNamed(trained, names, maps), cut, dict(frozen.state_dict())


def _giving(graph: fx.Graph, maps: Sequence[str]) -> list[fx.Node]:
    """Let `graph` give what the modules `maps` give; returns the nodes that this needs, in order."""
    modules = {str(node.target): node for node in graph.nodes if node.op == "call_module"}
    output = next(node for node in graph.nodes if node.op == "output")
    output.args = (tuple(modules[name] for name in maps),)
    needed = _ancestors([output])
    return [node for node in graph.nodes if node in needed]


class _LeafTracer(fx.Tracer):
    """A tracer that takes whole what no cut goes through.

    Cuts lie between stages, so a module within one stage keeps its own forward, and with it the dropout and
    stochastic depth that look at a ``training`` flag: a trace through them would fix the flag for ever. The same
    goes for a module that holds neither tensors nor modules, and for one that carries a low-rank adapter.
    """

    def __init__(self, backbone: Backbone, whole: set[nn.Module]) -> None:
        super().__init__(autowrap_functions=backbone.tracer_functions())
        self.leaves, self.whole = backbone.tracer_leaves(), whole

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        stateless = next(itertools.chain(m.parameters(), m.buffers(), m.children()), None) is None
        whole = stateless or m in self.whole or hasattr(m, "base_layer") or isinstance(m, self.leaves)
        return whole or super().is_leaf_module(m, module_qualified_name)


def _in_one_stage(backbone: Backbone) -> set[nn.Module]:
    """Modules whose parameters and buffers all belong to one stage."""
    stage_of = {name: i for i, stage in enumerate(backbone.stages()) for name in (*stage.parameters, *stage.buffers)}
    found: dict[str, set[int]] = defaultdict(set)
    for name in backbone.state_dict():
        stage = stage_of.get(name.replace(".base_layer.", "."))
        if stage is not None:
            for module in itertools.accumulate(name.split("."), "{}.{}".format):
                found[module].add(stage)
    return {module for path, module in backbone.named_modules() if len(found[path]) == 1}


def _moving(network: nn.Module, nodes: Sequence[fx.Node]) -> set[fx.Node]:
    trainable = {name for name, p in network.named_parameters() if p.requires_grad}
    moving: set[fx.Node] = set()
    for node in nodes:
        target = str(node.target)
        if node.op == "get_attr":
            own = target in trainable
        elif node.op == "call_module":
            own = any(name.startswith(target + ".") for name in trainable)
        else:
            own = False
        if own or any(source in moving for source in node.all_input_nodes):
            moving.add(node)
    return moving


def _per_example(nodes: Sequence[fx.Node], values: _Values, count: int) -> set[fx.Node]:
    """Those of `nodes` that depend on the input and whose value is a tensor with the `count` examples along
    dimension 0."""
    fed: set[fx.Node] = set()
    for node in nodes:
        if node.op == "placeholder" or any(source in fed for source in node.all_input_nodes):
            fed.add(node)
    return {node for node in fed if values.rows.get(node.name) == count}


def _sizes(nodes: Sequence[fx.Node], more: _Values, fewer: _Values, count: int) -> dict[fx.Node, Any]:
    """Nodes that are sizes, with what they are for inputs of one size; None where that is how many there are.

    Parameters
    ----------
    more, fewer : what runs of `count` inputs and of one less tell.
    """
    both = [node for node in nodes if node.name in more.sizes and node.name in fewer.sizes]
    pairs = {node: (more.sizes[node.name], fewer.sizes[node.name]) for node in both}
    found = {node: one for node, (one, other) in pairs.items() if one == other}
    return found | {node: None for node, pair in pairs.items() if pair == (count, count - 1)}


def _values(network: nn.Module, graph: fx.Graph, nodes: Sequence[fx.Node], sample: Tensor) -> _Values:
    """What a run of those `nodes` of `graph` tells."""
    values = _Values(fx.GraphModule(network, graph), {node.name for node in nodes})
    with torch.no_grad():
        values.run(sample)
    return values


class _Values(fx.Interpreter):
    """Runs the nodes `wanted` of a graph once and remembers the first dimension of every tensor, and all sizes."""

    def __init__(self, module: fx.GraphModule, wanted: set[str]) -> None:
        super().__init__(module)
        self.wanted = wanted
        self.rows: dict[str, int] = {}
        self.sizes: dict[str, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        if n.name not in self.wanted:
            return None
        value = super().run_node(n)
        if isinstance(value, Tensor) and value.dim():
            self.rows[n.name] = value.shape[0]
        elif isinstance(value, int) or (isinstance(value, tuple) and all(isinstance(one, int) for one in value)):
            self.sizes[n.name] = value
        return value


def _is_input(frontier: Sequence[fx.Node]) -> bool:
    return any(node.op == "placeholder" for node in frontier)


def _frontier(
    nodes: Sequence[fx.Node], moving: set[fx.Node], per_example: set[fx.Node], known: Collection[fx.Node] = ()
) -> list[fx.Node]:
    """Per-example tensors that are not moving and that the trained part reads, in order; but for what is `known`."""
    needed: set[fx.Node] = set()
    waiting = [node for node in nodes if node in moving]
    seen = {*waiting, *known}
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source in moving or source in seen:
                continue
            if source in per_example:
                needed.add(source)
            else:
                seen.add(source)
                waiting.append(source)
    return [node for node in nodes if node in needed]


def _frozen_graph(nodes: Sequence[fx.Node], frontier: Sequence[fx.Node]) -> fx.Graph:
    graph = fx.Graph()
    copied: dict[fx.Node, fx.Node] = {}
    wanted = _ancestors(frontier)
    for node in nodes:
        if node in wanted:
            copied[node] = graph.node_copy(node, lambda n: copied[n])
    graph.output(tuple(copied[node] for node in frontier))
    return graph


def _trained_graph(nodes: Sequence[fx.Node], frontier: Sequence[fx.Node], sizes: Mapping[fx.Node, Any]) -> fx.Graph:
    graph = fx.Graph()
    copied: dict[fx.Node, Any] = {node: graph.placeholder(_label(i)) for i, node in enumerate(frontier)}
    output = next(node for node in nodes if node.op == "output")
    wanted = _ancestors([output], stop={*frontier, *sizes})
    for node in nodes:
        if node in wanted and node not in copied:
            if node not in sizes:
                copied[node] = graph.node_copy(node, lambda n: copied[n])
            elif sizes[node] is None:  # the number of examples: any tensor of the frontier tells it
                copied[node] = graph.call_method("size", (copied[frontier[0]], 0))
            else:
                copied[node] = sizes[node]
    return graph


def _ancestors(nodes: Sequence[fx.Node], stop: set[fx.Node] | None = None) -> set[fx.Node]:
    found: set[fx.Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += [] if stop and node in stop else node.all_input_nodes
    return found


def _label(index: int) -> str:
    return f"f{index}"


class _Named(nn.Module):
    """A traced frozen part with named tensors in and out."""

    def __init__(self, module: nn.Module, key: str, names: Sequence[str]) -> None:
        super().__init__()
        self.module, self.key, self.names = module, key, list(names)

    def forward(self, batch: Batch) -> Batch:
        """Batch → frontier."""
        return dict(zip(self.names, self.module(batch[self.key]), strict=True))


class _FromNamed(nn.Module):
    """A traced trained part that takes named tensors."""

    def __init__(self, module: nn.Module, names: Sequence[str], maps: Sequence[str] = ()) -> None:
        super().__init__()
        self.module, self.names, self.maps = module, list(names), tuple(maps)

    def forward(self, frontier: Batch) -> Tensor | Batch:
        """Frontier → features (N, D), or maps by name."""
        given = self.module(*(frontier[name] for name in self.names))
        return dict(zip(self.maps, given, strict=True)) if self.maps else given
