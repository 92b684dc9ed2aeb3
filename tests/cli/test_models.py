"""``headstart models``: the backbones at hand, with size, licence and source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_world import status


def test_the_table_names_size_and_licence(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("models") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["name", "for"]
    (line,) = [line for line in lines if line.startswith("local/tiny_resnet")]
    for word in ("image", "apache-2.0", "yes", " k "):
        assert word in line
    assert not any(line.startswith("timm/") for line in lines)  # these would have to be downloaded


def test_all_names_those_to_download_too(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("models", "--all") == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("timm/resnet50")]
    assert " no " in line
    assert "25.6 M" in line


def test_json_is_a_list(at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("models", "--json") == 0
    cards = {card["name"]: card for card in json.loads(capsys.readouterr().out)}
    assert cards["local/tiny_bert"]["modality"] == "text"
    assert {"licence", "parameters", "bytes", "at_hand"} <= cards["local/tiny_bert"].keys()
