"""What every transferability score promises; a new one joins by its file."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from headstart.core.errors import UsageError
from headstart.transferability import SCORES, scores_of
from headstart.transferability.base import Seen, TransferabilityScore

FIELDS = [field.name for field in fields(Seen)]


def seen(tell: float, count: int = 60) -> Seen:
    """Three classes; features and source classes say more of them, the larger `tell` is."""
    random = np.random.default_rng(0)
    classes = np.arange(count) % 3
    one_hot = np.eye(3)[classes]
    source = np.exp(tell * one_hot @ np.eye(3, 4) + 0.1 * random.normal(size=(count, 4)))
    features = random.normal(size=(count, 8)) + tell * one_hot @ random.normal(size=(3, 8))
    return Seen(features, classes, one_hot, source / source.sum(axis=1, keepdims=True))


@pytest.fixture(params=SCORES.names())
def score(request: pytest.FixtureRequest) -> TransferabilityScore:
    made: TransferabilityScore = SCORES.load(request.param)()
    return made


def test_it_says_what_it_reads(score: TransferabilityScore) -> None:
    assert score.reads
    assert set(score.reads) <= set(FIELDS)
    assert score.can_read(seen(1.0))
    for name in FIELDS:
        assert score.can_read(replace(seen(1.0), **{name: None})) is (name not in score.reads)
    assert not score.can_read(Seen())


def test_it_reads_no_more_than_it_says(score: TransferabilityScore) -> None:
    whole = seen(1.0)
    part = Seen(**{name: getattr(whole, name) for name in score.reads})
    assert score.score(part) == score.score(whole)


def test_higher_is_better(score: TransferabilityScore) -> None:
    assert score.score(seen(4.0)) > score.score(seen(0.0))


def test_it_is_one_number_the_same_twice_and_changes_nothing(score: TransferabilityScore) -> None:
    given = seen(1.0)
    before = {name: getattr(given, name).copy() for name in FIELDS}
    first = score.score(given)
    assert isinstance(first, float)
    assert np.isfinite(first)
    assert score.score(given) == first
    assert all(np.array_equal(before[name], getattr(given, name)) for name in FIELDS)


def test_the_order_of_the_examples_does_not_matter(score: TransferabilityScore) -> None:
    given = seen(3.0)
    order = np.random.default_rng(1).permutation(len(given.classes))  # type: ignore[arg-type]
    turned = Seen(**{name: getattr(given, name)[order] for name in FIELDS})
    assert score.score(turned) == pytest.approx(score.score(given), rel=0.05, abs=0.02)


def test_it_takes_fewer_examples_than_features_and_single_precision(score: TransferabilityScore) -> None:
    given = seen(1.0, count=6)
    assert np.isfinite(score.score(replace(given, features=given.features.astype(np.float32))))  # type: ignore[union-attr]


def test_its_documentation_names_a_paper(score: TransferabilityScore) -> None:
    said = type(score).__doc__ or ""
    assert " et al. " in said
    assert any(sign in said for sign in ("=", "∝"))


def test_those_that_cannot_read_are_silent() -> None:
    everything = scores_of(seen(1.0))
    assert set(everything) == set(SCORES.names())
    without = scores_of(replace(seen(1.0), source=None))
    assert set(without) == set(SCORES.names()) - {"leep", "nce"}
    assert scores_of(Seen()) == {}


def test_an_unknown_score_is_a_mistake_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no transferability score 'logme'.* Did you mean 'log_me'"):
        scores_of(seen(1.0), ["logme"])
