"""Regression: figures by hand and against scikit-learn and SciPy, intervals by the conformal rule."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn import metrics as reference

from headstart.core.errors import InputError
from headstart.core.statistics import bootstrap_draws
from headstart.tasks.regression import Regression


@pytest.fixture(scope="module")
def many():
    generator = np.random.default_rng(0)
    numbers = np.round(generator.normal(50, 12, size=400), 0)  # rounded, so that there are ties
    predicted = np.round(numbers + generator.normal(0, 8, size=400), 0)
    task = Regression.from_targets(numbers.tolist())
    outputs = torch.tensor((predicted - task.mean) / task.deviation)[:, None]
    return task, outputs, task.encode(numbers.tolist()).double(), numbers, predicted


def test_targets_are_standardised_and_numeric_texts_read():
    task = Regression.from_targets(["1", 3, 5.0, "7"])  # mean 4, variance (9 + 1 + 1 + 9) / 4 = 5
    assert (task.mean, task.deviation) == (4.0, pytest.approx(5**0.5))
    assert task.encode([4, "9"]).tolist() == pytest.approx([0.0, 5**0.5])


def test_figures_by_hand():
    task = Regression(mean=10.0, deviation=2.0)
    truth, outputs = torch.tensor([-1.0, 0.0, 1.0]), torch.tensor([[-1.0], [0.5], [0.0]])
    figures = task.metrics(outputs, truth)  # errors 0, 1 and 2 of the person's units
    assert figures["mae"].value == pytest.approx(1.0)
    assert figures["rmse"].value == pytest.approx((5 / 3) ** 0.5)
    assert figures["r2"].value == pytest.approx(1 - 5 / 8)
    assert figures["spearman"].value == pytest.approx(0.5)  # ranks 1 2 3 against 1 3 2: 1 - 6·2 / (3·8)
    assert task.mistakes(outputs, truth).tolist() == [0.0, 0.5, 1.0]


def test_figures_and_draws_equal_the_references(many):
    task, outputs, encoded, numbers, predicted = many
    draws = bootstrap_draws(400, count=10)
    references = {
        "mae": reference.mean_absolute_error,
        "rmse": reference.root_mean_squared_error,
        "r2": reference.r2_score,
        "spearman": lambda a, b: spearmanr(a, b).statistic,
    }
    for name, function in references.items():
        expected = [function(numbers[draw], predicted[draw]) for draw in draws]
        assert task.measure(name, outputs, encoded, draws) == pytest.approx(expected, abs=1e-5), name
    assert all(figure.low < figure.value < figure.high for figure in task.metrics(outputs, encoded).values())


def test_conformal_quantile_by_hand():
    task = Regression(mean=0.0, deviation=10.0)
    residuals = torch.arange(1, 20) / 10.0  # 1 … 19 units; ⌈20 · 0.9⌉ = 18th smallest
    assert task.calibrate(residuals[:, None], torch.zeros(19))["residual_90"] == pytest.approx(18.0)
    nine = residuals[:9, None]  # ⌈10 · 0.9⌉ = 9th of 9
    assert task.calibrate(nine, torch.zeros(9))["residual_90"] == pytest.approx(9.0)
    ten = residuals[:10, None]  # ⌈11 · 0.9⌉ = 10th of 10
    assert task.calibrate(ten, torch.zeros(10))["residual_90"] == pytest.approx(10.0)
    assert task.calibrate(residuals[:3, None], torch.zeros(3))["residual_90"] == pytest.approx(3.0)


def test_intervals_hold_nine_in_ten_new_truths():
    generator = torch.Generator().manual_seed(0)
    task = Regression(mean=5.0, deviation=3.0)
    calibration = task.calibrate(torch.zeros(2000, 1), torch.randn(2000, generator=generator))
    fresh = 5.0 + 3.0 * torch.randn(5000, generator=generator).numpy()
    columns = task.decode(torch.zeros(5000, 1), calibration).columns
    held = (np.array(columns["low"]) <= fresh) & (fresh <= np.array(columns["high"]))
    assert held.mean() == pytest.approx(0.9, abs=0.02)


def test_decode_by_hand():
    task = Regression(mean=10.0, deviation=2.0)
    rows = task.decode(torch.tensor([[1.5]]), {"residual_90": 4.0}).rows()
    assert rows == [{"label": 13.0, "low": 9.0, "high": 17.0}]
    assert task.decode(torch.tensor([[1.5]]), {}).rows()[0]["low"] is None


def test_strata_are_quantile_bands():
    task = Regression.from_targets(list(range(1, 101)))
    assert task.edges == pytest.approx([20.8, 40.6, 60.4, 80.2])
    assert task.strata([1, 20.8, 21, 100]) == ["up to 20.8", "up to 20.8", "20.8 to 40.6", "above 80.2"]
    assert [count for _, count in task.summary(list(range(1, 101)))] == [20] * 5
    assert Regression.from_targets([1, 2, 3]).strata([1, 3]) == ["all numbers"] * 2


def test_errors_say_what_is_wrong():
    task = Regression(0.0, 1.0)
    assert task.problem("3.5e2") is None
    assert "'tall' is not a number" in task.problem("tall")
    assert "missing" in task.problem(float("nan"))
    with pytest.raises(InputError, match=r"1 of 2 targets are not numbers \(e.g. 'tall'\)"):
        Regression.from_targets([1.0, "tall"])
    with pytest.raises(InputError, match="all 2 targets are 3"):
        Regression.from_targets([3, 3.0])
