"""Strategies that read names: what prototypes, Tip-Adapter and SetFit compute, against hand computation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from headstart.backbones import SOURCES
from headstart.model.heads import CacheHead
from headstart.model.network import set_linear
from headstart.strategies._known_classes import Known
from headstart.strategies.base import Prepared, Strategy
from headstart.strategies.prototypes import Prototypes
from headstart.strategies.set_fit import Lesson, SetFit, batches, pair_loss
from headstart.strategies.tip_adapter import TipAdapter, settled
from headstart.strategies.zero_shot import ZeroShot
from headstart.tasks import TASKS
from headstart.tasks.base import Task


def blobs(each: int, classes: int = 3, width: int = 12, noise: float = 0.5, seed: int = 0):
    """Directions (N, D) around those of their classes, their classes, and the directions of the classes (C, D)."""
    generator = torch.Generator().manual_seed(seed)
    centres = functional.normalize(torch.randn(classes, width, generator=generator), dim=1)
    encoded = torch.arange(classes).repeat(each)
    features = centres[encoded] + noise * torch.randn(len(encoded), width, generator=generator)
    return functional.normalize(features, dim=1), encoded, centres


def task_of(classes: int) -> Task:
    return TASKS.load("classification")([f"class {i}" for i in range(classes)], [5] * classes)


def test_prototypes_are_a_penalised_head_with_each_name_as_one_more_example() -> None:
    """Against scikit-learn's logistic regression on the same stretched directions, names added, C as we mean it."""
    features, encoded, names = blobs(4)
    known = Known(task_of(3), features, encoded, names, torch.ones(12))
    weight, bias = known.solved(0.1, 1.0)
    stretched = torch.cat([features, names]).numpy() * 12**0.5
    # λ = 1 / (C N) with N = 12 examples, and the loss is a mean over 15; scikit-learn sums it: C = 0.1 · 12 / 15.
    reference = LogisticRegression(C=0.1 * 12 / 15, tol=1e-10, max_iter=10_000)
    reference.fit(stretched, torch.cat([encoded, torch.arange(3)]).numpy())
    ours = functional.softmax(features @ weight.T + bias, dim=1)
    assert np.allclose(ours.numpy(), reference.predict_proba(stretched[:12]), atol=2e-3)


def test_names_help_where_examples_are_few_and_the_choice_is_made_without_a_split() -> None:
    features, encoded, names = blobs(2, noise=0.6)
    unseen, truth, _ = blobs(60, noise=0.6)
    known = Known(task_of(3), features, encoded, names, torch.ones(6))
    weight, bias = known.solved(*known.best(0))
    right = ((unseen @ weight.T + bias).argmax(dim=1) == truth).float().mean()
    means = torch.stack([features[encoded == place].mean(dim=0) for place in range(3)])
    without = ((unseen @ functional.normalize(means, dim=1).T).argmax(dim=1) == truth).float().mean()
    assert right > without


def test_a_single_example_of_each_class_is_enough() -> None:
    features, encoded, names = blobs(1)
    known = Known(task_of(3), features, encoded, names, torch.ones(3))
    weight, _ = known.solved(*known.best(0))
    assert torch.isfinite(weight).all()


def test_relatives_share_a_fold() -> None:
    features, encoded, names = blobs(10)
    weights, kin = torch.ones(30), np.arange(30) // 6 * 3 + np.arange(30) % 3  # pairs of one class
    folds = Known(task_of(3), features, encoded, names, weights, kin)._held_out(0)
    assert folds is not None
    assert (folds[:, :30].sum(dim=0) == 1).all()
    for unit in set(kin.tolist()):
        assert (folds[:, :30][:, kin == unit].std(dim=1, correction=0) == 0).all()
    alone, numbers = (Known(task_of(3), features, encoded, names, weights, own) for own in (None, 30 - np.arange(30)))
    assert torch.equal(alone._held_out(0), numbers._held_out(0))  # without relatives the folds are what they were


def cached(features: torch.Tensor, encoded: torch.Tensor, names: torch.Tensor) -> CacheHead:
    """A head that knows these names and holds these examples."""
    head = CacheHead(features.shape[1], len(names), len(features))
    set_linear(head.names, 20 * names, torch.zeros(len(names)))
    with torch.no_grad():
        head.keys.copy_(features)
        head.votes.copy_(functional.one_hot(encoded, len(names)))
    return head


def test_the_cache_is_trusted_where_names_mislead_and_not_where_it_misleads() -> None:
    features, encoded, names = blobs(8, noise=0.2)
    with torch.no_grad():
        misleading_names = cached(features, encoded, names.roll(1, dims=0))
        assert settled(task_of(3), misleading_names, features, encoded)[0] == 10.0
        # Noise for keys: the examples say nothing of each other, and the names, given by the examples, all.
        noise = functional.normalize(torch.randn(24, 12, generator=torch.Generator().manual_seed(1)), dim=1)
        useless = cached(
            noise, encoded, functional.normalize(noise.T @ functional.one_hot(encoded, 3).float(), dim=0).T
        )
        assert settled(task_of(3), useless, noise, encoded)[0] <= 1.0


def test_relatives_do_not_vote_for_each_other() -> None:
    """Examples that stand there twice, each with half a vote, are judged as those that stand there once."""
    keys, encoded, names = blobs(8, noise=1.0)
    twice, doubled = keys.repeat_interleave(2, dim=0), encoded.repeat_interleave(2)
    with torch.no_grad():
        once = settled(task_of(3), cached(keys, encoded, names), keys, encoded)
        head = cached(twice, doubled, names)
        head.votes.mul_(0.5)
        assert settled(task_of(3), head, twice, doubled, np.arange(48) // 2) == once
        assert settled(task_of(3), head, twice, doubled)[1] > once[1], "a copy is the surest vote"


@pytest.mark.parametrize("strategy", [Prototypes, TipAdapter, SetFit])
def test_answers_about_names_are_no_directions_to_take_cosines_with(strategy: type[Strategy]) -> None:
    """An entailment classifier's features are logits, one a name: the names alone tell, a direction does not."""
    task = TASKS.load("classification").from_targets(["fox", "dog"] * 4)
    backbone = SOURCES.load("transformers_entailment")().tiny("bert").about(task.named())
    assert ZeroShot().rungs(backbone, task, 8)
    assert strategy().rungs(backbone, task, 8) == []
    encoder = SOURCES.load("transformers_text")().tiny("bert")
    encoder.prompts = ("the {}",)
    assert strategy().rungs(encoder, task, 8)


def test_the_loss_of_pairs_by_hand() -> None:
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 4.0]])
    # Same class: cosine 1, loss 0. Two pairs of different classes: cosine 0.6 each, loss 0.36.
    assert pair_loss(features, torch.tensor([0, 0, 1])) == pytest.approx((0 + 0.36) / 2)
    # One class alone: no pair of the other kind. Cosines 1, 0.6, 0.6.
    assert pair_loss(features, torch.tensor([0, 0, 0])) == pytest.approx((0 + 0.16 + 0.16) / 3)


def test_batches_hold_every_example_once_and_pairs_of_a_class() -> None:
    encoded = torch.arange(5).repeat(8)
    drawn = list(batches(encoded, 16, epoch=0, seed=0))
    assert sorted(np.concatenate(drawn).tolist()) == list(range(40))
    for batch in drawn[:-1]:
        assert len(np.unique(encoded[batch])) < len(batch)
    again = list(batches(encoded, 16, epoch=1, seed=0))
    assert not np.array_equal(np.concatenate(drawn), np.concatenate(again))


class Reader:
    """What the strategies ask of a backbone: a sentence encoder, or one for pictures that knows words."""

    prompts = ("{}",)
    names_are_directions = True

    def __init__(self, texts: bool) -> None:
        self.preprocess = type("Preprocess", (), {"lengths_differ": texts})

    def stages(self) -> list[str]:
        return ["one", "two"]


@pytest.mark.parametrize(("examples", "climbed"), [(3, True), (3 * 16, True), (3 * 16 + 1, False)])
def test_few_shot_rungs_are_climbed_by_default_up_to_sixteen_a_class(examples: int, climbed: bool) -> None:
    task = TASKS.load("classification")(["apple", "lime", "plum"], [5, 5, 5])
    (tip,) = TipAdapter().rungs(Reader(texts=False), task, examples)  # type: ignore[arg-type]
    assert tip.by_default is climbed
    assert SetFit().rungs(Reader(texts=False), task, examples) == []  # type: ignore[arg-type]
    tuned = SetFit().rungs(Reader(texts=True), task, examples)  # type: ignore[arg-type]
    assert [rung.by_default and rung.for_few for rung in tuned] == [True] * climbed


def test_strategies_whose_examples_have_one_class_each_are_not_offered_where_they_may_have_several() -> None:
    task = TASKS.load("multi_label")(["apple", "lime", "plum"], [5, 5, 5])
    for strategy in (SetFit(), TipAdapter()):
        assert strategy.rungs(Reader(texts=True), task, 12) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(("passes", "wanted", "made"), [(10, 10, 10), (10, 7, 7), (10, 2, 5), (1, 1, 1)])
def test_an_encoder_is_tuned_for_at_least_half_of_its_passes(passes: int, wanted: int, made: int) -> None:
    strategy = SetFit(epochs=passes)
    recipe = strategy.recipe(*[None] * 3, 8)  # type: ignore[arg-type]
    prepared = Prepared(None, None, None, recipe)  # type: ignore[arg-type]
    assert strategy.again(prepared, wanted).recipe.epochs == made


def test_names_are_texts_of_their_classes_for_the_encoder_that_is_tuned() -> None:
    class Told(Reader):
        prompts = ("about {}", "{}")

        def preprocess(self, text: str) -> str:  # type: ignore[override]
            return text

        def __init__(self) -> None:
            pass

    bench = type("Bench", (), {"task": TASKS.load("classification")(["apple", "lime"], [1, 1])})
    bench.train, bench.targets = ["a", "b"], torch.tensor([1, 0])  # type: ignore[attr-defined]
    lesson = Lesson.of(Told(), bench)  # type: ignore[arg-type]
    assert lesson.names == ["about apple", "about lime"]
    assert lesson.encoded.tolist() == [1, 0, 0, 1]
    bench.task = TASKS.load("classification")(["1", "2"], [1, 1])  # type: ignore[attr-defined]
    assert Lesson.of(Told(), bench).encoded.tolist() == [1, 0]  # type: ignore[arg-type]
