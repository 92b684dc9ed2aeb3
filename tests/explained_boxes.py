"""What miniatures of detectors say of why a box is there, however unsure of it they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headstart.cli import main


def assert_explained(model: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A miniature is sure of nothing: told to show all that it finds, it says why."""
    described = json.loads((model / "model.json").read_text())
    described["calibration"]["threshold"] = 1e-4
    (model / "model.json").write_text(json.dumps(described))
    capsys.readouterr()
    out = model.with_name("why")
    assert main(["explain", str(model), str(picture), "--out", str(out), "--json"]) in (0, None)
    explanations = json.loads(capsys.readouterr().out)["explanations"]
    assert explanations, "no box was found to explain"
    assert explanations[0]["method"] == "hires_cam"
    assert [check["name"] for check in explanations[0]["checks"]] == ["removal", "randomisation", "inside"]
    assert len(list(out.iterdir())) > 1
