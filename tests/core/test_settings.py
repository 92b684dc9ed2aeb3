"""Plug-ins by name and settings: how a list of them is taken apart, and where a mistake was written."""

from __future__ import annotations

import pytest

from headstart.adaptations import ADAPTATIONS
from headstart.core.errors import UsageError
from headstart.core.settings import each_asked, with_settings
from headstart.strategies import STRATEGIES


def test_a_setting_belongs_to_the_name_before_it() -> None:
    assert each_asked("a, b:x=1,y=2 ,c,") == ["a", "b:x=1,y=2", "c"]
    assert each_asked("") == []


@pytest.mark.parametrize(
    "prompt", ["{}", "a photo, blurry, of a {}", "3", "true", "a = {}, perhaps", "a photo, n=1, of a {}"]
)
def test_where_words_are_wanted_all_are_words(prompt: str) -> None:
    assert with_settings(STRATEGIES, f"zero_shot:prompt={prompt}", "--strategy").prompt == prompt
    assert with_settings(STRATEGIES, "zero_shot:prompt=none", "--strategy").prompt is None
    assert with_settings(STRATEGIES, f"zero_shot:prompt='{prompt}'", "--strategy").prompt == prompt


def test_settings_are_parted_where_the_next_begins() -> None:
    made = with_settings(STRATEGIES, "fine_tuning:epochs=2,, balancing=plain,freeze_depth=1,", "--strategy")
    assert (made.epochs, made.balancing, made.freeze_depth) == (2, "plain", 1)
    with pytest.raises(UsageError, match="'frezze_depth=1' is no setting of fine_tuning"):
        with_settings(STRATEGIES, "fine_tuning:epochs=2,frezze_depth=1", "--strategy")
    with pytest.raises(UsageError, match="'epochs=2,3': epochs must be a whole number or none"):
        with_settings(STRATEGIES, "fine_tuning:epochs=2,3", "--strategy")


def test_any_kind_of_plug_in_takes_settings() -> None:
    made = with_settings(ADAPTATIONS, "deep_alignment:alignment=mmd", "--methods")
    assert made.alignment == "mmd"
    with pytest.raises(UsageError, match="--methods coral:width=3: 'width=3' is no setting of coral"):
        with_settings(ADAPTATIONS, "coral:width=3", "--methods")
