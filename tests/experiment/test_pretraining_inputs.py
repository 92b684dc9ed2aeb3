"""What a pretraining reads: the inputs that can be used, and which others are set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.experiment.pretraining.inputs import inputs_of, read_sources
from headstart.frozen.store import FrontierStore
from small_world import paint


def test_each_that_is_set_aside_is_named_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = paint(tmp_path / "photos", {"lime": 20})
    for number in ("03", "11"):
        (photos / "lime" / f"{number}.png").write_bytes(b"no picture")
    examples = read_sources(FitSpec(photos), labelled=False)
    found = inputs_of(examples, False, FrontierStore(tmp_path / "store"), Stopwatch(), Progress())
    assert len(found.examples) == 18
    said = capsys.readouterr().err
    assert "note: Set aside: 2 images that cannot be used." in said
    for problem in found.set_aside:
        assert f"    - {problem}\n" in said
    assert [said.count(f"{number}.png: ") for number in ("03", "11", "04")] == [1, 1, 0]
