"""Where training runs: on the device that was asked for, whatever ran in this process before; and what it leaves."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState, PartialState

from headstart.training.loop import Job
from headstart.training.workbench import Workbench
from toys import toy_backbone, toy_bench, toy_pictures


def test_training_runs_where_it_is_asked_to_after_a_fit_elsewhere(tmp_path: Path) -> None:
    """accelerate would refuse the CPU for good once anything had run on a GPU."""
    pictures, labels = toy_pictures(4)
    assert toy_bench(toy_backbone(), tmp_path, pictures, labels).new_accelerator().device.type == "cpu"
    PartialState().device = torch.device("meta")  # stands for a GPU
    try:
        assert toy_bench(toy_backbone(), tmp_path, pictures, labels).new_accelerator().device.type == "cpu"
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def test_processes_that_were_launched_together_keep_their_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, labels = toy_pictures(4)
    assert toy_bench(toy_backbone(), tmp_path, pictures, labels).new_accelerator().device.type == "cpu"
    before = PartialState._shared_state["backend"], id(PartialState._shared_state)
    monkeypatch.setenv("LOCAL_RANK", "0")
    PartialState().device = torch.device("meta")
    try:
        with pytest.raises(ValueError, match="already been initialized"):
            _ = toy_bench(toy_backbone(), tmp_path, pictures, labels).new_accelerator()
        assert (PartialState._shared_state["backend"], id(PartialState._shared_state)) == before
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def test_a_training_leaves_nothing_behind(toy: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a rung whose network is not kept there is no room for the next one's; a full collection takes long."""
    made: list[weakref.ref[Any]] = []
    plain = Workbench._job

    def noted(self: Workbench, *given: Any) -> Job:
        job = plain(self, *given)
        made.extend(weakref.ref(each) for each in (job.trained, job.optimizer, job.accelerator))
        return job

    monkeypatch.setattr(Workbench, "_job", noted)
    one = toy()
    gc.collect()
    gc.disable()
    try:
        one.train()
        assert [each() for each in made] == [None] * 3
    finally:
        gc.enable()
