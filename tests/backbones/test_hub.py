"""Without a network the hub fails within seconds and says why; what is cached is found."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from headstart.backbones import SOURCES
from headstart.backbones.folders.hub import NotAtHand, cached_folders, check_reachable, fetch_folder


def test_a_host_that_answers_is_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_reachable(f"http://127.0.0.1:{server.getsockname()[1]}/x", "a backbone")


def test_a_host_that_does_not_answer_is_named_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    start = time.perf_counter()
    with pytest.raises(NotAtHand, match=r"timm/x is not on this machine, and 127.0.0.1 cannot be reached"):
        check_reachable(f"https://127.0.0.1:{port}", "timm/x")
    assert time.perf_counter() - start < 5


def test_the_offline_switch_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NotAtHand, match="HF_HUB_OFFLINE"):
        fetch_folder("nobody-here/no-such-backbone", ["config.json"], ["config.json"])


def test_cached_repositories_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--timm--resnet18.a1_in1k" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "config.json").write_text('{"architecture": "resnet18", "pretrained_cfg": {"license": "mit"}}')
    (tmp_path / "models--somebody--pickles" / "snapshots" / "abc").mkdir(parents=True)
    assert list(cached_folders()) == [("timm/resnet18.a1_in1k", folder)]
    card = next(card for card in SOURCES.load("timm")().cards() if card.name == "timm/resnet18.a1_in1k")
    assert card.at_hand
    assert card.licence == "mit"


def test_downloaded_torchvision_weights_are_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth").write_bytes(b"12345")
    here = [card for card in SOURCES.load("torchvision")().cards() if card.at_hand]
    assert [(card.name, card.bytes) for card in here] == [("torchvision/vgg16", 5)]
