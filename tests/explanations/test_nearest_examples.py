"""Nearest training examples: cosines worked out by hand, few of each label, and the check."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from headstart.explanations._output_aim import OutputAim
from headstart.explanations._subject import known_to
from headstart.explanations.base import Asked, Explained, Known
from headstart.explanations.nearest_examples import A_LABEL, LABELS, NEAREST, NearestExamples
from headstart.model.novelty import to_directions
from toys import toy_task


class Given(nn.Module):
    def features(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return batch["x"]


def question(features: list[list[float]], labels: list[str], target: str = "a") -> Asked:
    known = Known(np.array(features), [f"example {i}" for i in range(len(labels))], labels)
    example = {"x": torch.tensor([3.0, 4.0])}
    network = nn.Module()
    network.backbone = Given()
    return Asked(network, example, OutputAim(toy_task(["a", "b"]), {}, 0, target), None, known)  # type: ignore[arg-type]


def test_the_cosine_orders_and_length_does_not_matter() -> None:
    found = NearestExamples().explain(question([[1, 0], [0, 10], [30, 40], [-3, -4]], ["a", "b", "a", "b"]))
    assert [near.id for near in found.neighbours] == ["example 2", "example 1", "example 0", "example 3"]
    assert [near.similarity for near in found.neighbours] == pytest.approx([1.0, 0.8, 0.6, -1.0])


def test_a_few_of_each_of_a_few_labels_and_the_target_in_any_case() -> None:
    labels = [chr(ord("b") + i % 8) for i in range(80)] + ["a"]
    features = [[3.0, 4.0 + 0.01 * i] for i in range(80)] + [[-1.0, 0.0]]
    found = NearestExamples().explain(question(features, labels)).neighbours
    counts = {label: sum(near.label == label for near in found) for label in {near.label for near in found}}
    assert counts == {"b": A_LABEL, "c": A_LABEL, "d": A_LABEL, "e": A_LABEL, "a": 1}
    assert len(counts) == LABELS


def test_where_labels_lie_apart_the_nearest_has_the_same() -> None:
    asked = question([[1, 0.1 * i] for i in range(6)] + [[-1, 0.1 * i] for i in range(6)], ["a"] * 6 + ["b"] * 6)
    (check,) = NearestExamples().checks(asked, Explained())
    assert check.value.value == 1.0
    assert check.passed
    assert "12 training examples 12 (100 %)" in check.summary
    assert "by chance it would be 50 %" in check.summary


def test_where_labels_are_mixed_it_is_not_to_be_trusted() -> None:
    angles = np.arange(40) * 0.01
    asked = question(np.stack([np.cos(angles), np.sin(angles)], 1).tolist(), ["a", "b"] * 20)
    (check,) = NearestExamples().checks(asked, Explained())
    assert check.decides
    assert check.passed is False


def test_of_numbers_and_sets_the_nearest_are_shown_and_nothing_is_made_of_their_labels() -> None:
    """No two of them are the same, however well near means alike."""
    asked = question([[3.0, 4.0 + 0.01 * i] for i in range(40)], [f"1.{i}" for i in range(40)], "number")
    assert asked.known is not None
    asked = replace(asked, known=replace(asked.known, exclusive=False))
    found = NearestExamples().explain(asked)
    assert [near.id for near in found.neighbours] == [f"example {i}" for i in range(NEAREST)]
    assert NearestExamples().checks(asked, found) == []


def test_what_a_guard_keeps_says_whether_examples_have_one_class_each() -> None:
    features = [np.zeros((2, 3))]
    for classes, exclusive in [(np.array([0, 1]), True), (np.zeros(0, np.int64), False)]:
        guard = SimpleNamespace(familiar=features, ids=["a", "b"], targets=["1.5", "2"], classes=classes)
        known = known_to(SimpleNamespace(guard=guard))  # type: ignore[arg-type]
        assert known is not None
        assert known.exclusive is exclusive


def test_a_predicted_label_is_the_same_label() -> None:
    features = [[3.0, 4.0 + 0.01 * i] for i in range(6)] + [[3.0, 8.0 + 0.01 * i] for i in range(6)]
    asked = question(features, ["a", "a (predicted)"] * 3 + ["b"] * 6)
    found = NearestExamples().explain(asked).neighbours
    assert [near.label for near in found] == ["a", "a (predicted)", "a", "b", "b", "b"]
    (check,) = NearestExamples().checks(asked, Explained())
    assert check.value.value == 1.0


def test_training_examples_are_compared_once_for_all_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    def counted(features: np.ndarray) -> np.ndarray:
        lengths.append(len(features))
        return to_directions(features)

    monkeypatch.setattr("headstart.explanations._known.to_directions", counted)
    asked = question([[1, 0.1 * i] for i in range(6)], ["a", "b"] * 3)
    for _ in range(2):
        NearestExamples().checks(asked, NearestExamples().explain(asked))
    assert lengths == [6]


def test_without_training_features_it_is_left_out() -> None:
    asked = question([[1, 0]], ["a"])
    assert NearestExamples().unsuited(asked) is None
    assert "no training features" in str(NearestExamples().unsuited(replace(asked, known=None)))
