"""Classification: figures by hand and against scikit-learn, calibration against a known over-confidence."""

import time

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from headstart.core.errors import InputError, UsageError
from headstart.core.statistics import bootstrap_draws, wilson
from headstart.tasks.classification import Classification


def outputs_for(predicted, classes, sure=2.0):
    return torch.nn.functional.one_hot(torch.tensor(predicted), classes).float() * sure


@pytest.fixture(scope="module")
def many():
    """2,000 examples of 7 unequal classes with noisy outputs."""
    generator = np.random.default_rng(0)
    truth = generator.choice(7, size=2000, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.04, 0.01])
    logits = generator.normal(size=(2000, 7)) + 2.0 * np.eye(7)[truth]
    task = Classification([f"c{c}" for c in range(7)], np.bincount(truth, minlength=7).tolist())
    return task, torch.tensor(logits), torch.tensor(truth)


def test_figures_by_hand():
    # truth a a b b c c, predicted a b b b c a. F1: a 2·1/(2+2) = 1/2, b 2·2/(2+3) = 4/5, c 2·1/(2+1) = 2/3.
    task = Classification(["a", "b", "c"], [2, 2, 2])
    truth, outputs = torch.tensor([0, 0, 1, 1, 2, 2]), outputs_for([0, 1, 1, 1, 2, 0], 3)
    figures = task.metrics(outputs, truth)
    assert figures["accuracy"].value == pytest.approx(4 / 6)
    assert figures["macro_f1"].value == pytest.approx((1 / 2 + 4 / 5 + 2 / 3) / 3)
    assert figures["balanced_accuracy"].value == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    # The predicted class has e² / (e² + 2), each other one 1 / (e² + 2).
    right, other = np.e**2 / (np.e**2 + 2), 1 / (np.e**2 + 2)
    assert figures["log_loss"].value == pytest.approx(-(4 * np.log(right) + 2 * np.log(other)) / 6)
    assert figures["calibration_error"].value == pytest.approx(abs(right - 4 / 6))
    names, matrix = task.confusion(outputs, truth)
    assert names == ["a", "b", "c"]
    assert matrix.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    row = task.per_label(outputs, truth)[1]
    assert (row["label"], row["examples"]) == ("b", 2)
    assert (row["precision"], row["recall"]) == (wilson(2, 3), wilson(2, 2))
    assert row["f1"].value == pytest.approx(0.8)
    assert row["f1"][1:] == pytest.approx([2 * end / (1 + end) for end in wilson(2, 3)[1:]])  # of two right in three


def test_where_all_or_none_are_right_no_interval_is_without_width():
    task, truth = Classification(["a", "b"], [3, 3]), torch.tensor([0, 1, 0, 1, 1])
    names = ("accuracy", "balanced_accuracy", "macro_f1")
    for said, right in ((truth, 5), (1 - truth, 0)):
        figures = task.metrics(outputs_for(said.tolist(), 2), truth)
        assert {figures[name] for name in names} == {wilson(right, 5)}
        assert figures["log_loss"].low == figures["log_loss"].high  # each is as sure: no share, so no bound is known


def test_figures_equal_scikit_learn(many):
    task, outputs, truth = many
    figures, predicted = task.metrics(outputs, truth), outputs.argmax(dim=1)
    assert figures["macro_f1"].value == pytest.approx(reference.f1_score(truth, predicted, average="macro"))
    assert figures["balanced_accuracy"].value == pytest.approx(reference.balanced_accuracy_score(truth, predicted))
    assert figures["log_loss"].value == pytest.approx(reference.log_loss(truth, outputs.softmax(dim=1)))
    assert all(figure.low < figure.value < figure.high for figure in figures.values())


def test_every_draw_equals_scikit_learn(many):
    task, outputs, truth = many
    draws = bootstrap_draws(40, count=20)  # small enough that rare classes are absent from some draws
    values = task.measure("macro_f1", outputs[:40], truth[:40], draws)
    predicted = outputs.argmax(dim=1)
    expected = [reference.f1_score(truth[draw], predicted[draw], average="macro") for draw in draws]
    assert values == pytest.approx(expected)


def test_a_thousand_draws_of_77_classes_are_quick():
    generator = torch.Generator().manual_seed(0)
    task = Classification([str(c) for c in range(77)], [40] * 77)
    outputs, truth = torch.randn(3000, 77, generator=generator), torch.arange(3000) % 77
    start = time.process_time()
    for name in ("accuracy", "macro_f1"):
        task.measure(name, outputs, truth, bootstrap_draws(3000))
    assert time.process_time() - start < 4.0


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_temperature_recovers_the_over_confidence(factor):
    honest = torch.randn(6000, 5, generator=torch.Generator().manual_seed(1)) * 2
    truth = torch.distributions.Categorical(logits=honest)
    torch.manual_seed(2)
    task = Classification(list("abcde"), [1] * 5)
    assert task.calibrate(honest * factor, truth.sample())["temperature"] == pytest.approx(factor, rel=0.08)


def test_temperature_stays_one_with_few_examples_and_never_promises_certainty():
    task = Classification(["a", "b"], [5, 5])
    assert task.calibrate(outputs_for([0] * 9, 2), torch.zeros(9, dtype=torch.long)) == {"temperature": 1.0}
    truth = torch.arange(2000) % 2
    outputs = outputs_for(truth.tolist(), 2)
    # Without a mistake on 2,000 examples, Platt's rule leaves a doubt of 1 / 2,002; the prior hardly counts then.
    probability = task.decode(outputs, task.calibrate(outputs, truth)).columns["probability"][0]
    assert probability == pytest.approx(2001 / 2002, abs=2e-4)
    assert probability < 2001 / 2002


def test_temperature_leaves_alone_what_few_examples_do_not_contradict():
    """Of 200 examples with probability 0.88 (outputs 2 and 0) 176 are right: T = 1. With 200 right, T is less."""
    task = Classification(["a", "b"], [5, 5])
    truth = torch.arange(200) % 2
    said = torch.where(torch.arange(200) < 24, 1 - truth, truth)
    assert task.calibrate(outputs_for(said.tolist(), 2), truth)["temperature"] == pytest.approx(1, abs=0.01)
    assert task.calibrate(outputs_for(truth.tolist(), 2), truth)["temperature"] < 0.6


def test_decode_gives_back_labels_as_they_were_written():
    task = Classification.from_targets([10, 9, 9, 2])
    assert task.labels == [2, 9, 10]
    predictions = task.decode(torch.tensor([[0.0, 2.0, 0.0]]), {"temperature": 2.0})
    assert predictions.columns["label"] == [9]
    assert predictions.columns["probability"] == [pytest.approx(np.e / (np.e + 2))]
    assert Classification.from_targets([True, False]).labels == [False, True]


def test_the_same_class_in_another_writing_is_found():
    task = Classification.from_targets([1, 2, np.int64(2), 2.0])
    assert task.labels == [1, 2]
    assert task.encode(["2", 1.0, np.float64(2)]).tolist() == [1, 0, 1]


def test_loss_by_hand():
    task = Classification(["a", "b"], [1, 1])
    outputs, truth = torch.tensor([[0.0, 0.0], [np.log(3.0), 0.0]]), torch.tensor([0, 0])
    assert task.loss(outputs, truth).item() == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)
    assert task.loss(outputs, truth, torch.tensor([0.0, 2.0])).item() == pytest.approx(np.log(4 / 3))
    smooth = 0.9 * np.log(4 / 3) + 0.1 * np.log(4)
    assert task.loss(outputs[1:], truth[1:], smoothing=0.2).item() == pytest.approx(smooth)


def test_balance_by_hand():
    # Counts 4 and 1: weights 1/2 and 1, scaled to mean 1 by 3/5.
    weights = Classification(["a", "b"], [4, 1]).balance(torch.tensor([0, 0, 0, 0, 1]))
    assert weights.tolist() == pytest.approx([5 / 6] * 4 + [5 / 3])


def test_the_watched_figure_follows_the_class_counts():
    assert Classification(["a", "b"], [149, 100]).watched == "accuracy"
    assert Classification(["a", "b"], [150, 100]).watched == "macro_f1"


def test_mistakes_are_worse_the_surer_they_were():
    task = Classification(["a", "b"], [1, 1])
    outputs = torch.tensor([[np.log(3.0), 0.0], [np.log(3.0), 0.0], [0.0, np.log(9.0)]])
    assert task.mistakes(outputs, torch.tensor([0, 1, 0])).tolist() == pytest.approx([0.0, 0.75, 0.9])


def test_errors_say_what_is_wrong():
    task = Classification.from_targets(["bicycle", "bus"])
    assert task.problem("bus") is None
    assert "Did you mean 'bicycle'?" in task.problem("bicylce")
    assert "missing" in task.problem(None)
    with pytest.raises(InputError, match="'plane' was not among"):
        task.encode(["bus", "plane"])
    with pytest.raises(InputError, match="all 2 targets are 'bus'"):
        Classification.from_targets(["bus", "bus"])
    with pytest.raises(InputError, match="1 of 2 targets are missing"):
        Classification.from_targets(["bus", None])
    with pytest.raises(UsageError, match="Did you mean 'accuracy'"):
        task.measure("acuracy", torch.zeros(1, 2), torch.tensor([0]), np.array([[0]]))


def test_classes_are_added_behind_those_there_are():
    task = Classification.from_targets(["b", "a", "b"])
    more = task.extended(["d", "b", "c", "d", None, "b"])
    assert more.labels == ["a", "b", "c", "d"]
    assert more.counts == [1, 4, 1, 2]
    assert more.encode(["a", "b"]).tolist() == task.encode(["a", "b"]).tolist()
    assert task.labels == ["a", "b"]
    # The same class is 3 in one file and "3" in another.
    assert Classification([1, 3], [1, 1]).extended(["3", 7, 2]).labels == [1, 3, 2, 7]


def test_a_list_of_labels_is_no_class_to_add():
    with pytest.raises(InputError, match="a list of labels"):
        Classification(["a", "b"], [1, 1]).extended([["a"], ["c"]])
    with pytest.raises(InputError, match=r"several targets, by name\..* Name the column of the class, --target"):
        Classification(["a", "b"], [1, 1]).extended([{"x": "a", "y": "c"}] * 2)


def test_a_part_of_the_task_is_some_classes_with_all_their_examples() -> None:
    task = Classification([f"class {i}" for i in range(20)], [5] * 20)
    encoded = torch.arange(20).repeat(5)
    part = task.narrowed(encoded, most=20 * 100 // 4, seed=0)
    assert part.task.outputs == 10
    assert len(part.rows) == 50
    kept = [task.labels[i] for i in encoded[part.rows].tolist()]
    assert [part.task.labels[i] for i in part.encoded[part.rows].tolist()] == kept


def test_a_task_that_is_small_enough_is_its_own_part() -> None:
    task = Classification(["a", "b"], [2, 2])
    part = task.narrowed(torch.tensor([0, 1, 0, 1]), most=8, seed=0)
    assert part.task is task
    assert part.rows.tolist() == [0, 1, 2, 3]


def test_an_unknown_class_is_asked_about_once(monkeypatch):
    asked = []
    task = Classification(["cat", "dog"], [5, 5])
    of_one = task.problem
    monkeypatch.setattr(task, "problem", lambda target: asked.append(target) or of_one(target))
    problems = task.problems([str(i) for i in range(1000)], ["cat", "dgo"] * 500)
    assert [problem.where for problem in problems] == [str(i) for i in range(1, 1000, 2)]
    assert "Did you mean 'dog'?" in problems[-1].what
    assert asked == ["cat", "dgo"]
