"""Without a network the hub fails within seconds and says why; what is cached is found."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from headstart.backbones import SOURCES, load
from headstart.backbones.folders.hub import NotAtHand, cached_folders, check_reachable, fetch_folder
from headstart.core.errors import UsageError


def test_a_host_that_answers_is_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_reachable(f"http://127.0.0.1:{server.getsockname()[1]}/x", "a backbone")


def test_a_host_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotAtHand, match=r"timm/x is not on this machine, and 127.0.0.1 cannot be reached"):
        check_reachable(f"https://127.0.0.1:{port}", "timm/x")


def test_a_host_that_does_not_answer_is_waited_for_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        waited.append(timeout)
        raise TimeoutError("timed out")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("socket.create_connection", connect)
    with pytest.raises(NotAtHand, match=r"mirror.local cannot be reached \(timed out\)"):
        check_reachable("https://mirror.local", "timm/x")
    assert waited == [3.0]


def test_the_offline_switch_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NotAtHand, match="HF_HUB_OFFLINE"):
        fetch_folder("nobody-here/no-such-backbone", ["config.json"], ["config.json"])


@pytest.mark.parametrize(("url", "port"), [("http://mirror.local", 80), ("https://mirror.local/x", 443)])
def test_a_mirror_is_asked_at_the_port_of_its_scheme(url: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address)
        return socket.socket()

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("socket.create_connection", connect)
    check_reachable(url, "a backbone")
    assert asked == [("mirror.local", port)]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("transformers/owner/name/", "'owner/name'"),
        ("transformers_vits/https://hub.example/owner/name", "'owner/name'"),
        ("timm/ owner/name", "'owner/name'"),
    ],
)
def test_a_name_that_no_repository_can_have_is_a_mistake_of_usage(given: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"their names read owner/name. Did you mean {meant}"):
        load(given)


PATTERNS = ["*.json", "model.safetensors", "README.md", "1_Pooling/config.json"]
REQUIRED = ["config.json", "model.safetensors"]


@pytest.fixture
def partial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot as transformers leaves it, who fetches file by file what it reads; the hub is not switched off."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--somebody--bge" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text("abc")
    for name in REQUIRED:
        (folder / name).write_text("{}")
    return folder


def test_a_part_in_the_cache_is_made_whole_where_the_hub_answers(
    partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import snapshot_download

    def fetch(repository: str, *, local_files_only: bool = False, **further: Any) -> str:
        if local_files_only:
            return snapshot_download(repository, local_files_only=True, **further)
        assert further["revision"] == "abc"  # the commit whose weights are here, not a newer one
        (partial / "1_Pooling").mkdir()
        (partial / "1_Pooling" / "config.json").write_text("{}")
        return str(partial)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    monkeypatch.setattr("headstart.backbones.folders.hub.check_reachable", lambda url, what: None)
    assert fetch_folder("somebody/bge", PATTERNS, REQUIRED) == partial
    assert (partial / "1_Pooling" / "config.json").is_file()


def test_a_part_in_the_cache_is_taken_and_said_where_the_hub_does_not_answer(
    partial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch_folder("somebody/bge", PATTERNS, REQUIRED) == partial
    assert "without README.md, 1_Pooling/config.json, which it may have" in capsys.readouterr().err
    assert fetch_folder("somebody/bge", PATTERNS, REQUIRED) == partial
    assert capsys.readouterr().err == ""
    with pytest.raises(NotAtHand, match="HF_HUB_OFFLINE"):
        fetch_folder("somebody/bge", PATTERNS, [*REQUIRED, "vocab.txt"])


def test_what_was_fetched_as_a_whole_asks_no_server(partial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.get_cached_repo_tree", lambda repository: [])
    monkeypatch.setattr("headstart.backbones.folders.hub.check_reachable", pytest.fail)
    assert fetch_folder("somebody/bge", PATTERNS, REQUIRED) == partial


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
