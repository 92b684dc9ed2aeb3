"""Makes the model that an adaptation leaves behind: its guard, its result, its card and its page."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import torch

from headstart.adaptations.base import Domains
from headstart.core.labelling import PREDICTED
from headstart.core.results import Finding, FitResult, RungResult
from headstart.data.modalities import MODALITIES
from headstart.delivery.artifact import Model
from headstart.delivery.card import model_card
from headstart.delivery.guard import Guard, half, most_familiar
from headstart.delivery.provenance import DATA, LICENCE, with_adaptation
from headstart.delivery.report.adaptation import AdaptationEvidence, render_adaptation
from headstart.experiment.adaptation.choice import Choice, Tried
from headstart.experiment.adaptation.inputs import NewInputs
from headstart.experiment.facts import caution
from headstart.model import novelty

STRATEGY = "adaptation"
HELD_BACK = 0.25
"""Share of the new inputs that say from when on an input is unfamiliar; the others become familiar."""

ON_NEW, END = "On new inputs", "</main>"
"""The heading of what is added to a page and a card where nothing is kept, and what it is put before."""

NO_SETS = (
    "It gives no sets of labels: how often they hold the truth can only be promised from labelled examples of the "
    "inputs that it is meant for."
)


def as_it_was(model: Model, reason: str, findings: Sequence[Finding] = ()) -> Model:
    """The source model, with a word in its result, card and page that nothing was kept, why, and what was found."""
    told = {"kept": False, "method": None, "reason": reason}
    result = replace(model.result, adaptation=told, findings=[*model.result.findings, *findings])
    said = [f"Nothing was adapted: {reason}.", *(f"{each.summary} {each.next_step}".strip() for each in findings)]
    lines = "".join(f"- {escape(each, quote=False)}\n" for each in said)
    items = "".join(f"<li>{escape(each)}</li>" for each in said)
    return _with(
        model,
        result=result,
        card=f"{model.card.rstrip()}\n\n## {ON_NEW}\n\n{lines}" if model.card else model.card,
        report=model.report.replace(END, f"<section><h2>{ON_NEW}</h2><ul>{items}</ul></section>{END}"),
    )


def adapted_model(
    model: Model,
    domains: Domains,
    new: NewInputs,
    choice: Choice,
    tried: Sequence[Tried],
    lacking: dict[str, str],
) -> Model:
    """The model under the adapted network, with its page and card; the given one stays as it is.

    `tried` and `lacking` are what its page tells of the other candidates.
    """
    if choice.adapted is None:
        raise ValueError("nothing was adapted")
    made = _with(model, network=copy.deepcopy(choice.adapted.network).cpu())
    observed = new.observed
    made.guard = _guard(model, made, domains, new, choice)
    made.result = _result(model, choice)
    source = model.provenance.get(DATA, "")
    made.provenance = with_adaptation(model.provenance, observed.examples.source, choice.name)
    noun = MODALITIES.load(model.modality)().noun
    given = "without labels" if not len(domains.labelled) else f"by {len(domains.labelled)} labels"
    limits = [_unmeasured(given), NO_SETS, *filter(None, [caution(observed.examples, model.labels)])]
    title = f"{model.task.name.replace('_', ' ').capitalize()} of {noun}, adapted to {observed.examples.source}"
    facts = {
        "title": title,
        "description": f"Takes {noun} and predicts the {model.task.noun} of each.",
        "license": _licence(model),
        "data": f"{source}; adapted to {len(observed.new.ids)} {noun} {given} from {observed.examples.source}",
        "labels": ", ".join(str(label) for label in model.labels[:40]),
        "limits": " ".join(limits),
        **{name.replace("_", " "): str(value) for name, value in made.provenance.items()},
    }
    made.report = render_adaptation(
        AdaptationEvidence(
            title=title,
            reason=f"Kept: {choice.name}. {choice.reason[0].upper()}{choice.reason[1:]}.",
            kept=choice.name,
            tried={one.name: one.figures for one in tried},
            left_out=lacking,
            limits=limits,
            findings=choice.findings,
            provenance={name.replace("_", " "): str(value) for name, value in made.provenance.items()},
        )
    )
    told = {name: text for name, text in facts.items() if text}
    made.card = model_card(made.result, told, model.task.higher_is_better)
    return made


def _unmeasured(given: str) -> str:
    """What the labels that it was adapted by, if any, leave unsaid: they chose and taught, and so cannot judge."""
    return (
        f"It was adapted {given}, so nobody has measured it on the inputs that it is now meant for: label 100 "
        f"{'' if given == 'without labels' else 'more '}of them drawn at random and run `headstart evaluate`."
    )


def _with(model: Model, **changed: Any) -> Model:
    """A copy with other parts; nothing prepared is taken over."""
    made = copy.copy(model)
    vars(made).pop("_inference", None)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def _licence(model: Model) -> str:
    licence = str(model.provenance.get(LICENCE, ""))
    return "" if licence == "unknown" else licence


def _result(model: Model, choice: Choice) -> FitResult:
    """The source's result without its figures on the test split, which are none of this model's."""
    before = model.result
    rungs = [replace(rung, kept=False) for rung in before.rungs]
    depth = len(model.network.backbone.stages())
    seconds = choice.seconds
    rungs.append(RungResult(choice.name, STRATEGY, depth, seconds, seconds, kept=True, reason=choice.reason))
    return replace(
        before,
        chosen=choice.name,
        rungs=rungs,
        test=None,
        findings=list(choice.findings),
        adaptation={"kept": True, "method": choice.name, "reason": choice.reason, "source": before.chosen},
    )


def _guard(model: Model, made: Model, domains: Domains, new: NewInputs, choice: Choice) -> Guard:
    """What is familiar now: the old examples and most of the new ones, drawn at random where there is no room for
    all, and at least half of it for each where they are many; the rest say what is not.

    The new ones stand with the class that the adapted network gives them. Nothing that needs true labels of the new
    domain is taken over: no conformal scores, no figures of how often the confidence was right.
    """
    before = model.needed_guard
    made.guard = before  # by which depths are found
    moved = _moved(model, made)
    features = made.depth_features(new.observed.examples) if moved else new.features
    kept = {**dict(zip(before.depths, before.familiar, strict=True)), **({} if moved else before.deeper)}
    predicted = choice.probable.argmax(axis=1).astype(np.int64)
    order = np.random.default_rng(domains.seed).permutation(len(predicted))
    held = max(2, round(HELD_BACK * len(order)))
    most = most_familiar([part.shape[1] for part in kept.values()])
    others = 0 if moved else len(before.ids)  # another backbone gives other features
    room = max(most - others, most // 2)
    reference, learnt = np.sort(order[:held]), np.sort(order[held : held + room])
    old = np.sort(np.random.default_rng(domains.seed).permutation(others)[: most - len(learnt)])
    both = {
        name: np.concatenate([own[old], half(torch.from_numpy(features[name][learnt]))]) for name, own in kept.items()
    }
    familiar = [both[name] for name in before.depths]
    strange, _ = novelty.strangeness(
        [novelty.familiar(part) for part in familiar], [features[name][reference] for name in before.depths]
    )
    said = [f"{model.task.say(model.labels[place])}{PREDICTED}" for place in predicted[learnt]]
    shares = np.bincount(predicted, minlength=model.task.outputs) / len(predicted)
    return Guard(
        depths=before.depths,
        familiar=familiar,
        ids=[before.ids[i] for i in old] + [new.observed.new.ids[i] for i in learnt],
        targets=[before.targets[i] for i in old] + said,
        threshold=novelty.threshold(strange),
        held_out=features[before.depths[-1]][reference].astype(np.float16),
        held_out_places=predicted[reference],
        scores=np.zeros(0),
        confidence=np.zeros(0),
        right=np.zeros(0),
        classes=np.concatenate([before.classes[old], predicted[learnt]]),
        shares=shares,
        agreement=1.0,
        unseen=False,
        deeper={name: each for name, each in both.items() if name not in before.depths},
    )


def _moved(model: Model, made: Model) -> bool:
    """Whether the adaptation changed the backbone."""
    before, after = model.network.backbone.state_dict(), made.network.backbone.state_dict()
    return any(not torch.equal(before[name].cpu(), tensor.cpu()) for name, tensor in after.items())
