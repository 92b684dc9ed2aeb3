"""Adaptations that train: pseudo-labels and losses by hand, statistics that follow, and what may move."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from headstart.adaptations import shot, tent
from headstart.adaptations._normalisation import follow, normalisations
from headstart.adaptations.deep_alignment import DeepAlignment
from headstart.adaptations.shot import Shot, nearest_centroid
from headstart.adaptations.tent import Tent
from headstart.core.errors import UsageError
from headstart.model.network import Network
from pictured_domains import batch_of, pictured


def test_pseudo_labels_by_hand() -> None:
    """Points at 0°, 20°, 90° and 60°, whose head is unsure of the last: .6 for class 0.

    The first round's centroids are Σ p f: for class 0 (1 + .94 + .3, .342 + .52) at 21°, for class 1
    (.2, 1 + .346) at 82°; 60° is 39° from the one and 22° from the other, so its pseudo-label is 1, not the head's.
    """
    angles = torch.tensor([0.0, 20.0, 90.0, 60.0]).deg2rad()
    features = 3 * torch.stack([angles.cos(), angles.sin()], dim=1)
    share = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.4]])
    assert nearest_centroid(features, share).tolist() == [0, 0, 1, 1]


def test_the_second_round_starts_from_the_first_ones_answers() -> None:
    """Points at 0°, 60°, 80°, 90°, of class 0 by 1, .7, .7, 0.

    First centroids: (1.472, 1.296) at 41.4°, (.202, 1.555) at 82.6°, so 60° is class 0, 18.6° against 22.6° away, and
    80° is class 1. Second: of 0° and 60° at 30°, of 80° and 90° at 85°; now 60° is class 1, 30° against 25°.
    """
    angles = torch.tensor([0.0, 60.0, 80.0, 90.0]).deg2rad()
    features = torch.stack([angles.cos(), angles.sin()], dim=1)
    share = torch.tensor([[1.0, 0.0], [0.7, 0.3], [0.7, 0.3], [0.0, 1.0]])
    assert nearest_centroid(features, share).tolist() == [0, 1, 1, 1]


def test_a_class_that_nobody_has_is_given_to_nobody() -> None:
    found = nearest_centroid(torch.eye(2), torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert found.tolist() == [0, 1]


def test_the_loss_of_shot_by_hand() -> None:
    """p = (.8, .2), (.4, .6), pseudo-labels 0, 0: mean H = (.500402 + .673012) / 2, mean p = (.6, .4) of H .673012.

    L = .586707 - .673012 + .3 · (-log .8 - log .4) / 2 = -.086305 + .3 · .569717.
    """
    logits = torch.tensor([[0.8, 0.2], [0.4, 0.6]]).log()
    job = SimpleNamespace(trained=lambda batch: logits, accelerator=SimpleNamespace(device="cpu"))
    made = shot.loss(job, {}, torch.tensor([0, 0]), torch.ones(2))  # type: ignore[arg-type]
    assert made.item() == pytest.approx(-0.086305 + 0.3 * 0.569717, abs=1e-5)


def test_the_slope_of_shot_is_finite_however_sure_an_answer_is() -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0], [0.0, 300.0, 0.0]], requires_grad=True)
    job = SimpleNamespace(trained=lambda batch: logits, accelerator=SimpleNamespace(device="cpu"))
    shot.loss(job, {}, torch.tensor([0, 1]), torch.ones(2)).backward()  # type: ignore[arg-type]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_loss_of_tent_by_hand() -> None:
    """p = (.8, .2) and (.4, .6): the entropies are .500402 and .673012."""
    logits = torch.tensor([[0.8, 0.2], [0.4, 0.6]]).log()
    assert tent.loss(logits).item() == pytest.approx((0.500402 + 0.673012) / 2, abs=1e-6)


def test_statistics_are_those_of_the_inputs_and_nothing_else_moves() -> None:
    """The first layer reads the pictures through a convolution: its mean and variance by torch over one batch."""
    given, _ = pictured(count=20)
    assert given.deep is not None
    network = Network(given.network.backbone, given.network.head)
    before = {name: value.clone() for name, value in network.named_parameters()}
    first = normalisations(network)[0]
    with torch.no_grad():
        read = network.backbone.network[0](batch_of(given.deep.target)["pixels"])  # type: ignore[operator,index]
    follow(network, given.deep.target)
    assert torch.allclose(first.running_mean, read.mean(dim=(0, 2, 3)), atol=1e-5)  # type: ignore[arg-type]
    assert torch.allclose(first.running_var, read.var(dim=(0, 2, 3)), atol=1e-4)  # type: ignore[arg-type]
    assert all(torch.equal(before[name], value) for name, value in network.named_parameters())
    assert not any(layer.training for layer in normalisations(network))
    assert first.momentum == nn.BatchNorm2d(1).momentum


def test_tent_lowers_the_entropy_and_moves_scales_and_shifts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    given, _ = pictured(count=60)
    monkeypatch.setattr("headstart.adaptations.tent.EPOCHS", 0)
    before = Tent().adapt(given)  # the statistics alone
    monkeypatch.setattr("headstart.adaptations.tent.EPOCHS", 10)
    after = Tent().adapt(given)
    assert unsure(after.outputs) < unsure(before.outputs) - 0.01
    old = dict(given.network.named_parameters())
    moved = {name for name, value in after.network.named_parameters() if not torch.equal(value, old[name])}
    affine = {
        f"backbone.network.{i}.{kind}"
        for i, layer in enumerate(given.network.backbone.network)  # type: ignore[arg-type]
        if isinstance(layer, nn.BatchNorm2d)
        for kind in ("weight", "bias")
    }
    assert moved
    assert moved <= affine


def unsure(outputs: torch.Tensor) -> float:
    share = outputs.softmax(dim=1)
    return -float((share * share.log()).sum(dim=1).mean())


def test_an_alignment_is_never_left_out_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """33 source pictures leave a batch of one, of which an alignment of two examples would have nothing to say."""
    from headstart.alignments.mmd import Mmd

    sizes: list[int] = []
    whole = Mmd.forward
    monkeypatch.setattr(
        Mmd, "forward", lambda self, source, target: sizes.append(len(source.features)) or whole(self, source, target)
    )
    monkeypatch.setattr("headstart.adaptations._deep.STEPS", 4)
    given, _ = pictured(count=33)
    DeepAlignment("mmd").adapt(given)
    assert len(sizes) == 2 * 4  # epochs × batches of 32 and 1
    assert min(sizes) >= Mmd.fewest


def test_shot_is_not_asked_where_classes_hardly_appear() -> None:
    """Its loss is least where all classes are given alike."""
    given, _ = pictured(count=20)
    assert Shot().missing(given) == ""
    assert "some hardly appear here" in Shot().missing(replace(given, rare=(1,)))


def test_no_alignment_unlearns_classes_that_the_labelled_source_lacks() -> None:
    given, _ = pictured(count=20)
    assert given.deep is not None
    assert given.deep.encoded is not None
    assert DeepAlignment().missing(given) == ""
    one = replace(given.deep, encoded=torch.zeros_like(given.deep.encoded))
    lost = given.task.describe()["labels"][1]
    assert DeepAlignment().missing(replace(given, deep=one)).startswith(f"the labelled source holds no {lost}")


def test_a_course_ends_where_its_time_does() -> None:
    """No second epoch can end in time, and no trial had to tell so."""
    given, _ = pictured(count=33)
    assert given.deep is not None
    assert Shot().adapt(given).note == ""
    bench = given.deep.bench
    short = replace(given.deep, bench=lambda *wanted: replace(bench(*wanted), deadline=0.0))
    cut = Shot().adapt(replace(given, deep=short))
    assert cut.note == "stopped after 1 of 20 epochs for want of time"


def test_an_unknown_alignment_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(UsageError, match="Did you mean 'mmd'"):
        DeepAlignment("mmmd").check()
