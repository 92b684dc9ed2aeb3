"""What a finished model is asked about each input, and all that does not depend on the input."""

from __future__ import annotations

from typing import Any

import torch

from headstart.core.device import choose_device
from headstart.data.modalities import MODALITIES
from headstart.explanations._aim import aim_at
from headstart.explanations._asked import Asked, Known, Question
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
        self._unlearnt = Unlearnt(self._network)

    def ask(self, reference: Any) -> Question:
        """What is asked of one input.

        Raises
        ------
        ValueError : it cannot be decoded.
        """
        model, preprocess = self._model, self._network.backbone.preprocess
        raw = self._modality.decode(reference, preprocess.size_hint)
        example = {name: tensor.to(self._device) for name, tensor in preprocess(raw).items()}
        with torch.no_grad():
            outputs = self._network({name: tensor.unsqueeze(0) for name, tensor in example.items()})
        aim = aim_at(model.task, model.calibration, outputs, self._label, self._target)
        parts = parts_of(example, raw, preprocess)
        asked = Asked(self._network, example, aim, parts, self._known, self._unlearnt)
        return Question(asked, float(aim.confidence(outputs)[0]), lambda: self._modality.decode(reference))
