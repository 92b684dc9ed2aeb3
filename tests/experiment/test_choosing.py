"""Strategies by name and settings: read, checked, and every mistake said at once."""

from __future__ import annotations

import pytest

from headstart.core.errors import UsageError
from headstart.experiment.choosing import choose_strategies
from headstart.strategies import STRATEGIES


def test_nothing_asked_is_every_strategy() -> None:
    assert [type(strategy) for strategy in choose_strategies(None)] == [
        STRATEGIES.load(name) for name in STRATEGIES.names()
    ]


def test_settings_are_read() -> None:
    (strategy,) = choose_strategies("fine_tuning:epochs=3, learning_rate=2e-5,gradual=true,views=none,mixup=1")
    assert (strategy.epochs, strategy.learning_rate, strategy.gradual) == (3, 2e-5, True)
    assert strategy.views is None
    assert strategy.mixup == 1


def test_an_object_is_taken_as_it_is() -> None:
    strategy = STRATEGIES.load("fine_tuning")(epochs=2)
    assert choose_strategies(strategy) == [strategy]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("fine_tunning", ["Did you mean 'fine_tuning'?"]),
        ("fine_tuning:depth=3", ["'depth=3' is no setting of fine_tuning. Did you mean 'freeze_depth'?"]),
        ("fine_tuning:epochs", ["'epochs' is no setting", "Write setting=value"]),
        ("fine_tuning:epochs=many", ["epochs must be a whole number or none"]),
        ("fine_tuning:epochs=2.5", ["epochs must be a whole number or none"]),
        ("fine_tuning:epochs=true", ["epochs must be a whole number or none"]),
        ("fine_tuning:epochs=-1", ["epochs must be 0 or more"]),
        ("fine_tuning:gradual=1", ["gradual must be true or false"]),
        ("fine_tuning:mixup=a,patience=b,depth=3", ["mixup must be a number", "patience must be", "no setting"]),
        ("feature_extraction:depths=__import__('os')", ["depths must be true or false"]),
    ],
)
def test_mistakes(asked: str, said: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        choose_strategies(asked)
    for words in said:
        assert words in str(raised.value)
