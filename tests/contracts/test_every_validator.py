"""What every validator promises; a new one joins by its file."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.special import softmax

from headstart.validators import VALIDATORS, figures_of
from headstart.validators.base import Seen, Validator

FIELDS = [field.name for field in fields(Seen)]


def seen(tell: float, count: int = 90) -> Seen:
    """Three classes that the features and the answers tell apart, the better the larger `tell` is."""
    random = np.random.default_rng(0)
    classes = np.arange(count) % 3
    centres = random.normal(size=(3, 6))
    features = random.normal(size=(count, 6)) + 3 * centres[classes]
    probable = softmax(tell * np.eye(3)[classes] + (0.2 + 1 / (1 + tell)) * random.normal(size=(count, 3)), axis=1)
    return Seen(features, probable, features, classes, probable)


@pytest.fixture(params=VALIDATORS.names())
def validator(request: pytest.FixtureRequest) -> Validator:
    made: Validator = VALIDATORS.load(request.param)()
    return made


def test_higher_is_better(validator: Validator) -> None:
    assert validator.validate(seen(6.0)) > validator.validate(seen(0.0))


def test_it_is_one_number_the_same_twice_and_changes_nothing(validator: Validator) -> None:
    given = seen(1.0)
    before = {name: getattr(given, name).copy() for name in FIELDS}
    first = validator.validate(given)
    assert isinstance(first, float)
    assert np.isfinite(first)
    assert validator.validate(given) == first
    assert all(np.array_equal(before[name], getattr(given, name)) for name in FIELDS)


@pytest.mark.parametrize("count", [4, 30])
def test_it_is_finite_for_few_and_for_one_sided_answers(validator: Validator, count: int) -> None:
    given = seen(1.0, count)
    same = np.tile([1.0, 0.0, 0.0], (count, 1))
    assert np.isfinite(validator.validate(given))
    assert np.isfinite(validator.validate(replace(given, probable=same, source_probable=same)))


def test_its_documentation_names_a_paper(validator: Validator) -> None:
    said = type(validator).__doc__ or ""
    assert any(sign in said for sign in (" et al. ", "(Cohen 1960)"))
    assert "=" in said or "‖" in said
    assert validator.summary


def test_all_are_asked() -> None:
    assert set(figures_of(seen(1.0))) == set(VALIDATORS.names())
