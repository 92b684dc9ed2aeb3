"""Gradual unfreezing: the whole backbone is tuned, stage by stage from the output down, and the deeper the slower."""

from __future__ import annotations

from dataclasses import replace

from headstart.backbones.base import Backbone
from headstart.strategies.base import Rung
from headstart.strategies.fine_tuning import FineTuning
from headstart.tasks.base import Task
from headstart.training.recipe import Recipe

SLOWER = 2.6
"""By so much slower than the stage above it each stage learns."""

LONGER = 2
"""Times as many epochs as fine-tuning takes: stages thaw over the first half of them."""


class GradualUnfreezing(FineTuning):
    """The classifier of ULMFiT (Howard & Ruder 2018, arXiv:1801.06146), from a solved head on.

    In the first epochs only the last stages move; in the end all do, each at a rate of its own (discriminative
    fine-tuning). By default it is climbed for backbones that are to be thawed so, recurrent ones.

    Parameters
    ----------
    epochs, learning_rate, batch_size, head_rate, patience : as those of fine-tuning.
    slower : by how much slower each stage learns than the one above it.
    """

    summary = "trains the whole backbone, thawed stage by stage, the deeper the slower"

    def __init__(
        self,
        epochs: int | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        head_rate: float = 1e-3,
        slower: float = SLOWER,
        patience: int = 6,
    ) -> None:
        super().__init__(
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=batch_size,
            head_rate=head_rate,
            layer_decay=1 / max(slower, 1.0),
            patience=patience,
            gradual=True,
        )

    def rungs(self, backbone: Backbone, task: Task, examples: int) -> list[Rung]:
        name = "gradual_unfreezing"
        return [Rung(name, name, 0, reach=1.0, by_default=backbone.thaws_gradually)]

    def recipe(self, rung: Rung, backbone: Backbone, task: Task, examples: int) -> Recipe:
        usual = super().recipe(rung, backbone, task, examples)
        return usual if self.epochs else replace(usual, epochs=LONGER * usual.epochs)
