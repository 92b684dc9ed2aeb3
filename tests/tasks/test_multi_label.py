"""Several labels: parsing, figures by hand and against scikit-learn, calibration."""

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from headstart.core.errors import InputError
from headstart.core.statistics import bootstrap_draws, wilson
from headstart.tasks.multi_label import RARE, MultiLabel


@pytest.fixture(scope="module")
def many():
    generator = np.random.default_rng(0)
    truth = (generator.random((500, 4)) < [0.6, 0.3, 0.1, 0.05]).astype(float)
    outputs = generator.normal(size=(500, 4)) + 2 * truth - 1
    return MultiLabel(list("abcd"), [300, 150, 50, 25]), torch.tensor(outputs), torch.tensor(truth)


def test_where_all_are_right_no_interval_is_without_width(many):
    task, _, truth = many
    figures = task.metrics(2 * truth[:40, :2] - 1, truth[:40, :2])
    assert {figures[name] for name in ("macro_f1", "micro_f1", "subset_accuracy")} == {wilson(40, 40)}


def test_lists_and_separated_texts_are_read():
    assert MultiLabel.from_targets([["x", "y"], [], ("x",)]).labels == ["x", "y"]
    task = MultiLabel.from_targets(["x; y", "y", "", "x", "y;x", "x;"])
    assert (task.labels, task.counts, task.separator) == (["x", "y"], [4, 3], ";")
    assert task.encode(["x;y", "", ["y"]]).tolist() == [[1, 1], [0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("targets", "suits"),
    [
        ([["a"], ["a", "b"], []], True),
        (["a|b", "a", "b", "b|c", "c", "a|c"] * 3, True),
        (["red, round", "blue, flat"] * 10, False),  # always in the same company: two classes with commas
        ([f"sentence {i}, with a comma" for i in range(30)], False),
        (["cat", "dog"] * 10, False),
        ([1, 2, 3], False),
        ([["a"], 3], False),
    ],
)
def test_which_targets_are_sets_of_labels(targets, suits):
    assert (MultiLabel.suits(targets)[0] > 0.5) == suits


def test_what_parts_the_labels_stays_when_some_of_the_targets_are_learnt():
    """Of 100 cells a fifth hold the comma, of the 80 that are learnt fewer than a fifth."""
    cells = ["a", "b", "c"] * 27 + ["a,b", "b,c"] * 10
    task = MultiLabel.from_targets(cells[1:])
    assert task.separator == ","
    learnt = task.anew(cells[1:95])
    assert (learnt.separator, learnt.labels) == (",", ["a", "b", "c"])
    assert learnt.problem("a,b") is None


def test_who_names_the_task_need_not_part_a_fifth_of_the_cells():
    cells = ["a", "b", "c"] * 30 + ["a,b", "b,c", "a,c"] * 2
    assert MultiLabel.suits(cells)[0] == 0
    assert MultiLabel.from_targets(cells).labels == ["a", "b", "c"]


def test_figures_by_hand():
    # Label x: truth 1 1 0, predicted 1 0 0: F1 = 2/(2+1). Label y: truth 0 1 1, predicted 1 1 1: F1 = 4/(2+3).
    task = MultiLabel(["x", "y"], [2, 2])
    truth = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    outputs = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]])
    figures = task.metrics(outputs, truth)
    assert figures["macro_f1"].value == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert figures["micro_f1"].value == pytest.approx(2 * 3 / (4 + 4))
    assert figures["subset_accuracy"].value == pytest.approx(1 / 3)
    assert figures["hamming_loss"].value == pytest.approx(2 / 6)
    good, bad = np.log1p(np.exp(-1)), np.log1p(np.exp(1))
    assert figures["log_loss"].value == pytest.approx((4 * good + 2 * bad) / 6)
    assert task.per_label(outputs, truth)[0]["recall"] == wilson(1, 2)


def test_figures_and_draws_equal_scikit_learn(many):
    task, outputs, truth = many
    draws, predicted = bootstrap_draws(30, count=10), (outputs > 0).numpy()
    yes = truth.numpy() > 0
    for average in ("macro", "micro"):
        values = task.measure(f"{average}_f1", outputs[:30], truth[:30], draws)
        expected = [
            reference.f1_score(yes[draw], predicted[draw], average=average, zero_division=np.nan) for draw in draws
        ]
        assert values == pytest.approx(expected)
    figures = task.metrics(outputs, truth)
    assert figures["hamming_loss"].value == pytest.approx(reference.hamming_loss(yes, predicted))
    assert all(figure.low < figure.value < figure.high for figure in figures.values())


def test_temperature_recovers_the_over_confidence():
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn(3000, 4, generator=generator) * 2
    truth = torch.bernoulli(torch.sigmoid(honest), generator=generator)
    calibration = MultiLabel(list("abcd"), [1] * 4).calibrate(honest * 2.5, truth)
    assert calibration["temperature"] == pytest.approx(2.5, rel=0.08)


def test_decode_by_hand():
    task = MultiLabel(["x", "y"], [1, 1])
    columns = task.decode(torch.tensor([[np.log(3.0), np.log(4.0)], [-np.log(3.0), -np.log(9.0)]]), {}).columns
    assert list(columns) == ["label", "probability", "probability_x", "probability_y"]
    assert columns["label"] == ["x|y", ""]
    assert columns["probability"] == pytest.approx([0.75, 0.75])
    assert columns["probability_y"] == pytest.approx([0.8, 0.1])


def test_strata_name_the_rarest_label_and_rare_labels_weigh_more():
    task = MultiLabel.from_targets([["a", "b"], ["a"], ["a"], ["a"], []])
    assert task.strata([["a", "b"], ["a"], []]) == ["b", "a", "(none)"]
    # Counts a 4, b 1, none 1: weights 1, 1/2, 1/2, 1/2, 1, of mean 0.7.
    encoded = task.encode([["a", "b"], ["a"], ["a"], ["a"], []])
    assert task.balance(encoded).tolist() == pytest.approx([1 / 0.7, *[0.5 / 0.7] * 3, 1 / 0.7])
    assert task.summary([["a", "b"], ["a"], []]) == [("a", 2), ("b", 1), ("(none)", 1)]


def test_many_labels_of_one_example_each_are_one_stratum() -> None:
    targets = [[f"label {i}"] for i in range(50)] + [["common"]] * 10
    assert MultiLabel.from_targets(targets).strata(targets) == [RARE] * 50 + ["common"] * 10
    few = targets[45:]
    assert MultiLabel.from_targets(few).strata(few)[0] == "label 45"


def test_smoothing_by_hand():
    task = MultiLabel(["x"], [1])
    loss = task.loss(torch.tensor([[np.log(3.0)]]), torch.tensor([[1.0]]), smoothing=0.2).item()
    assert loss == pytest.approx(0.9 * np.log(4 / 3) + 0.1 * np.log(4))


def test_errors_say_what_is_wrong():
    task = MultiLabel.from_targets([["urgent"], ["billing"]])
    assert "Did you mean 'billing'?" in task.problem("urgent|biling")
    assert "missing" in task.problem(None)
    assert task.problem("") is None
    with pytest.raises(InputError, match="1 of 1 targets cannot be used"):
        task.encode(["nothing known"])
    with pytest.raises(InputError, match="None of the 2 targets holds a label"):
        MultiLabel.from_targets([[], ""])
    with pytest.raises(InputError, match="1 of 2 targets are missing"):
        MultiLabel.from_targets([["a"], None])
