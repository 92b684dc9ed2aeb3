"""SetFit: tunes a sentence encoder so that texts of one class lie together and others apart, then solves a head."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.backbones.base import Backbone, Batch, collate, spelled
from headstart.frozen.inputs import Inputs
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.heads import DirectionHead
from headstart.model.network import Network
from headstart.strategies._known_classes import solve_with_names
from headstart.strategies._named_head import means_something, told
from headstart.strategies._solved_head import solve_head
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe, rate_factor
from headstart.training.workbench import Workbench

MOST = 16
"""Examples a class up to which it is offered: with more, ordinary fine-tuning is as good and cheaper."""

HALF = 0.5
"""Share of its passes below which it is not begun: on training texts of ag_news, 8 a class, three of ten passes gave
half of what ten did over prototypes, six five sixths."""

OF_ONE_CLASS = 4
"""Examples of each class in a batch, so that every batch holds pairs that belong together."""


class SetFit(Strategy):
    """Contrastive tuning on pairs of few examples (Tunstall et al. 2022, arXiv:2209.11055), and a linear head.

    The loss is the paper's, the squared difference of a pair's cosine from 1 (same class) or 0 (other classes), pairs
    of both kinds counting half each. Where the paper draws pairs and encodes both texts of each, every batch here
    is encoded once and gives all of its pairs: of 16 texts, 120 pairs for the cost of 8.

    Where the names of the classes mean something, each is one more example of its class, in tuning and in the head,
    which is that of prototypes: on 8 examples a class of ag_news, of its training split, that gave 5.5 points.

    Parameters
    ----------
    epochs, learning_rate, batch_size : passes over the examples, AdamW's peak rate, texts a step.
    """

    summary = "tunes a sentence encoder on pairs of few examples and names, then solves a head"
    needs = f"It needs texts of one class each, a sentence encoder, and at most {MOST} examples a class."

    goes_back = False

    def __init__(self, epochs: int = 10, learning_rate: float = 2e-5, batch_size: int = 16) -> None:
        self.epochs, self.learning_rate, self.batch_size = epochs, learning_rate, batch_size

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        directions = bool(backbone.prompts) and backbone.names_are_directions
        sentences = directions and backbone.preprocess.lengths_differ
        if not sentences or not task.one_class or examples > MOST * task.outputs:
            return []
        return [Rung("set_fit", "set_fit", 0, reach=1.0, needs_start=False, for_few=True)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        """Where time is short the ladder takes fewer passes: on 8 texts a class most of the gain is in the first."""
        return Recipe(self.epochs, self.batch_size, Rates(self.learning_rate, 0.0, layer_decay=1.0))

    def again(self, prepared: Prepared, epochs: int) -> Prepared:
        """For so many passes, but no fewer than half of them."""
        return super().again(prepared, max(epochs, math.ceil(HALF * self.epochs)))

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        backbone = copy.deepcopy(start.backbone)
        named = means_something(backbone, bench.task)
        width = backbone.feature_size
        head = DirectionHead(width, bench.task.outputs) if named else bench.task.head(width)
        network = Network(backbone, head).to(bench.device)
        plan = FreezePlan(network, rung.freeze_depth)
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        """What a batch takes, forward and back, for every step; the first time sets things up and does not count."""
        lesson = Lesson.of(prepared.network.backbone, bench)
        batch = next(batches(lesson.encoded, prepared.recipe.batch_size, 0, bench.seed))
        for _ in range(2):
            began = time.perf_counter()
            loss = lesson.loss(prepared.network, batch, bench.device)
            loss.backward()
            loss.item()  # waits for a GPU, which has only been told what to do
        prepared.network.zero_grad(set_to_none=True)
        each = (time.perf_counter() - began) / len(batch)
        return Cost(each * len(lesson.encoded), each * (len(bench.train) + _held_out(bench)) + 0.2)

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        network, recipe = prepared.network.to(bench.device), prepared.recipe
        with bench.stopwatch.lap("train"):
            losses = self._tune(network, recipe, bench)
        network.requires_grad_(False).eval()
        if isinstance(network.head, DirectionHead):
            directions = told(network.backbone, bench.task.named()).directions
            solve_with_names(network, directions, bench, keep=False)
        else:
            solve_head(network, bench)
        moment = {"epoch": float(len(losses)), "train_loss": losses[-1], **_judged(network, bench)}
        return Climbed(network, prepared.plan.trainable_parameters, [moment], len(losses))

    def _tune(self, network: Network, recipe: Recipe, bench: Workbench) -> list[float]:
        """Train the encoder; returns the mean loss of each pass. Ends early, but not in the first, where time runs
        out."""
        parameters = [p for p in network.backbone.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=recipe.rates.backbone, weight_decay=0.01)
        lesson = Lesson.of(network.backbone, bench)
        total, step = recipe.epochs * -(-len(lesson.encoded) // recipe.batch_size), 0
        means: list[float] = []
        torch.manual_seed(bench.seed)
        network.backbone.train()
        for epoch in range(recipe.epochs):
            losses = []
            for batch in batches(lesson.encoded, recipe.batch_size, epoch, bench.seed):
                if means and bench.stopwatch.total > bench.last_rung_ends:
                    return means
                for group in optimizer.param_groups:
                    group["lr"] = recipe.rates.backbone * rate_factor(step, total, recipe.warmup)
                loss = lesson.loss(network, batch, bench.device)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
                optimizer.step()
                losses.append(float(loss.detach()))
                step += 1
            means.append(float(np.mean(losses)))
        return means


@dataclass(frozen=True)
class Lesson:
    """What the encoder is tuned on: the training texts, then the names of the classes, and the ``encoded`` class of
    each (N,)."""

    train: Inputs
    names: list[Batch]
    encoded: Tensor

    @classmethod
    def of(cls, backbone: Backbone, bench: Workbench) -> Lesson:
        """The examples of `bench`, and the names where they mean something to `backbone`."""
        known = (bench.task.named() or []) if means_something(backbone, bench.task) else []
        texts = [(place, text) for place, name in enumerate(known) for text in spelled(name, backbone.prompts[:1])]
        places = torch.tensor([place for place, _ in texts], dtype=bench.targets.dtype)
        return cls(
            bench.train, [backbone.preprocess(text) for _, text in texts], torch.cat([bench.targets.cpu(), places])
        )

    def loss(self, network: Network, batch: np.ndarray, device: torch.device) -> Tensor:
        """That of the pairs among the texts at `batch`, with a graph for gradients."""
        count = len(self.train)
        tensors = collate([self.train.tensors(i) if i < count else self.names[i - count] for i in batch.tolist()])
        features = network.backbone.features({name: tensor.to(device) for name, tensor in tensors.items()})
        return pair_loss(features, self.encoded[batch].to(device))


def pair_loss(features: Tensor, encoded: Tensor) -> Tensor:
    """Mean of (cos − 1)² over pairs of one class and of cos² over pairs of two, each kind counting half.

    Parameters
    ----------
    features : (B, D). encoded : (B,) classes.
    """
    directions = functional.normalize(features, dim=1)
    first, second = torch.triu_indices(len(features), len(features), offset=1, device=features.device)
    cosines = (directions @ directions.T)[first, second]
    same = encoded[first] == encoded[second]
    kinds = [(cosines[same] - 1).square(), cosines[~same].square()]
    present = [kind.mean() for kind in kinds if len(kind)]
    return torch.stack(present).mean() if present else cosines.sum() * 0


def batches(encoded: Tensor, size: int, epoch: int, seed: int) -> Iterator[np.ndarray]:
    """Places of the examples in batches of about `size`, several of a class side by side; each example once."""
    random = np.random.default_rng([seed, epoch])
    chunks = []
    for label in np.unique(encoded.numpy()):
        own = random.permutation(np.flatnonzero(encoded.numpy() == label))
        chunks += [own[start : start + OF_ONE_CLASS] for start in range(0, len(own), OF_ONE_CLASS)]
    order = np.concatenate([chunks[i] for i in random.permutation(len(chunks))])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _held_out(bench: Workbench) -> int:
    return 0 if bench.validation is None else len(bench.validation)


def _judged(network: Network, bench: Workbench) -> dict[str, float]:
    """The held-out loss and watched figure of the finished network, for its learning curve."""
    task = bench.task
    if bench.validation is None or bench.validation_targets is None:
        return {}
    outputs = bench.outputs(network, bench.validation, keep=False)
    loss = float(task.loss(outputs, bench.validation_targets))
    return {"validation_loss": loss, task.watched: task.value(task.watched, outputs, bench.validation_targets)}
