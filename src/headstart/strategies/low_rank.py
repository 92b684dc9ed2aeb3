"""Low-rank adapters: small matrices beside the frozen weights learn the change (LoRA, Hu et al. 2021)."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn

from headstart.backbones.base import Backbone, Batch
from headstart.core.optional import require
from headstart.model.freezing import FreezePlan, Rates
from headstart.model.network import Network
from headstart.strategies._balanced import balanced, check_balancing
from headstart.strategies._interpolation import check_wanted, part_of_the_way, times_judged
from headstart.strategies._solved_head import start_from_solved_head
from headstart.strategies.base import Climbed, Prepared, Rung, Strategy
from headstart.strategies.fine_tuning import LARGE, epochs_for
from headstart.tasks.base import Task
from headstart.training.cost import Cost
from headstart.training.recipe import Recipe, views_of
from headstart.training.trial import tried_cost
from headstart.training.workbench import Workbench


class LowRank(Strategy):
    """LoRA (arXiv:2106.09685) through peft on the linear and convolutional layers; merged when trained.

    Parameters
    ----------
    rank : r of the r × d matrices. alpha : scale; the change is multiplied by alpha / rank.
    share : share of the stages, from the output down, that get adapters; below them everything stays frozen
        and is run once.
    interpolate : whether smaller changes, down to a quarter of those learnt, are tried on the held-out examples.
    balancing : as for :class:`~headstart.strategies.fine_tuning.FineTuning`.
    """

    summary = "trains low-rank changes beside frozen weights and merges them in; for large backbones"
    needs = "It needs linear or convolutional layers in the stages that it adapts; low_rank:share=1 adapts all."

    def __init__(
        self,
        rank: int = 8,
        alpha: int = 16,
        share: float = 1.0,
        epochs: int | None = None,
        learning_rate: float | None = None,
        interpolate: bool = False,
        balancing: str | None = None,
    ) -> None:
        check_balancing(balancing)
        self.interpolate, self.balancing = interpolate, balancing
        self.rank, self.alpha, self.share = rank, alpha, share
        self.epochs, self.learning_rate = epochs, learning_rate

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        check_wanted(self.interpolate, task)
        if not self._adaptable(backbone):
            return []
        stages = len(backbone.stages())
        large = sum(p.numel() for p in backbone.parameters()) > LARGE
        return [Rung("low_rank", "low_rank", stages, reach=0.99 * self.share, by_default=large)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        rate = self.learning_rate or 10 * backbone.learning_rate
        return Recipe(
            epochs=self.epochs or epochs_for(examples, 32),
            batch_size=32,
            rates=Rates(rate, rate / 10, layer_decay=1.0),
            views=views_of(backbone.preprocess),
            balancing=self.balancing or "plain",
        )

    def prepare(self, rung: Rung, start: Network, bench: Workbench) -> Prepared:
        peft = require("peft", "lora", "the strategy low_rank")
        network = copy.deepcopy(start).to(bench.device)
        start_from_solved_head(network, bench)
        targets = self._targets(network.backbone, bench.sample(2))
        config = peft.LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            target_modules=list(targets),
            lora_dropout=0.0,
            fan_in_fan_out=all(_transposed(module) for module in targets.values()),
        )
        torch.manual_seed(bench.seed)
        peft.inject_adapter_in_model(config, network.backbone)
        adapters = frozenset(name for name, _ in network.backbone.named_parameters() if ".lora_" in name)
        plan = FreezePlan(network, rung.freeze_depth, extra=adapters)
        plan.apply()
        return Prepared(rung, network, plan, self.recipe(rung, network.backbone, bench.task, len(bench.train)))

    def predicted_cost(self, prepared: Prepared, bench: Workbench) -> Cost:
        return tried_cost(prepared.plan, prepared.recipe, bench, times_judged(self.interpolate, bench))

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        """Train the adapters, merge them in, and go back part of the way."""
        start = without_adapters(prepared.network)
        return part_of_the_way(self._merged, prepared, bench, self.interpolate, start)

    def _merged(self, prepared: Prepared, bench: Workbench) -> Climbed:
        climbed = balanced(super().climb, prepared, bench, self.balancing)
        merge_adapters(climbed.network)
        return climbed

    def _targets(self, backbone: Backbone, sample: Batch) -> dict[str, nn.Module]:
        """The layers that get an adapter, by full name: linear ones, and dense 1×1 or k×k convolutions.

        Only layers that are called: some attention modules read their projections' weights themselves, and an
        adapter put there would never be heard.
        """
        called = _called(backbone, sample)
        return {name: module for name, module in self._adaptable(backbone).items() if name in called}

    def _adaptable(self, backbone: Backbone) -> dict[str, nn.Module]:
        """The layers of the adapted stages that could get an adapter, by full name."""
        stages = backbone.stages()
        adapted = stages[round(len(stages) * (1 - self.share)) :]
        owners = {name.rpartition(".")[0] for stage in adapted for name in stage.parameters}
        return {name: m for name, m in backbone.named_modules() if name in owners and _adaptable(m)}


def _adaptable(module: nn.Module) -> bool:
    dense = isinstance(module, nn.Conv2d) and module.groups == 1
    return dense or isinstance(module, nn.Linear) or _transposed(module)


def _transposed(module: nn.Module) -> bool:
    """Whether it is GPT-2's linear layer, whose weight lies the other way round; only transformers makes one."""
    made_by = sys.modules.get("transformers.pytorch_utils")
    return made_by is not None and isinstance(module, made_by.Conv1D)


def _called(backbone: Backbone, sample: Batch) -> set[str]:
    """Names of the modules whose forward runs."""
    called: set[str] = set()

    def note(name: str) -> Callable[..., None]:
        return lambda module, args: called.add(name)

    hooks = [module.register_forward_pre_hook(note(name)) for name, module in backbone.named_modules()]
    with torch.no_grad():
        backbone.eval().features(sample)
    for hook in hooks:
        hook.remove()
    return called


def without_adapters(network: Network) -> dict[str, Tensor]:
    """The state of `network` as if its adapters had learnt nothing, under the names it has once they are merged."""
    state = network.state_dict()
    return {name.replace(".base_layer.", "."): value for name, value in state.items() if ".lora_" not in name}


def merge_adapters(network: Network) -> None:
    """Add every adapter's change to its layer's weight and put the plain layer back in its place."""
    for name, module in list(network.backbone.named_modules()):
        if hasattr(module, "base_layer") and hasattr(module, "merge"):
            module.merge()
            parent, _, attribute = name.rpartition(".")
            setattr(network.backbone.get_submodule(parent), attribute, module.get_base_layer())
