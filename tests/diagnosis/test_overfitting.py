"""Overfitting on figures small enough to judge by hand."""

from dataclasses import replace

import pytest

from headstart.core.results import Figure
from headstart.core.statistics import wilson
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.overfitting import Overfitting, _gap


def evidence(figures, watched="accuracy", higher=True):
    reached = {split: {watched: figure} for split, figure in figures.items()}
    return Evidence({}, {}, {}, reached, {}, {}, watched, {watched: higher})


@pytest.mark.parametrize(
    ("train", "test", "severity"),
    [
        (Figure(1.0, 0.99, 1.0), Figure(0.80, 0.75, 0.85), "serious"),
        (Figure(1.0, 0.99, 1.0), Figure(0.90, 0.85, 0.94), "warning"),
        (Figure(1.0, 0.99, 1.0), Figure(0.97, 0.95, 0.98), "info"),  # apart, but by little
        (Figure(1.0, 0.90, 1.0), Figure(0.80, 0.60, 0.92), "serious"),  # they overlap: 0.2 − √(0.1² + 0.12²) > 0
        (Figure(1.0, 0.90, 1.0), Figure(0.80, 0.60, 0.98), "info"),  # 0.2 − √(0.1² + 0.18²) < 0
        (Figure(0.7, 0.69, 0.71), Figure(0.9, 0.85, 0.95), "info"),  # better on new examples
    ],
)
def test_overfitting_needs_a_clear_gap(train, test, severity):
    (finding,) = Overfitting().examine(evidence(figures={"train": train, "test": test}))
    assert finding.severity == severity
    assert ("learned by heart" in finding.summary) == (severity != "info")


def test_without_overfitting_the_gap_and_its_interval_are_told():
    """0.95 [0.9, 0.97] and 0.94 [0.88, 0.98]: below √(0.05² + 0.04²), above √(0.02² + 0.06²)."""
    close = evidence(figures={"train": Figure(0.95, 0.9, 0.97), "test": Figure(0.94, 0.88, 0.98)})
    (finding,) = Overfitting().examine(close)
    assert "a gap of +1.0 points (−5.4 to +7.3 points): no more than chance may make." in finding.summary
    better = evidence(figures={"train": Figure(0.7, 0.69, 0.71), "test": Figure(0.9, 0.85, 0.95)})
    assert "a gap of −20.0 points (−25.1 to −14.9 points)" in Overfitting().examine(better)[0].summary
    little = evidence(figures={"train": Figure(1.0, 0.99, 1.0), "test": Figure(0.97, 0.95, 0.98)})
    assert "too little to matter" in Overfitting().examine(little)[0].summary


def test_a_gap_that_chance_may_have_made_is_said_so_however_wide():
    """0.2 less √(0.1² + 0.18²) is −0.006."""
    wide = evidence(figures={"train": Figure(1.0, 0.9, 1.0), "test": Figure(0.8, 0.6, 0.98)})
    (finding,) = Overfitting().examine(wide)
    assert "a gap of +20.0 points (−0.6 to +40.0 points): no more than chance may make." in finding.summary
    assert finding.next_step == "Nothing: overfitting is not shown."
    better = evidence(figures={"train": Figure(0.7, 0.69, 0.71), "test": Figure(0.9, 0.85, 0.95)})
    assert "(−25.1 to −14.9 points): it does no worse on new ones." in Overfitting().examine(better)[0].summary


@pytest.mark.parametrize(
    ("train", "test", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_the_interval_of_a_gap_of_shares_is_newcombes(train, test, low, high):
    """Contrasts (a) to (d) of Newcombe (1998), table II, method 10."""
    gap = _gap(wilson(*train), wilson(*test), higher_is_better=True)
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=5e-5)


def test_overfitting_of_an_error_goes_the_other_way():
    train, held_out = Figure(1.0, 0.9, 1.1), Figure(2.5, 2.0, 3.0)
    worse = evidence(figures={"train": train, "validation": held_out}, watched="mae", higher=False)
    (finding,) = Overfitting().examine(worse)
    assert finding.severity == "serious"
    assert (
        "absolute error is 1.00 on the examples it learned from, but 2.50 (95 % interval 2.00–3.00) on the validation"
        in finding.summary
    )
    better = evidence(figures={"train": held_out, "validation": train}, watched="mae", higher=False)
    assert [finding.severity for finding in Overfitting().examine(better)] == ["info"]


def test_overfitting_is_judged_on_the_test_split_where_that_has_the_watched_figure():
    figures = {"train": Figure(1.0, 1.0, 1.0), "validation": Figure(0.5, 0.4, 0.6), "test": Figure(1.0, 0.9, 1.0)}
    assert [finding.severity for finding in Overfitting().examine(evidence(figures=figures))] == ["info"]
    known = evidence(figures=figures)
    without = replace(known, figures={**known.figures, "test": {"log_loss": Figure(0.1, 0.0, 0.2)}})
    (finding,) = Overfitting().examine(without)
    assert "on the validation examples" in finding.summary


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ({"train": ["a", "b"]}, "(95 % interval 40.0–60.0 %) on the training examples, each judged by a model that"),
        ({"train": ["a"], "validation": ["b"]}, "(95 % interval 40.0–60.0 %) on the validation examples, a gap"),
    ],
)
def test_examples_that_were_judged_out_of_fold_are_not_said_to_be_held_out(ids, said):
    figures = {"train": Figure(1.0, 1.0, 1.0), "validation": Figure(0.5, 0.4, 0.6)}
    (finding,) = Overfitting().examine(replace(evidence(figures=figures), ids=ids))
    assert said in finding.summary


def test_the_gap_has_an_interval():
    """0.9 [0.8, 0.94] and 0.6 [0.5, 0.73]: below √(0.1² + 0.13²), above √(0.04² + 0.1²)."""
    gap = _gap(Figure(0.9, 0.8, 0.94), Figure(0.6, 0.5, 0.73), higher_is_better=True)
    assert gap == pytest.approx((0.3, 0.3 - 0.164012, 0.3 + 0.107703), abs=1e-5)
    assert _gap(Figure(0.6, 0.5, 0.73), Figure(0.9, 0.8, 0.94), higher_is_better=False) == gap
    clear = evidence(figures={"train": Figure(0.9, 0.85, 0.94), "test": Figure(0.6, 0.5, 0.73)})
    assert "a gap of +30.0 points (+16.1 to +40.8 points)" in Overfitting().examine(clear)[0].summary


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([(1.0, 1.1), (0.6, 0.8), (0.3, 0.9), (0.1, 1.2)], "The curves part after epoch 2 of 4"),
        ([(1.0, 1.1), (0.6, 0.8), (0.3, 0.7)], "the curves do not part"),
        ([(1.0, 0.5), (1.2, 0.9)], None),  # both rose: it diverged
        ([(1.0, 1.1)], None),
    ],
)
def test_it_says_where_the_curves_part(losses, words):
    gone = {"train": Figure(1.0, 0.99, 1.0), "test": Figure(0.8, 0.75, 0.85)}
    epochs = [{"epoch": i + 1.0, "train_loss": t, "validation_loss": v} for i, (t, v) in enumerate(losses)]
    (finding,) = Overfitting().examine(replace(evidence(figures=gone), epochs=epochs))
    if words:
        assert words in finding.summary
    else:
        assert finding.summary.endswith("by heart.")


@pytest.mark.parametrize("losses", [[(2.512, 2.787), (2.508, 2.791)], [(2.512, 2.7), (2.508, 2.9)]])
def test_a_difference_that_its_figures_do_not_show_is_not_spoken_of(losses):
    """2.79 and 2.79 on held-out examples; 2.51 and 2.51 on those of training."""
    gone = {"train": Figure(1.0, 0.99, 1.0), "test": Figure(0.8, 0.75, 0.85)}
    epochs = [{"epoch": i + 1.0, "train_loss": t, "validation_loss": v} for i, (t, v) in enumerate(losses)]
    (finding,) = Overfitting().examine(replace(evidence(figures=gone), epochs=epochs))
    assert finding.summary.endswith("by heart.")
