"""A fit whose backbone is ``auto``: it is the one that a ranking picks."""

from __future__ import annotations

from pathlib import Path

import pytest

import headstart
from small_world import PROBE, result_of, status

pytestmark = pytest.mark.usefixtures("no_gains")


@pytest.mark.usefixtures("few_reasons")
def test_it_fits_the_pick(photos: Path, at_hand: Path) -> None:
    assert status("fit", photos, *PROBE, "--engine", "eager", "--backbone", "auto", "--out", "model") == 0
    assert result_of(Path("model"))["backbone"] == headstart.rank(photos, quiet=True).pick


def test_among_backbones_that_are_named(messages: Path, at_hand: Path) -> None:
    asked = ("--target", "topic", *PROBE, "--engine", "eager")
    assert status("fit", messages, *asked, "--backbone", "auto", "--backbones", "tiny_bert", "--out", "model") == 0
    assert result_of(Path("model"))["backbone"] == "local/tiny_bert"
    assert status("fit", messages, *asked, "--hub", "--out", "other") == 2
