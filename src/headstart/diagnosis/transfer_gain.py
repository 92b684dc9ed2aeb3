"""Transfer gain: what the pretrained network gave, against doing without it."""

from __future__ import annotations

from headstart.core.results import Finding, Gain, Severity
from headstart.core.written_figures import Writing, plain, words
from headstart.diagnosis._counting import counted
from headstart.diagnosis._watched import judging_split, writing_of
from headstart.diagnosis.base import Diagnosis, Evidence

WITHOUT = {
    "majority": "one and the same answer for every input",
    "random_weights": "a linear head on the same network with random weights",
    "from_scratch": "the same network trained from random weights",
}
SHALLOW_TEXTS = "a linear model on words and pairs of words, without any network"
SHALLOW_PICTURES = "a linear model on colours and edges, without any network"

LIKE_YOURS = "a backbone that was pretrained on inputs more like yours (`headstart models`)"

OTHER = f"Take {LIKE_YOURS}"
INSTEAD = {
    "majority": "Check that the targets can be told from the inputs at all, and that none was mixed up.",
    "shallow": f"{OTHER}, or train more of this one (--strategy fine_tuning); else do without a network: the "
    "simple model is as good.",
}
"""What to do where the model is no better than that; without an entry, OTHER."""

TELLING = 200
"""With fewer examples than that to learn from or to judge, of more that there are, it says nothing that a gain is not
clear: where there was little time, as few as 16 of each are compared."""

GRAVEST_FIRST = HURT, MAY_HURT, UNCLEAR, HELPED = "hurt", "may hurt", "unclear", "helped"

VERDICTS = {
    UNCLEAR: "What transfer gave cannot be told from chance",
    HURT: "Transfer hurt here",
    MAY_HURT: "Transfer may hurt here",
}
"""What is said of a gain that is not clear, and of a loss."""

PROVE = f"Compare them on all examples (--prove). Where it stays so: take {LIKE_YOURS}."

EASY = 0.95
"""From this share on, of figures that end at 1, there is little left for pretraining to add."""


class TransferGain(Diagnosis):
    """Reads the paired gains of the model over models without pretraining.

    Serious where one of them is better (the 95 % interval of the gain lies below nought), a warning where it cannot
    be told from one or is better on few of the examples, information otherwise. Where transfer did not pay, it says
    what the evidence shows of why. What was compared on too few examples to tell is shown, and decides nothing.
    """

    def examine(self, evidence: Evidence) -> list[Finding]:
        judged, gains = judging_split(evidence), evidence.gains
        if not judged or not gains:
            return []
        model = evidence.figures[judged][evidence.watched]
        writing = _writing(evidence, judged)
        itself = "; ".join(_against(name, evidence, writing) for name in gains if gains[name].learnt is None)
        reached = plain(writing.value(model.value))
        said = f"The model's {words(evidence.watched)} on the {judged} examples is {reached}."
        said += f" That is {itself}." if itself else ""
        said += "".join(_stands_in(name, evidence, writing) for name in gains if gains[name].learnt is not None)
        found, worst = _worst(evidence)
        if found == HELPED:
            return [Finding("transfer_gain", "info", said, next_step="Nothing: transfer paid.")]
        does = "about as well" if found == UNCLEAR else "better"
        said = f"{VERDICTS[found]}: {without(worst, evidence)} does {does}. {said}"
        if found == MAY_HURT:
            return [Finding("transfer_gain", "warning", said, next_step=PROVE)]
        severity: Severity = "serious" if found == HURT else "warning"
        why = f" Why it may be so: {_why(evidence, judged, worst)}."
        return [Finding("transfer_gain", severity, said + why, next_step=INSTEAD.get(worst, f"{OTHER}."))]


def _worst(evidence: Evidence) -> tuple[str, str]:
    """The gravest verdict of those that tell something, and over what the model gained least of these."""
    found = [
        (GRAVEST_FIRST.index(verdict(gain, evidence)), gain.difference.low, name)
        for name, gain in evidence.gains.items()
        if tells(gain, evidence)
    ]
    place, _, name = min(found, default=(GRAVEST_FIRST.index(HELPED), 0.0, ""))
    return GRAVEST_FIRST[place], name


def verdict(gain: Gain, evidence: Evidence) -> str:
    """What the interval of a gain says: on few of the examples, of a head that stands in, transfer only may hurt."""
    if gain.difference.low > 0:
        return HELPED
    if gain.difference.high >= 0:
        return UNCLEAR
    return HURT if on_enough(gain, evidence) else MAY_HURT


def tells(gain: Gain, evidence: Evidence) -> bool:
    """Whether it says something: it is clear, or was measured on enough examples."""
    return verdict(gain, evidence) != UNCLEAR or on_enough(gain, evidence)


def on_enough(gain: Gain, evidence: Evidence) -> bool:
    """Whether what was compared learnt from, and was judged on, all the examples that there are, or many."""
    numbers = {"train": gain.learnt, judging_split(evidence): gain.judged}
    return all(
        number is None or number >= min(TELLING, len(evidence.targets.get(split, ())))
        for split, number in numbers.items()
    )


def _why(evidence: Evidence, judged: str, worst: str) -> str:
    """What the evidence shows of why pretraining did not pay, in words."""
    watched, gain, writing = evidence.watched, evidence.gains[worst].difference, _writing(evidence, judged)
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
    number = evidence.gains[worst].judged or len(evidence.targets.get(judged, ()))
    if gain.high >= 0 and number:
        told = plain(writing.distance((gain.high - gain.low) / 2))
        reasons.append(f"{counted(number, f'{judged} example')} cannot show a difference below about {told}")
    return "; ".join(reasons) or "pretraining may have taught it to overlook what tells your targets apart"


def _against(name: str, evidence: Evidence, writing: Writing) -> str:
    gain = evidence.gains[name]
    few = "" if tells(gain, evidence) else ": too few examples to tell"
    return _compared(gain, without(name, evidence), writing) + few


def _stands_in(name: str, evidence: Evidence, writing: Writing) -> str:
    """A sentence on what was compared in the place of the model."""
    gain = evidence.gains[name]
    few = "" if tells(gain, evidence) else ", too few to tell"
    compared = _compared(gain, WITHOUT[name], writing)
    return f" A linear head on its pretrained features is {compared}: {_learnt_from(gain)}{few}."


def _compared(gain: Gain, other: str, writing: Writing) -> str:
    better = "better" if gain.difference.value >= 0 else "worse"
    return plain(
        f"{writing.distance(gain.difference.value)} {better} (95 % interval of the gain "
        f"{writing.range(gain.difference)}) than {other}, which reaches {writing.value(gain.figure.value)}"
    )


def _learnt_from(gain: Gain) -> str:
    judged = "as many" if gain.judged == gain.learnt else f"{gain.judged:,}"
    return f"both learnt from the same {counted(gain.learnt or 0, 'example')} and were judged on {judged}"


def _writing(evidence: Evidence, judged: str) -> Writing:
    figures = [evidence.figures[judged][evidence.watched], *(gain.figure for gain in evidence.gains.values())]
    return writing_of(evidence, [value for figure in figures for value in figure])


def without(name: str, evidence: Evidence) -> str:
    """What the model was compared with, as a person reads it."""
    if name == "shallow":
        return SHALLOW_PICTURES if evidence.sketches else SHALLOW_TEXTS
    gain = evidence.gains.get(name)
    stood_in = gain is not None and gain.learnt is not None
    more = f" (against one on its pretrained features; {_learnt_from(gain)})" if gain and stood_in else ""
    return WITHOUT.get(name, name.replace("_", " ")) + more
