"""Plug-ins by name and settings: how a list of them is taken apart, and where a mistake was written."""

from __future__ import annotations

import pytest

from headstart.adaptations import ADAPTATIONS
from headstart.core.errors import UsageError
from headstart.core.settings import each_asked, with_settings


def test_a_setting_belongs_to_the_name_before_it() -> None:
    assert each_asked("a, b:x=1,y=2 ,c,") == ["a", "b:x=1,y=2", "c"]
    assert each_asked("") == []


def test_any_kind_of_plug_in_takes_settings() -> None:
    made = with_settings(ADAPTATIONS, "deep_alignment:alignment=mmd", "--methods")
    assert made.alignment == "mmd"
    with pytest.raises(UsageError, match="--methods coral:width=3: 'width=3' is no setting of coral"):
        with_settings(ADAPTATIONS, "coral:width=3", "--methods")
