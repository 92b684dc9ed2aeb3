"""Weights are read from safetensors only, and every key must have its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from headstart.backbones.folders.weights import load_strictly, read_weights
from headstart.core.errors import HeadstartError


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_half_precision_becomes_float32_and_counts_stay_whole(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, dtype=torch.float16), "b": torch.tensor(3)}, tmp_path / "model.safetensors")
    state = read_weights(tmp_path / "model.safetensors")
    assert state["a"].dtype == torch.float32
    assert state["b"].dtype == torch.int64


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HeadstartError, match=r"model\.safetensors is missing"):
        read_weights(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(HeadstartError, match="not a whole safetensors file"):
        read_weights(tmp_path / "model.safetensors")


def test_the_classifier_is_left_out_silently() -> None:
    given, taken = network(), network()
    state = {**given.state_dict(), "fc.weight": torch.zeros(1), "fc.bias": torch.zeros(1)}
    load_strictly(taken, state, ["fc"], "here")
    assert all(
        torch.equal(a, b) for a, b in zip(given.state_dict().values(), taken.state_dict().values(), strict=True)
    )


def test_all_mistakes_are_told_together() -> None:
    state = dict(network().state_dict())
    del state["0.bias"]
    state["extra"] = torch.zeros(1)
    state["1.weight"] = torch.zeros(7)
    expected = r"1 missing \(0.bias\); 1 unexpected \(extra\); 1 of another shape \(1.weight \(7,\) for \(3,\)\)"
    with pytest.raises(HeadstartError, match=expected):
        load_strictly(network(), state, [], "here")


def test_a_counter_of_batches_may_be_absent() -> None:
    state = dict(network().state_dict())
    del state["1.num_batches_tracked"]
    load_strictly(network(), state, [], "here")
