"""Where training runs: on the device that was asked for, whatever ran in this process before."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState, PartialState

from toys import toy_backbone, toy_bench, toy_pictures


def test_training_runs_where_it_is_asked_to_after_a_fit_elsewhere(tmp_path: Path) -> None:
    """accelerate would refuse the CPU for good once anything had run on a GPU."""
    pictures, labels = toy_pictures(4)
    assert toy_bench(toy_backbone(), tmp_path, pictures, labels).accelerator.device.type == "cpu"
    PartialState().device = torch.device("meta")  # stands for a GPU
    try:
        assert toy_bench(toy_backbone(), tmp_path, pictures, labels).accelerator.device.type == "cpu"
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def test_processes_that_were_launched_together_keep_their_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, labels = toy_pictures(4)
    assert toy_bench(toy_backbone(), tmp_path, pictures, labels).accelerator.device.type == "cpu"
    before = PartialState._shared_state["backend"], id(PartialState._shared_state)
    monkeypatch.setenv("LOCAL_RANK", "0")
    PartialState().device = torch.device("meta")
    try:
        with pytest.raises(ValueError, match="already been initialized"):
            _ = toy_bench(toy_backbone(), tmp_path, pictures, labels).accelerator
        assert (PartialState._shared_state["backend"], id(PartialState._shared_state)) == before
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
