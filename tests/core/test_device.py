"""Devices by name, and what is said when one is not there."""

from __future__ import annotations

import pytest
import torch

from headstart.core.device import choose_device
from headstart.core.errors import UsageError


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_takes_the_fastest_present(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == torch.device("cuda")


def test_a_numbered_gpu_becomes_the_one_that_is_worked_on(monkeypatch: pytest.MonkeyPatch):
    taken: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("cuda") == torch.device("cuda")
    assert taken == [1], "whoever names no number gets the current one"
    for name in ("cuda:2", "cuda:x"):
        with pytest.raises(UsageError, match=rf"no device '{name}'\. Present: cuda:0, cuda:1"):
            choose_device(name)


def test_an_absent_or_unknown_device_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"'cuda' is not available here\. Present: cpu"):
        choose_device("cuda")
    with pytest.raises(UsageError, match=r"no device 'tpu'\. Allowed: auto, cpu"):
        choose_device("tpu")
