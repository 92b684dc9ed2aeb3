"""Transfer gain: what the pretrained network gave, against doing without it."""

from __future__ import annotations

from headstart.core.results import Figure, Finding
from headstart.diagnosis.base import Diagnosis, Evidence

WITHOUT = {
    "majority": "one and the same answer for every input",
    "shallow": "a linear model on shallow features (words, or colours and edges)",
    "random_weights": "a linear head on the same network with random weights",
    "from_scratch": "the same network trained from random weights",
}
"""What the model was compared with, as a person reads it."""


OTHER = "Take a backbone that was pretrained on inputs more like yours (`headstart models`)"
INSTEAD = {
    "majority": "Check that the targets can be told from the inputs at all, and that none was mixed up.",
    "shallow": f"{OTHER}, or train more of this one (--strategy fine_tuning); else use the shallow model.",
}
"""What to do where the model is no better than that; without an entry, OTHER."""


class TransferGain(Diagnosis):
    """Reads the paired gains of the model over models without pretraining.

    Serious where one of them is better (the 95 % interval of the gain lies below nought), a warning where it cannot
    be told from one, information otherwise.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        judged = next((split for split in ("test", "validation") if split in evidence.figures), None)
        gains = evidence.gains
        if judged is None or not gains or evidence.watched not in evidence.figures[judged]:
            return []
        model = evidence.figures[judged][evidence.watched]
        about = f"The model's {evidence.watched.replace('_', ' ')} on the {judged} examples is {model.value:.3g}. "
        hurt = [name for name, (_, gain) in gains.items() if gain.high < 0]
        unclear = [name for name, (_, gain) in gains.items() if gain.low <= 0 <= gain.high]
        compared = "; ".join(_against(name, *pair) for name, pair in gains.items()) + "."
        if hurt:
            first = f"Transfer hurt here: {_words(hurt[0])} does better. "
            return [
                Finding(
                    "transfer_gain", "serious", first + about + compared, next_step=INSTEAD.get(hurt[0], f"{OTHER}.")
                )
            ]
        if unclear:
            first = f"What transfer gave cannot be told from chance: {_words(unclear[0])} does about as well. "
            return [
                Finding(
                    "transfer_gain",
                    "warning",
                    first + about + compared,
                    next_step=INSTEAD.get(unclear[0], f"{OTHER}."),
                )
            ]
        step = "Nothing: transfer paid."
        return [Finding("transfer_gain", "info", about + compared, next_step=step)]


def _against(name: str, reached: Figure, gain: Figure) -> str:
    better = "better" if gain.value >= 0 else "worse"
    return (
        f"It is {abs(gain.value):.3g} {better} (95 % interval of the gain {gain.low:.3g} to {gain.high:.3g}) than "
        f"{_words(name)}, which reaches {reached.value:.3g}"
    )


def _words(name: str) -> str:
    return WITHOUT.get(name, name.replace("_", " "))
