"""Runs a finished network over any number of inputs, a part at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch
from headstart.core.progress import Progress
from headstart.frozen.activations import FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.frontier import Frontier, Last
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network

PART = 256


class WholeNetwork(nn.Module):
    """A finished network as one frozen part: batch → its outputs (N, C), named."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Batch:
        """The outputs."""
        return {"outputs": self.network(batch)}


def outputs_of_inputs(network: Network, inputs: Inputs, device: torch.device, progress: Progress) -> Tensor:
    """Outputs (N, C) of every input, in order; memory does not grow with N beyond the outputs themselves."""
    network.eval()
    frontier = Frontier(WholeNetwork(network), Last(), "outputs", {})
    part = FrozenPart(frontier, Engines(), None, device, inputs.stopwatch, progress, fill=False)
    counter = progress.counter(len(inputs), "predicting", "examples")
    outputs = []
    for start in range(0, len(inputs), PART):
        indices = range(start, min(start + PART, len(inputs)))
        computed = part.compute([inputs.tensors(i) for i in indices], counter.advance, ahead=len(inputs))
        outputs += [row["outputs"] for row in computed]
    counter.close()
    return torch.stack(outputs) if outputs else torch.zeros(0, 0)
