"""A fit whose backbone is ``auto``: it is the one that a ranking picks."""

from __future__ import annotations

from pathlib import Path

import headstart
from small_world import result_of, status


def test_it_fits_the_pick(messages: Path, at_hand: Path) -> None:
    asked = ("--target", "topic", "--strategy", "feature_extraction:depths=false", "--engine", "eager")
    assert status("fit", messages, *asked, "--backbone", "auto", "--out", "model") == 0
    assert result_of(Path("model"))["backbone"] == headstart.rank(messages, target="topic", quiet=True).pick


def test_among_backbones_that_are_named(messages: Path, at_hand: Path) -> None:
    asked = ("--target", "topic", "--strategy", "feature_extraction:depths=false", "--engine", "eager")
    assert status("fit", messages, *asked, "--backbone", "auto", "--backbones", "tiny_bert", "--out", "model") == 0
    assert result_of(Path("model"))["backbone"] == "local/tiny_bert"
    assert status("fit", messages, *asked, "--hub", "--out", "other") == 2
