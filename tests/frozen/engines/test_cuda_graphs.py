"""Recorded computations, with a stand-in for the GPU that records and replays them: what surrounds it is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from headstart.frozen.engines import _recorded
from headstart.frozen.engines._recorded import MOST, RecordedEngine
from headstart.frozen.engines.base import Tensors, agrees
from headstart.frozen.engines.cuda_graphs import CudaGraphs
from headstart.frozen.engines.cuda_graphs_single import CudaGraphsSingle
from toys import Features

CPU = torch.device("cpu")


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of every batch that was recorded. A replay reads and writes the memory that a recording knows."""
    rows: list[int] = []

    def record(forward: _recorded.Forward, given: Tensors) -> tuple[Callable[[], None], Tensors]:
        rows.append(len(next(iter(given.values()))))
        outputs = forward(given)

        def replay() -> None:
            for name, tensor in forward(given).items():
                outputs[name].copy_(tensor)

        return replay, outputs

    monkeypatch.setattr(_recorded, "record", record)
    return rows


def pixels(count: int) -> Tensors:
    return {"pixels": torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(count))}


@pytest.fixture(params=[CudaGraphs, CudaGraphsSingle])
def engine(request: pytest.FixtureRequest) -> RecordedEngine:
    made: RecordedEngine = request.param()
    return made


def test_smaller_batches_take_their_place_in_a_recording_and_what_it_gave_stays(
    engine: RecordedEngine, recorded: list[int]
) -> None:
    module = Features().eval()
    engine.prepare(module, pixels(4), CPU)
    batches = [pixels(4), {"pixels": -pixels(4)["pixels"]}, pixels(2), pixels(5), pixels(1), pixels(4)]
    given = [engine.run(batch) for batch in batches]
    assert recorded == [4, 5]
    for batch, found in zip(batches, given, strict=True):
        with torch.no_grad():
            assert agrees(module(batch), found, engine.tolerance)
        assert found["features"].dtype == torch.float32
        assert found["features"].is_contiguous()
        assert found["count"].dtype == torch.long


def test_pictures_of_another_size_are_recorded_apart(engine: RecordedEngine, recorded: list[int]) -> None:
    module = Features().eval()
    engine.prepare(module, pixels(4), CPU)
    wider = {"pixels": torch.cat([pixels(2)["pixels"]] * 2, dim=3)}
    found = engine.run(wider)
    assert recorded == [4, 2]
    with torch.no_grad():
        assert agrees(module(wider), found, engine.tolerance)


def test_after_many_shapes_the_others_run_unrecorded(engine: RecordedEngine, recorded: list[int]) -> None:
    module = Features().eval()
    engine.prepare(module, pixels(1), CPU)
    for count in range(1, MOST + 3):
        found = engine.run(pixels(count))
        with torch.no_grad():
            assert agrees(module(pixels(count)), found, engine.tolerance)
    assert recorded == list(range(1, MOST + 1))


def test_they_are_for_a_gpu_and_one_says_that_it_is_less_exact(engine: RecordedEngine) -> None:
    assert not engine.available(CPU)
    assert engine.available(torch.device("cuda"))
    assert engine.reduced == isinstance(engine, CudaGraphs)


def test_the_exact_one_computes_as_plain_pytorch_does(recorded: list[int]) -> None:
    module, engine = Features().eval(), CudaGraphsSingle()
    engine.prepare(module, pixels(3), CPU)
    with torch.no_grad():
        torch.testing.assert_close(engine.run(pixels(3))["features"], module(pixels(3))["features"])
