"""The learning curve's finding, from curves that follow a known law."""

import numpy as np
import pytest

from headstart.diagnosis.base import Evidence
from headstart.diagnosis.learning_curve import LearningCurve

SIZES = [10, 20, 40, 60, 80]


def evidence(curve, watched="accuracy", higher=True, count=100):
    targets = {"train": ["a"] * (count - 20), "validation": ["a"] * 20}
    return Evidence(targets, {}, {}, {}, {}, {}, watched, {watched: higher}, curve=curve)


def curve(figure_of, draws=5, spread=0.002):
    random = np.random.default_rng(0)
    return [
        (size, float(figure_of(size) + spread * random.standard_normal())) for _ in range(draws) for size in SIZES
    ]


def test_what_twice_the_examples_would_give():
    (finding,) = LearningCurve().examine(evidence(curve(lambda n: 1 - (0.1 + 0.9 * n**-0.5))))
    # 0.9 - 0.9 / √200 = 0.836 and 0.9 - 0.9 / √100 = 0.81; at 10 it is 0.9 - 0.285 = 0.615.
    assert finding.severity == "info"
    assert "twice the examples (200) the accuracy of a linear head" in finding.summary
    now = float(finding.summary.split("with the 100 there are it is about ")[1].split(" %")[0])
    assert now == pytest.approx(81.0, abs=1)
    value = float(finding.summary.split("would be about ")[1].split(" %")[0])
    low, high = finding.summary.split("interval ")[1].split(" %)")[0].split("–")
    assert value == pytest.approx(83.6, abs=1)
    assert float(low) < value < float(high)
    assert "Label more" in finding.next_step


def test_a_flat_curve_asks_for_something_else():
    (finding,) = LearningCurve().examine(evidence(curve(lambda n: 0.8)))
    assert "another backbone" in finding.next_step


def test_an_error_is_extended_as_it_is():
    (finding,) = LearningCurve().examine(evidence(curve(lambda n: 2 + 9 * n**-0.5), "mae", higher=False))
    value = float(finding.summary.split("would be about ")[1].split()[0])
    assert value == pytest.approx(2 + 9 / 200**0.5, abs=0.1)
    assert "Label more" in finding.next_step


@pytest.mark.parametrize(
    "known",
    [
        evidence([]),
        evidence(curve(lambda n: 0.8, draws=1)),
        evidence([(10, 0.5), (20, 0.6)] * 5),
        evidence(curve(lambda n: 0.8), count=60),  # fewer examples than the curve has: another set's
    ],
)
def test_it_is_silent_without_a_curve(known):
    assert LearningCurve().examine(known) == []
