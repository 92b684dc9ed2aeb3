"""A finished network in use: decodes ahead, runs on the engine that pays, and names what cannot be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch, collate
from headstart.core.ahead import ahead
from headstart.core.engine_choice import EngineChoice
from headstart.core.errors import Problem
from headstart.core.progress import Progress
from headstart.core.threads import spread
from headstart.core.timing import Stopwatch
from headstart.data.checks import MOST_SET_ASIDE, refuse_too_many
from headstart.data.examples import Examples
from headstart.data.modalities.base import Modality
from headstart.frozen.activations import FrozenPart
from headstart.frozen.choosing import OUTLAY, Engines
from headstart.frozen.frontier import Frontier, Last
from headstart.frozen.inputs import Inputs
from headstart.model.network import Network

Keep = Callable[[Tensor], Tensor]

PART = 256
"""Examples decoded ahead at a time."""

OUTPUTS = "outputs"


class WholeNetwork(nn.Module):
    """A finished network as one frozen part: batch → its outputs (N, C) and, of some depths, its pooled features.

    Parameters
    ----------
    depths : stages whose features (N, D_s) are given beside ``outputs``, from the same pass.
    """

    def __init__(self, network: Network, depths: Sequence[str] = ()) -> None:
        super().__init__()
        self.network, self.depths = network, tuple(depths)

    def forward(self, batch: Batch) -> Batch:
        """Outputs and features, named."""
        if not self.depths:
            return {OUTPUTS: self.network(batch)}
        by_depth = self.network.backbone.depth_features(batch)
        read = self.network.join(by_depth) if self.network.depths else by_depth[list(by_depth)[-1]]
        return {OUTPUTS: self.network.head(read), **{name: by_depth[name] for name in self.depths}}


@dataclass(frozen=True)
class Computed:
    """What is kept of the outputs (M, C) of the M ``examples`` that could be decoded; the others and what is wrong.

    ``looked`` holds what was made of the features, part by part, where that was asked for.
    """

    outputs: Tensor
    examples: Examples
    set_aside: list[Problem]
    looked: list[Any]


class Inference:
    """Runs a finished network over any number of inputs; memory does not grow beyond the outputs themselves.

    A faster engine is prepared once the inputs at hand, or those so far, make up for its preparation: whoever
    asked for many will ask for more. One thread computes at a time.

    Parameters
    ----------
    keep : takes of the outputs of some examples what is kept of them.
    """

    def __init__(
        self,
        network: Network,
        modality: Modality,
        device: torch.device,
        engine: str,
        progress: Progress,
        depths: Sequence[str] = (),
        keep: Keep = lambda outputs: outputs,
    ) -> None:
        self._keep, self._network, self._device, self._engine = keep, network, device, engine
        self._preprocess, self._modality, self._progress = network.backbone.preprocess, modality, progress
        self._lock, self._seen, self._depths = threading.Lock(), 0, depths
        self._part = self._prepared()

    @property
    def engines(self) -> list[EngineChoice]:
        """What was chosen to run the network so far, and what else was tried."""
        return self._part.engines.choices

    def _prepared(self) -> FrozenPart:
        """What computes, with the network on its device."""
        network = self._network.to(self._device).eval()
        # Nothing is stored, so the weights need no digest; by the name it is known how long engines took to prepare.
        frontier = Frontier(WholeNetwork(network, self._depths), Last(), OUTPUTS, {}, network.backbone.card.name)
        engines = Engines(self._engine, exact=True)
        return FrozenPart(frontier, engines, None, self._device, Stopwatch(), self._progress, fill=False)

    def _bring_back(self) -> None:
        """Prepare anew where somebody who shares the network has taken it to another device since.

        Not in inference mode, in which weights that are moved can never be trained again.
        """
        if any(each.device.type != self._device.type for each in self._network.parameters()):
            self._part = self._prepared()

    def run(
        self, examples: Examples, look: Callable[[Batch], Any] | None = None, most: float = MOST_SET_ASIDE
    ) -> Computed:
        """Outputs of every example, in order.

        `look` is given the features, (n, D_s) by depth, of a few examples at a time; only what it makes of them is
        kept, so that memory does not grow with them.

        Raises
        ------
        InputError : a larger share than `most` could not be decoded.
        """
        inputs = Inputs(examples, self._modality, self._preprocess, list(examples.ids), self._part.stopwatch)
        count, rows, outputs, set_aside, looked = len(examples), [], [], [], []
        counter = self._progress.counter(count, "predicting", "examples")
        parts = [range(start, min(start + PART, count)) for start in range(0, count, PART)]
        with self._lock:
            self._bring_back()
        with self._lock, torch.inference_mode():
            # What was preparation worth for the inputs so far is spent once they have cost as much without it.
            expected = count + round(self._seen / OUTLAY)
            for part, decoded in zip(parts, ahead(lambda part: _decoded(inputs, part), parts), strict=True):
                good = [(row, made) for row, made in zip(part, decoded, strict=True) if not isinstance(made, Problem)]
                set_aside += [made for made in decoded if isinstance(made, Problem)]
                rows += [row for row, _ in good]
                computed = self._part.compute([made for _, made in good], counter.advance, ahead=expected)
                outputs += [self._keep(torch.stack([row.pop(OUTPUTS) for row in computed]))] if computed else []
                looked += [look(collate(computed))] if look and computed else []
            self._seen += count
        counter.close()
        refuse_too_many(set_aside, count, self._modality.noun, most)
        kept = examples.select(rows) if set_aside else examples
        return Computed(torch.cat(outputs) if outputs else torch.zeros(0, 0), kept, set_aside, looked)


def _decoded(inputs: Inputs, rows: range) -> list[Batch | Problem]:
    """Each input's tensors, or why it has none."""

    def decode(row: int) -> Batch | Problem:
        try:
            raw = inputs.raw(row)
        except ValueError as error:
            return Problem(inputs.examples.ids[row], str(error))
        return inputs.preprocess(raw, 0, inputs.keys[row])

    return spread(decode, rows)
