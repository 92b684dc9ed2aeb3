"""What a finished model is asked about each input, and all that does not depend on the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from headstart.backbones.base import Batch
from headstart.core.device import choose_device
from headstart.core.judged import measured
from headstart.data.modalities import MODALITIES
from headstart.explanations._aim import Aim
from headstart.explanations._aims import aims_at
from headstart.explanations._asked import Asked, Question
from headstart.explanations._box_aim import BoxAim
from headstart.explanations._known import Known
from headstart.explanations._parting import parts_of
from headstart.explanations._subject import Subject, known_to
from headstart.explanations._unlearnt import Unlearnt


class Explainer:
    """Asks one model about input after input; what does not depend on the input is made once.

    Parameters
    ----------
    label, known, target : as for :func:`explain`.
    """

    def __init__(
        self, model: Subject, label: str | None = None, known: Known | None = None, target: str | None = None
    ) -> None:
        self._model, self._label, self._target = model, label, target
        self._known, self._device = known or known_to(model), choose_device(model.device)
        self._modality = MODALITIES.load(model.modality)()
        self._network = model.network.to(self._device).eval()
        self._unlearnt, self._measured = Unlearnt(self._network), measured(model.result)

    def ask(self, reference: Any) -> list[Question]:
        """What is asked of one input: one question, or one of each box that was found in it.

        Raises
        ------
        ValueError : it cannot be decoded, or there is nothing in it.
        """
        raw, example, outputs = self._seen(reference)
        aims = aims_at(self._model.task, self._model.calibration, outputs, self._label, self._target)
        return [self._question(reference, raw, example, aim, outputs) for aim in aims]

    def ask_about(self, reference: Any, box: Mapping[str, Any]) -> Question:
        """What is asked of one box in a picture, as the task decoded it.

        Raises
        ------
        ValueError : the picture cannot be decoded.
        """
        raw, example, outputs = self._seen(reference)
        aim = BoxAim(self._model.task, self._model.calibration, box, outputs)
        return self._question(reference, raw, example, aim, outputs)

    def _seen(self, reference: Any) -> tuple[Any, Batch, Tensor]:
        """The input, its tensors, and the raw outputs (1, …)."""
        preprocess = self._network.backbone.preprocess
        raw = self._modality.decode(reference, preprocess.size_hint)
        example = {name: tensor.to(self._device) for name, tensor in preprocess(raw).items()}
        with torch.no_grad():
            outputs = self._network({name: tensor.unsqueeze(0) for name, tensor in example.items()})
        return raw, example, outputs

    def _question(self, reference: Any, raw: Any, example: Batch, aim: Aim, outputs: Tensor) -> Question:
        parts = parts_of(example, raw, self._network.backbone.preprocess)
        asked = Asked(self._network, example, aim, parts, self._known, self._unlearnt, self._measured)
        return Question(asked, float(aim.confidence(outputs)[0]), lambda: self._modality.decode(reference))
