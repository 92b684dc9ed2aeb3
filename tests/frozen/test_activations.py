"""The frozen part runs once per example and view; what is stored is what would have been computed."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone, Batch, collate
from headstart.core.timing import Stopwatch
from headstart.frozen import activations
from headstart.frozen import store as store_module
from headstart.frozen._batching import batch_size
from headstart.frozen._weights_digest import weights_digest
from headstart.frozen.activations import FrozenPart
from headstart.frozen.choosing import Engines
from headstart.frozen.engines.eager import Eager
from headstart.frozen.frontier import find_frontier
from headstart.frozen.inputs import Inputs, joined
from headstart.frozen.stacked import stacked
from headstart.frozen.store import FrontierStore
from headstart.model.freezing import FreezePlan
from toys import Said, inputs_of, raw_inputs, toy_backbone, toy_network, toy_pictures, toy_task


class FullDisk(FrontierStore):
    free_bytes = 100


def part(backbone: Backbone, inputs: Inputs, store: FrontierStore | None, depth: int = 2) -> FrozenPart:
    FreezePlan(toy_network(backbone, toy_task(["a", "b"])), depth).apply()
    frontier = find_frontier(backbone, {n: torch.stack([t] * 3) for n, t in inputs.tensors(0).items()})
    return FrozenPart(frontier, Engines("eager"), store, torch.device("cpu"), Stopwatch(), Said())


def tiny_bert() -> Backbone:
    torch.manual_seed(0)
    return SOURCES.load("transformers_text")().tiny("bert")


def tiny_resnet() -> Backbone:
    torch.manual_seed(0)
    return SOURCES.load("timm")().tiny("resnet50")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of every batch that plain PyTorch runs."""
    seen: list[int] = []
    run = Eager.run

    def counted(self: Eager, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        seen.append(len(next(iter(batch.values()))))
        return run(self, batch)

    monkeypatch.setattr(Eager, "run", counted)
    return seen


def test_a_second_fit_computes_nothing_and_a_new_example_only_itself(tmp_path: Path, runs: list[int]):
    pictures, _ = toy_pictures(40)
    inputs = inputs_of(toy_backbone(), pictures)
    first = part(toy_backbone(), inputs, FrontierStore(tmp_path))
    assert first.missing(inputs) == 40
    read = stacked(first.over(inputs), "f0")
    assert first.missing(inputs) == 0
    assert runs
    runs.clear()
    second = part(toy_backbone(), inputs, FrontierStore(tmp_path))
    assert second.missing(inputs) == 0
    assert torch.equal(stacked(second.over(inputs), "f0"), read)
    assert runs == []
    changed = inputs_of(toy_backbone(), [*pictures[:7], pictures[7] + 1, *pictures[8:]])
    third = part(toy_backbone(), changed, FrontierStore(tmp_path))
    assert third.missing(changed) == 1
    after = stacked(third.over(changed), "f0")
    assert [i for i in range(40) if not torch.equal(after[i], read[i])] == [7]


def test_an_example_seen_twice_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    computed: list[int] = []
    compute = FrozenPart.compute

    def counted(self: FrozenPart, examples: Sequence[Batch], *rest: Any) -> list[Batch]:
        computed.append(len(examples))
        return compute(self, examples, *rest)

    monkeypatch.setattr(FrozenPart, "compute", counted)
    pictures, _ = toy_pictures(4)
    inputs = inputs_of(toy_backbone(), [*pictures, *pictures])
    frozen = part(toy_backbone(), inputs, FrontierStore(tmp_path))
    assert frozen.missing(inputs) == 4
    read = stacked(frozen.over(inputs), "f0")
    assert sum(computed) == 4
    assert torch.equal(read[:4], read[4:])


def test_views_are_stored_as_views(tmp_path: Path):
    pictures, _ = toy_pictures(6)
    backbone = toy_backbone(views=3)
    inputs = inputs_of(backbone, pictures)
    activations = part(backbone, inputs, FrontierStore(tmp_path)).over(inputs, views=(0, 1, 2))
    by_view = [activations.batch(range(6), view)["f0"] for view in range(3)]
    assert not torch.equal(by_view[0], by_view[1])
    assert not torch.equal(by_view[1], by_view[2])
    assert part(backbone, inputs, FrontierStore(tmp_path)).missing(inputs, (0, 1, 2)) == 0
    # A view that was not filled beforehand is computed when it is read, and is the same.
    late = part(backbone, inputs, None).over(inputs, views=(0,))
    assert torch.equal(late.batch(range(6), 2)["f0"], by_view[2])


def test_the_key_follows_weights_cut_preprocessing_pooling_and_view(tmp_path: Path):
    pictures, _ = toy_pictures(3)
    inputs = inputs_of(toy_backbone(), pictures)
    store = FrontierStore(tmp_path)

    def where(backbone: Backbone, depth: int = 2, view: int = 0, offset: float = 0.0) -> str:
        backbone.preprocess.offset = offset
        given = inputs_of(backbone, pictures)
        return part(backbone, given, store, depth).space(given, view).folder.name

    nudged = toy_backbone()
    with torch.no_grad():
        nudged.network[0].weight[0, 0, 0, 0] += 1e-6
    base = where(toy_backbone())
    others = {
        "weights": where(nudged),
        "cut": where(toy_backbone(), depth=1),
        "preprocessing": where(toy_backbone(), offset=0.5),
        "pooling": where(toy_backbone(pooling="max")),
        "view": where(toy_backbone(), view=1),
        "everything frozen": where(toy_backbone(), depth=4),
        "everything frozen, pooling": where(toy_backbone(pooling="max"), depth=4),
    }
    assert len({base, *others.values()}) == len(others) + 1
    assert where(toy_backbone()) == base
    # Weights that train are no part of the key: another rung over the same frozen part reads the same store.
    later = toy_backbone()
    with torch.no_grad():
        later.network[12].weight += 1
    assert where(later) == base
    assert part(toy_backbone(), inputs, store).space(inputs, 0).folder.name == base


def test_the_key_tells_reduced_precision_and_leaves_that_of_exact_activations_as_it_was(tmp_path: Path):
    class Reduced(Engines):
        def reduced(self, device: torch.device) -> bool:
            return True

    pictures, _ = toy_pictures(3)
    inputs, store = inputs_of(toy_backbone(), pictures), FrontierStore(tmp_path)
    exact = part(toy_backbone(), inputs, store)
    reduced = part(toy_backbone(), inputs, store)
    reduced.engines = Reduced("eager")
    frontier = exact.frontier
    assert exact._cut == f"{frontier.cut} {frontier.architecture}"
    assert exact.space(inputs, 0).folder != reduced.space(inputs, 0).folder


@pytest.mark.parametrize("make", [toy_backbone, tiny_resnet, tiny_bert])
def test_activations_do_not_depend_on_the_company(make: Any):
    backbone = make()
    raw: Sequence[Any] = toy_pictures(40)[0] if make is toy_backbone else raw_inputs(backbone.card.modality, 40)
    inputs = inputs_of(backbone, raw)
    frozen = part(backbone, inputs, None)
    among = frozen.compute([inputs.tensors(i) for i in range(40)])
    for i in (0, 1, 5, 39):
        alone = frozen.compute([inputs.tensors(i)])[0]
        assert alone.keys() == among[i].keys()
        assert all(torch.equal(alone[name], among[i][name]) for name in alone), f"example {i}"


def test_texts_of_different_lengths_come_back_as_they_went(tmp_path: Path):
    backbone, raw = tiny_bert(), raw_inputs("text", 6)
    inputs = inputs_of(backbone, raw)
    frozen = part(backbone, inputs, FrontierStore(tmp_path))
    computed = frozen.compute([inputs.tensors(i) for i in range(6)])
    assert len({tensor.shape for example in computed for tensor in example.values()}) > 2
    activations = frozen.over(inputs)
    for i in range(6):
        read = activations.batch([i])
        assert read.keys() == computed[i].keys()
        assert all(torch.equal(read[name][0], computed[i][name]) for name in read)
    batch = activations.batch(range(6))
    assert len({tensor.shape[:2] for tensor in batch.values()}) == 1, "shorter ones are padded"
    with torch.no_grad():
        features = frozen.frontier.trained(batch)
        alone = torch.cat([frozen.frontier.trained(activations.batch([i])) for i in range(6)])
    torch.testing.assert_close(features, alone, rtol=1e-5, atol=1e-6)


def texts_of_lengths(backbone: Backbone, lengths: Sequence[int]) -> Inputs:
    """One text for each entry of `lengths`, which count tensors' rows: multiples of 8; all different."""
    word = raw_inputs("text", 1)[0].split()[0]
    texts = [" ".join([word] * (length - 8) + [str(i)]) for i, length in enumerate(lengths)]
    return inputs_of(backbone, texts)


def test_texts_of_one_length_share_batches_wherever_they_stand(tmp_path: Path, runs: list[int]):
    backbone = tiny_bert()
    lengths = [16 if i % 3 else 32 for i in range(96)]
    inputs = texts_of_lengths(backbone, lengths)
    frozen = part(backbone, inputs, FrontierStore(tmp_path))
    size = batch_size(inputs.tensors(0))
    frozen.over(inputs)
    distinct = Counter(frozen.over(inputs).lengths or [])
    assert len(distinct) > 1
    # One batch more: the engine is tried, and one example says how large activations are.
    assert sum(runs) <= sum(-(-count // size) * size for count in distinct.values()) + size + 1


def test_the_engine_is_tried_on_the_commonest_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    backbone = tiny_bert()
    inputs = texts_of_lengths(backbone, [32, 32, *[16] * 20, 24])
    frozen = part(backbone, inputs, FrontierStore(tmp_path))
    tried: list[tuple[int, ...]] = []
    ready = Engines.ready

    def noted(self: Engines, part: Any, sample: Batch, ahead: int, progress: Any) -> Any:
        tried.append(tuple(sample["input_ids"].shape))
        return ready(self, part, sample, ahead, progress)

    monkeypatch.setattr(Engines, "ready", noted)
    frozen.over(inputs)
    assert tried == [(batch_size(inputs.tensors(0)), inputs.length(2))]


def test_a_length_is_learnt_by_decoding_once(monkeypatch: pytest.MonkeyPatch):
    backbone = tiny_bert()
    inputs = texts_of_lengths(backbone, [16, 24, 32, 24])
    frozen = part(backbone, inputs, None)
    known = frozen.over(inputs).lengths
    monkeypatch.setattr(Inputs, "raw", lambda *_: pytest.fail("decoded again"))
    assert frozen.over(inputs.select([2, 0])).lengths == [known[2], known[0]]
    assert known == [*sorted(known[:3]), known[1]]


def test_few_inputs_are_decoded_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pictures, _ = toy_pictures(100)
    inputs = inputs_of(toy_backbone(), pictures)
    asked: list[int] = []
    many = Inputs.many
    monkeypatch.setattr(Inputs, "many", lambda self, rows, view=0: asked.append(len(rows)) or many(self, rows, view))
    monkeypatch.setattr(activations, "PORTION_BYTES", 1)
    part(toy_backbone(), inputs, FrontierStore(tmp_path)).over(inputs)
    assert max(asked) == batch_size(inputs.tensors(0))
    assert len(list(tmp_path.glob("*/segment-*"))) == 1, "what is decoded in portions is written in larger segments"


def test_what_outgrows_the_disk_is_recomputed_said_once_and_the_same(tmp_path: Path, runs: list[int]):
    pictures, _ = toy_pictures(20)
    backbone = toy_backbone(views=3)
    inputs = inputs_of(backbone, pictures)
    wanted = part(backbone, inputs, None).over(inputs, views=(1, 2))
    frozen = part(backbone, inputs, FullDisk(tmp_path))
    given = frozen.over(inputs, views=(1, 2))
    frozen.over(inputs.select([0, 1]))
    for view in (1, 2):
        assert torch.equal(given.batch([3, 3, 19], view)["f0"], wanted.batch([3, 3, 19], view)["f0"])
    before = len(runs)
    given.batch([3], 1)
    assert len(runs) == before + 1
    assert list(tmp_path.iterdir()) == []
    said = frozen.progress.lines
    assert len(said) == 1
    assert "recomputed every time" in said[0]


class Filled(FrontierStore):
    """Has room by its own account until something is to be written."""

    free_bytes = 2**40

    def space(self, *asked: Any) -> Any:
        space = super().space(*asked)
        space.write = lambda *given: False
        return space


def test_a_store_that_is_full_sooner_than_foreseen_ends_the_filling(
    tmp_path: Path, runs: list[int], monkeypatch: Any
):
    """What nothing is kept of was computed for nothing; an engine is there before anything trains."""
    monkeypatch.setattr(activations, "SEGMENT_BATCHES", 1)
    monkeypatch.setattr(activations, "PORTION_BYTES", 1)
    pictures, _ = toy_pictures(100)
    inputs = inputs_of(toy_backbone(), pictures)
    wanted = part(toy_backbone(), inputs, None).over(inputs)
    runs.clear()
    frozen = part(toy_backbone(), inputs, Filled(tmp_path))
    given = frozen.over(inputs)
    assert sum(runs) < 100
    assert torch.equal(given.batch([3, 99])["f0"], wanted.batch([3, 99])["f0"])
    assert len(frozen.progress.lines) == 1
    assert "recomputed every time" in frozen.progress.lines[0]


@pytest.mark.parametrize("kept", [True, False])
def test_what_the_disk_refuses_is_recomputed_and_said_once(
    tmp_path: Path, kept: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(activations, "SEGMENT_BATCHES", 1)
    monkeypatch.setattr(activations, "PORTION_BYTES", 1)
    pictures, _ = toy_pictures(100)
    inputs = inputs_of(toy_backbone(views=2), pictures)
    wanted = part(toy_backbone(views=2), inputs, None).over(inputs, views=(0, 1))
    write, written = store_module.write_segment, []

    def full(folder: Path, keys: Sequence[str], *rest: Any) -> None:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.extend(keys)
        write(folder, keys, *rest)

    monkeypatch.setattr(store_module, "write_segment", full)
    frozen = part(toy_backbone(views=2), inputs, FrontierStore(tmp_path) if kept else None)
    given = frozen.over(inputs, views=(0, 1))
    assert 0 < len(written) == 100 - frozen.missing(inputs) < 100
    for view in (0, 1):
        assert torch.equal(given.batch([3, 99], view)["f0"], wanted.batch([3, 99], view)["f0"])
    (said,) = frozen.progress.lines
    assert f"could not be written to {frozen.store.folder} (No space left on device): " in said
    assert "recomputed every time" in said
    assert f"{'HEADSTART_CACHE' if kept else 'TMPDIR'} names another folder." in said


def test_room_is_judged_by_how_long_all_are(tmp_path: Path):
    backbone = tiny_bert()
    texts = ["a b c d e f g h i j", *["a"] * 9]
    inputs = inputs_of(backbone, texts)
    frozen = part(backbone, inputs, FrontierStore(tmp_path), depth=1)
    first = frozen._bytes_each(inputs.tensors(0))
    lengths = [inputs.length(i) for i in range(10)]
    assert lengths[0] > lengths[1]
    assert frozen._bytes(10, inputs) == pytest.approx(first * sum(lengths) / lengths[0], abs=1)


def test_layers_are_cut_by_one_thread_at_a_time(tmp_path: Path):
    """What outgrows the store is computed ahead in a thread, by the very modules that train in another."""
    backbone = tiny_bert()
    inputs = inputs_of(backbone, ["a b c", "c b a"])
    frontier = part(backbone, inputs, None, depth=2).frontier
    backbone.eval()
    batch = collate(inputs.many([0, 1]))
    stored = frontier.frozen(batch)
    features = frontier.trained(stored)
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda turn: frontier.trained(stored) if turn % 2 else frontier.frozen(batch), range(200))
        for turn, given in enumerate(both):
            assert torch.equal(given, features) if turn % 2 else torch.equal(given["hidden"], stored["hidden"])


def test_an_input_frontier_is_the_input_and_stores_nothing(tmp_path: Path):
    pictures, _ = toy_pictures(5)
    backbone = toy_backbone()
    inputs = inputs_of(backbone, pictures)
    frozen = part(backbone, inputs, FrontierStore(tmp_path), depth=0)
    assert frozen.missing(inputs) == 0
    batch = frozen.over(inputs).batch([4, 0])
    assert torch.equal(batch["pixels"], torch.stack([torch.from_numpy(pictures[i]) for i in (4, 0)]))
    assert list(tmp_path.iterdir()) == []


def test_without_a_store_nothing_is_left_behind():
    pictures, _ = toy_pictures(5)
    inputs = inputs_of(toy_backbone(), pictures)
    frozen = part(toy_backbone(), inputs, None)
    frozen.over(inputs)
    folder = frozen.store.folder
    assert any(folder.iterdir())
    del frozen
    assert not folder.exists()


def test_a_digest_of_weights_sees_names_types_shapes_and_bytes():
    base = {"a": torch.zeros(2, 3), "b": torch.tensor(1)}
    different = [
        {"c": base["a"], "b": base["b"]},
        {**base, "a": torch.zeros(3, 2)},
        {**base, "a": torch.zeros(2, 3, dtype=torch.int32)},
        {**base, "a": -torch.zeros(2, 3)},
        {**base, "b": torch.tensor(2)},
    ]
    assert len({weights_digest(state) for state in [base, *different]}) == 6
    assert weights_digest(base) == weights_digest(dict(reversed(base.items())))
    assert weights_digest({"a": torch.ones(3, 2).t()}) == weights_digest({"a": torch.ones(2, 3)})


def test_inputs_join_and_select_with_their_keys():
    pictures, _ = toy_pictures(6)
    inputs = inputs_of(toy_backbone(), pictures)
    both = joined(inputs.select([4, 5]), inputs.select([0]))
    assert len(both) == 3
    assert list(both.keys) == [inputs.keys[i] for i in (4, 5, 0)]
    assert torch.equal(both.tensors(2)["pixels"], inputs.tensors(0)["pixels"])
    assert inputs.stopwatch.laps["decode"] > 0
