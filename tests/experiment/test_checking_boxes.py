"""A check of boxes: copies across splits, unreadable pictures and classes counted by boxes, without a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import headstart
from boxed_pictures import FORMATS, coco
from headstart.core.errors import UsageError


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_checked(name: str, tmp_path: Path) -> None:
    findings = headstart.check(FORMATS[name](tmp_path), backbone="none", quiet=True)
    assert "Fewer than 20 objects: 'cat' 1, 'dog' 2." in [finding.summary for finding in findings]
    assert not [finding for finding in findings if finding.diagnosis == "leakage"]


def test_copies_across_splits_and_broken_pictures(tmp_path: Path) -> None:
    root = coco(tmp_path)
    shutil.copy(root / "images" / "train" / "a.png", root / "images" / "val" / "d.png")
    (root / "images" / "train" / "c.png").write_bytes(b"no picture")
    found = {finding.diagnosis: finding for finding in headstart.check(root, backbone="none", quiet=True)}
    assert found["leakage"].severity == "serious"
    assert [each.id for each in found["leakage"].examples] == ["images/val/d.png"]
    assert [each.id for each in found["unreadable"].examples] == ["images/train/c.png"]
    assert "1 × cat, 1 × dog" in found["label_conflicts"].summary


def test_backbones_are_not_ranked_for_boxes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="detection reads maps; name one with --backbone"):
        headstart.rank(coco(tmp_path), quiet=True)
