"""What every explanation promises, on convolutions, on transformers and on texts; a new one joins by its file."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch

from headstart.backbones import SOURCES
from headstart.core.results import Figure
from headstart.explanations import EXPLANATIONS
from headstart.explanations._box_aim import BoxAim
from headstart.explanations._mask_aim import MaskAim
from headstart.explanations._output_aim import OutputAim
from headstart.explanations._parting import parts_of
from headstart.explanations.base import Aim, Asked, Explained, Explanation, Known
from headstart.model.network import new_network, suited
from headstart.tasks.base import Task
from headstart.tasks.detection import Detection
from headstart.tasks.segmentation import Segmentation
from toys import raw_inputs, same_state, toy_network, toy_task

SUBJECTS = {
    "convolutions": ("torchvision", "mobilenet_v2", "image"),
    "vision transformer": ("timm", "vit_tiny_patch16_224", "image"),
    "text transformer": ("transformers_text", "bert", "text"),
}
PLACED: dict[str, tuple[Task, type[Aim]]] = {
    "boxes": (Detection(["a", "b"], [3, 3], (96, 96), 4), BoxAim),
    "masks": (Segmentation(["a", "b"], [9, 9], (96, 96), [0, 1], [(0, 0, 0), (9, 9, 9)]), MaskAim),
}
"""Answers with a place, of the first subject's network."""

LABELS = ["a", "b", "c"]


@lru_cache
def asked(subject: str) -> Asked:
    return placed(*PLACED[subject]) if subject in PLACED else whole(subject)


def placed(task: Task, kind: type[Aim]) -> Asked:
    torch.manual_seed(0)
    backbone = suited(SOURCES.load("torchvision")().tiny("mobilenet_v2"), task)
    network = new_network(backbone, task).eval().requires_grad_(False)
    raw = raw_inputs("image", 3)[-1]
    example = backbone.preprocess(raw)
    parts = parts_of(example, raw, backbone.preprocess)
    outputs = network({name: tensor[None] for name, tensor in example.items()})
    if kind is MaskAim:
        measured = {"doubt_auroc": Figure(0.8, 0.7, 0.9)}
        return Asked(network, example, MaskAim(task, {}, outputs), parts, measured=measured)
    box = {"label": "b", "score": 0.5, "edges": (0.2, 0.3, 0.7, 0.9)}
    return Asked(network, example, BoxAim(task, {}, box, outputs), parts)


def whole(subject: str) -> Asked:
    source, family, modality = SUBJECTS[subject]
    torch.manual_seed(0)
    task = toy_task(LABELS)
    network = toy_network(SOURCES.load(source)().tiny(family), task).eval().requires_grad_(False)
    raw = raw_inputs(modality, 3)[-1]
    example = network.backbone.preprocess(raw)
    features = np.random.default_rng(0).normal(size=(12, network.backbone.feature_size))
    known = Known(features, [f"{i}" for i in range(12)], LABELS * 4)
    return Asked(
        network, example, OutputAim(task, {}, 1, "b"), parts_of(example, raw, network.backbone.preprocess), known
    )


@lru_cache
def explained(kind: type[Explanation], subject: str) -> Explained:
    return kind().explain(asked(subject))


@pytest.fixture(params=[*SUBJECTS, *PLACED])
def subject(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def question(subject: str) -> Asked:
    return asked(subject)


@pytest.fixture(params=EXPLANATIONS.names())
def method(request: pytest.FixtureRequest, question: Asked) -> Explanation:
    if request.param == "integrated_gradients":
        pytest.importorskip("captum")
    found: Explanation = EXPLANATIONS.load(request.param)()
    if not isinstance(question.aim, found.about):
        pytest.skip(f"{request.param} explains {found.about.kind}")
    if why := found.unsuited(question):
        pytest.skip(f"{request.param}: {why}")
    return found


def test_it_answers_the_same_twice_and_leaves_the_network_alone(method: Explanation, question: Asked) -> None:
    before = {name: tensor.clone() for name, tensor in question.network.state_dict().items()}
    example = {name: tensor.clone() for name, tensor in question.example.items()}
    first, second = method.explain(question), method.explain(question)
    assert first.map is not None or first.neighbours
    if first.map is not None and second.map is not None:
        assert torch.equal(first.map, second.map)
    assert first.neighbours == second.neighbours
    assert all(torch.equal(before[name], tensor) for name, tensor in question.network.state_dict().items())
    assert all(torch.equal(example[name], tensor) for name, tensor in question.example.items())
    assert not any(module.training for module in question.network.modules())
    assert not any(parameter.requires_grad for parameter in question.network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in question.network.modules())


def test_a_map_covers_the_places_of_the_example(method: Explanation, subject: str, question: Asked) -> None:
    given = explained(type(method), subject).map
    if given is None:
        return
    assert question.parts is not None
    tensor = question.example[question.parts.entry]
    assert given.shape == (tensor.shape[1:] if tensor.dim() == 3 else tensor.shape)
    assert bool(torch.isfinite(given).all())
    assert not given.requires_grad
    assert given.device.type == "cpu"
    assert question.parts.scores(given).shape == (question.parts.count,)


def test_neighbours_are_training_examples_nearest_first(method: Explanation, subject: str, question: Asked) -> None:
    neighbours = explained(type(method), subject).neighbours
    if question.known is None:
        assert not neighbours
        return
    label_of = dict(zip(question.known.ids, question.known.labels, strict=True))
    assert all(label_of[near.id] == near.label and -1 <= near.similarity <= 1 for near in neighbours)
    assert [near.similarity for near in neighbours] == sorted((n.similarity for n in neighbours), reverse=True)


def test_it_checks_itself_in_sentences_with_numbers(method: Explanation, subject: str, question: Asked) -> None:
    given = explained(type(method), subject)
    checks = method.checks(question, given, seed=1)
    assert checks
    assert any(check.decides for check in checks)
    for check in checks:
        assert check.summary.endswith(".")
        assert check.passed in (True, False, None)
        if check.passed is not None:
            assert any(character.isdigit() for character in check.summary)
            assert check.value.low <= check.value.value <= check.value.high
            assert not math.isnan(check.value.value)
    assert method.checks(question, given, seed=1) == checks


@pytest.mark.parametrize("name", EXPLANATIONS.names())
def test_it_says_why_it_has_nothing_to_say(name: str) -> None:
    why = EXPLANATIONS.load(name)().unsuited(replace(asked("text transformer"), parts=None, known=None))
    assert why
    assert not why.endswith(".")


def test_a_shuffled_network_is_a_copy() -> None:
    from headstart.explanations._unlearnt import Unlearnt

    question = asked("convolutions")
    made = Unlearnt(question.network).network(question.batch, seed=0)
    assert not same_state(made, question.network)
    assert same_state(made, Unlearnt(question.network).network(question.batch, seed=0))
    for mine, given in zip(made.parameters(), question.network.parameters(), strict=True):
        assert torch.equal(mine.flatten().sort().values, given.flatten().sort().values)
    with torch.no_grad():
        assert bool(torch.isfinite(made(question.batch)).all())
