"""Figures in a line of text."""

from __future__ import annotations

import pytest

from headstart.core.results import Figure
from headstart.delivery.writing import figure_interval, figure_name, figure_value


@pytest.mark.parametrize(
    ("name", "figure", "higher", "said"),
    [
        ("accuracy", Figure(0.9791, 0.952, 0.9921), True, "accuracy 97.9 % 95.2–99.2 %"),
        ("macro_f1", Figure(1.0, 1.0, 1.0), True, "macro F1 100.0 % 100.0–100.0 %"),
        ("log_loss", Figure(0.41234, 0.3, 0.5), False, "log loss 0.412 0.300–0.500"),  # lower is better: no share
        ("mae", Figure(1234.5, 1200.0, 1300.0), False, "mean absolute error 1,234 1,200–1,300"),
        ("r2", Figure(0.5, -0.25, 0.8), True, "R² 0.500 −0.250 to 0.800"),
        ("map50", Figure(0.5, 0.4, 0.6), True, "mAP@50 50.0 % 40.0–60.0 %"),
    ],
)
def test_a_figure_in_words(name: str, figure: Figure, higher: bool, said: str) -> None:
    value, interval = figure_value(name, figure, higher), figure_interval(name, figure, higher)
    assert f"{figure_name(name)} {value} {interval}" == said
