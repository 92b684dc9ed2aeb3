"""The texts that stand for the names of classes."""

from __future__ import annotations

import pytest

from headstart.backbones._words import spelled
from headstart.core.names import Name


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (Name("card_arrival"), ["a card arrival"]),
        (Name("spam", "unwanted mail"), ["a spam", "a unwanted mail"]),
        (Name("E11", "type 2 diabetes"), ["a type 2 diabetes"]),
        (Name("7"), ["a 7"]),
    ],
)
def test_a_label_stands_beside_its_description_unless_it_is_a_code(name: Name, texts: list[str]) -> None:
    assert spelled(name, ["a {}"]) == texts
