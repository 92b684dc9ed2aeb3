"""Transfer gain: what the pretrained network gave, against doing without it."""

from __future__ import annotations

from headstart.core.results import Figure, Finding, Severity
from headstart.core.written_figures import Writing, plain, words
from headstart.diagnosis._counting import counted
from headstart.diagnosis._watched import writing_of
from headstart.diagnosis.base import Diagnosis, Evidence

WITHOUT = {
    "majority": "one and the same answer for every input",
    "random_weights": "a linear head on the same network with random weights (against one on its pretrained "
    "features, both learnt from the same examples, at most 500)",
    "from_scratch": "the same network trained from random weights",
}
SHALLOW_TEXTS = "a linear model on words and pairs of words, without any network"
SHALLOW_PICTURES = "a linear model on colours and edges, without any network"

OTHER = "Take a backbone that was pretrained on inputs more like yours (`headstart models`)"
INSTEAD = {
    "majority": "Check that the targets can be told from the inputs at all, and that none was mixed up.",
    "shallow": f"{OTHER}, or train more of this one (--strategy fine_tuning); else do without a network: the "
    "simple model is as good.",
}
"""What to do where the model is no better than that; without an entry, OTHER."""

EASY = 0.95
"""From this share on, of figures that end at 1, there is little left for pretraining to add."""


class TransferGain(Diagnosis):
    """Reads the paired gains of the model over models without pretraining.

    Serious where one of them is better (the 95 % interval of the gain lies below nought), a warning where it cannot
    be told from one, information otherwise. Where transfer did not pay, it says what the evidence shows of why.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        judged = next((split for split in ("test", "validation") if split in evidence.figures), None)
        gains = evidence.gains
        if judged is None or not gains or evidence.watched not in evidence.figures[judged]:
            return []
        model = evidence.figures[judged][evidence.watched]
        writing = _writing(evidence, judged)
        compared = "; ".join(_against(without(name, evidence), *pair, writing) for name, pair in gains.items())
        said = (
            f"The model's {words(evidence.watched)} on the {judged} examples is {plain(writing.value(model.value))}. "
            f"That is {compared}."
        )
        severity, worst = _worst(evidence)
        if severity == "info":
            return [Finding("transfer_gain", "info", said, next_step="Nothing: transfer paid.")]
        first = (
            f"Transfer hurt here: {without(worst, evidence)} does better. "
            if severity == "serious"
            else f"What transfer gave cannot be told from chance: {without(worst, evidence)} does about as well. "
        )
        why = f" Why it may be so: {_why(evidence, judged, worst)}."
        return [Finding("transfer_gain", severity, first + said + why, next_step=INSTEAD.get(worst, f"{OTHER}."))]


def _worst(evidence: Evidence) -> tuple[Severity, str]:
    """How grave it is, and over what the model gained least."""
    name, (_, gain) = min(evidence.gains.items(), key=lambda pair: (pair[1][1].high >= 0, pair[1][1].low))
    return "serious" if gain.high < 0 else "warning" if gain.low <= 0 else "info", name


def _why(evidence: Evidence, judged: str, worst: str) -> str:
    """What the evidence shows of why pretraining did not pay, in words."""
    watched, gain, writing = evidence.watched, evidence.gains[worst][1], _writing(evidence, judged)
    model, higher = evidence.figures[judged][watched], evidence.higher_is_better.get(watched, True)
    learnt = evidence.figures.get("train", {}).get(watched)
    when_learnt = None if learnt is None else plain(writing.value(learnt.value))
    reasons = []
    if higher and EASY <= model.value <= 1 and gain.high >= 0:
        reasons.append("the targets are so easy to tell apart that simpler models do it too")
    elif learnt is not None and (learnt.value > model.high if higher else learnt.value < model.low):
        reasons.append(f"it reaches {when_learnt} on the examples it learned from, part of it learned by heart")
    elif learnt is not None:
        reasons.append(
            f"it is hardly better on the examples it learned from ({when_learnt}), so what this backbone has "
            "learned to see may not be what tells your targets apart"
        )
    number = len(evidence.targets.get(judged, ()))
    if gain.high >= 0 and number:
        told = plain(writing.distance((gain.high - gain.low) / 2))
        reasons.append(f"{counted(number, f'{judged} example')} cannot show a difference below about {told}")
    return "; ".join(reasons) or "pretraining may have taught it to overlook what tells your targets apart"


def _against(other: str, reached: Figure, gain: Figure, writing: Writing) -> str:
    better = "better" if gain.value >= 0 else "worse"
    return plain(
        f"{writing.distance(gain.value)} {better} (95 % interval of the gain {writing.range(gain)}) than {other}, "
        f"which reaches {writing.value(reached.value)}"
    )


def _writing(evidence: Evidence, judged: str) -> Writing:
    figures = [evidence.figures[judged][evidence.watched], *(reached for reached, _ in evidence.gains.values())]
    return writing_of(evidence, [value for figure in figures for value in figure])


def without(name: str, evidence: Evidence) -> str:
    """What the model was compared with, as a person reads it."""
    if name == "shallow":
        return SHALLOW_PICTURES if evidence.sketches else SHALLOW_TEXTS
    return WITHOUT.get(name, name.replace("_", " "))
