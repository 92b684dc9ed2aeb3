"""Queries that ask for masks: as published, taught, judged by the authors' losses, and read as boxes with masks."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from headstart.backbones import load
from headstart.backbones.base import collate
from headstart.core.boxes import Box, Boxes, Outline
from headstart.core.maps import Map
from headstart.model.network import Network, new_network, suited
from headstart.tasks.detection import Detection
from headstart.tasks.finding.query_rows import PLACE, said_in
from headstart.tasks.instances import Instances
from headstart.tasks.shapes.box_encoding import CROWD, FOUND_LABEL, LABEL
from headstart.tasks.shapes.mask_grids import FOUND_CELLS, unpacked
from segmenter_folders import transformers_segmenter
from toys import raw_inputs

Published = Callable[[str], tuple[Any, Path]]

FAMILIES = ("maskformer", "mask2former")
FRAME = (96, 64)
LABELS = ["class 3", "disc"]


def square(left: int, top: int, side: int, label: str, crowd: bool = False) -> Box:
    """One whose edges lie between the places of a map of stride 4."""
    right, bottom = left + side, top + side
    outline = Outline(polygons=((left, top, right, top, right, bottom, left, bottom),))
    return Box(left, top, right, bottom, label, crowd, outline=outline)


TARGETS = [Boxes((square(8, 8, 24, "disc"), square(48, 20, 32, "class 3")), FRAME), Boxes((), FRAME)]
TASK = Instances(LABELS, [1, 1], FRAME, 2)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """For a family a model of transformers, and the folder it lies in; neither is to be changed."""

    @cache
    def made(family: str) -> tuple[Any, Path]:
        folder = tmp_path_factory.mktemp(family) / "model"
        return transformers_segmenter(folder, family), folder

    return made


def network_of(folder: Path) -> tuple[Network, Instances]:
    """The network with the head that goes on from the model in `folder`."""
    torch.manual_seed(0)
    backbone = load(folder)
    task = TASK.starting_from(backbone.detector)
    return new_network(suited(backbone, task), task), task


def batch_of(network: Network, count: int = 2) -> dict[str, Tensor]:
    return collate([network.backbone.preprocess(each) for each in raw_inputs("image", count)])


def true_masks(target: Boxes) -> Tensor:
    """(m, h, w) of whole places of stride 4."""
    masks = torch.zeros(len(target), FRAME[1] // 4, FRAME[0] // 4)
    for mask, box in zip(masks, target, strict=True):
        left, top, right, bottom = (int(edge) // 4 for edge in box.corners)
        mask[top:bottom, left:right] = 1
    return masks


@pytest.mark.parametrize("family", FAMILIES)
def test_queries_say_what_they_say_in_transformers(family: str, published: Published) -> None:
    whole, folder = published(family)
    network, _ = network_of(folder)
    pictures = batch_of(network)
    with torch.no_grad():
        wanted = whole(pictures["pixels"])
        found = [said_in(rows, len(LABELS))[0] for rows in network.eval()(pictures)]
    masks = torch.stack([said.masks() for said in found])
    torch.testing.assert_close(masks, wanted.masks_queries_logits.flatten(2), rtol=1e-3, atol=1e-3)
    kinds = torch.stack([said.kinds for said in found])
    published = wanted.class_queries_logits  # no object is the last there
    torch.testing.assert_close(kinds[..., 0], published[..., -1], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(kinds[..., 1], published[..., 3], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(kinds[..., 2], published[..., :-1].mean(-1), rtol=1e-3, atol=1e-3)


def test_in_training_every_layer_says_something(published: Published) -> None:
    network, _ = network_of(published("mask2former")[1])
    rows = network.train()(batch_of(network))
    assert (rows[0, :, 0] != PLACE).sum() == 4 * 2  # queries, layers: the decoder's one, and the queries at first
    assert rows[0, :, 0].unique().tolist() == [PLACE, 0, 1]
    places = FRAME[0] // 4 * FRAME[1] // 4
    assert network.eval()(batch_of(network)).shape[1] == 4 + places


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_is_that_of_transformers(family: str, published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    given, folder = published(family)
    whole = copy.deepcopy(given)
    network, task = network_of(folder)
    outputs = network.eval()(batch_of(network)).detach()
    said = [said_in(rows, len(LABELS))[0] for rows in outputs]
    height, width = FRAME[1] // 4, FRAME[0] // 4
    at_every_place(monkeypatch, height, width)
    whole.criterion.num_labels = len(LABELS)
    whole.criterion.empty_weight = torch.tensor([1.0, 1.0, whole.config.no_object_weight])
    parts = whole.get_loss_dict(
        torch.stack([each.masks() for each in said]).unflatten(2, (height, width)),
        torch.stack([each.kinds.roll(-1, 1) for each in said]),
        [true_masks(target) for target in TARGETS],
        [torch.tensor([LABELS.index(box.label) for box in target], dtype=torch.long) for target in TARGETS],
        [],
    )
    torch.testing.assert_close(task.loss(outputs, task.encode(TARGETS)), sum(parts.values()), rtol=1e-3, atol=1e-3)


def at_every_place(monkeypatch: pytest.MonkeyPatch, height: int, width: int) -> None:
    """Let Mask2Former's loss look at the middle of each place, where it would draw points."""
    from transformers.models.mask2former import modeling_mask2former as family

    y, x = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
    points = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=2).flatten(0, 1)
    sampled = family.sample_point
    monkeypatch.setattr(
        family, "sample_point", lambda maps, _, **more: sampled(maps, points.expand(len(maps), -1, -1), **more)
    )
    monkeypatch.setattr(family.Mask2FormerLoss, "sample_points_using_uncertainty", lambda *_: points[None])


def test_the_loss_is_linear_in_the_weights_and_heeds_no_crowd(published: Published) -> None:
    network, task = network_of(published("mask2former")[1])
    outputs, encoded = network.train()(batch_of(network)).detach(), task.encode(TARGETS)
    one, other, both = (
        task.loss(outputs, encoded, torch.tensor(weights)) for weights in ([1.0, 0.0], [0.0, 2.0], [1.0, 2.0])
    )
    torch.testing.assert_close(both, one + other)
    crowded = encoded.clone()
    crowded[:, 0, LABEL], crowded[:, 0, CROWD] = 0.0, 1.0
    crowded[:, 0, :4] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    crowded[:, 0, 9:] = 255 * (1 + 2**8 + 2**16)
    crowded[:, 1:, LABEL] = -1.0
    assert float(task.loss(outputs, crowded)) == pytest.approx(0, abs=1e-4)  # wherever a query looks is the crowd


def test_masks_that_are_found_become_boxes_with_grids(published: Published) -> None:
    network, task = network_of(published("mask2former")[1])
    outputs = told(network.eval()(batch_of(network)).detach(), true_masks(TARGETS[0]))
    kept = task.kept(outputs)
    assert kept.shape == (2, 50, task.outputs)
    found = kept[0][kept[0, :, FOUND_LABEL] >= 0]
    assert found[:, FOUND_LABEL].tolist() == [1, 0]
    expected = [[edge / side for edge, side in zip(box.corners, FRAME * 2, strict=True)] for box in TARGETS[0]]
    torch.testing.assert_close(found[:, :4], torch.tensor(expected), rtol=0, atol=0.021)  # half a place
    grids = unpacked(found[:, FOUND_LABEL + 1 :], FOUND_CELLS)
    assert (grids >= 0.5).float().mean() > 0.98  # all but the corners, which are rounded between places
    claims = task.claims(outputs, 1, expected[0], {"threshold": 0.5})
    assert claims[1].shape == (2, 4)
    assert int(claims[1][0].argmax()) == 0
    assert task.metrics(kept[:1], task.encode(TARGETS[:1]))["map50"].value == pytest.approx(1)


def told(outputs: Tensor, masks: Tensor) -> Tensor:
    """Outputs whose first two queries find the `masks` (2, h, w): a disc, and a thing of class 3."""
    made, width = outputs.clone(), outputs.shape[2] - 2 - len(LABELS)
    made[..., 2 + len(LABELS) :] = 0
    made[:, :4, 1:4] = torch.tensor([[-9.0, -9, 9], [-9, 8, -9], [9, -9, -9], [9, -9, -9]])
    for query, mask in enumerate(masks):
        made[:, query, 2 + len(LABELS) + query] = 1
        made[:, 4:, 2 + len(LABELS) + query] = 20 * mask.flatten() - 10
    assert width > len(masks)
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_queries_learn_to_find_what_maps_hold(family: str, published: Published) -> None:
    network, task = network_of(published(family)[1])
    maps = maps_that_hold(true_masks(TARGETS[0]), network.head.maps)
    encoded, head = task.encode(TARGETS[:1]), network.head.train()
    torch.nn.init.normal_(head.transformer_module.queries_embedder.weight)  # as taught ones do, they differ
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3)
    before = task.loss(head(maps), encoded)
    for _ in range(150):
        optimizer.zero_grad()
        task.loss(head(maps), encoded).backward()
        optimizer.step()
    assert task.loss(head(maps), encoded) < before / 2
    with torch.no_grad():
        kept = task.kept(head.eval()(maps))
    assert task.metrics(kept, encoded)["map50"].value == pytest.approx(1)


def maps_that_hold(masks: Tensor, names: Sequence[Map]) -> dict[str, Tensor]:
    """Noise, and in the first channels of the finest map what the `masks` (m, h, w) cover."""
    random = torch.Generator().manual_seed(0)
    maps = {
        one.name: torch.randn(1, one.channels, FRAME[1] // one.stride, FRAME[0] // one.stride, generator=random)
        for one in names
    }
    maps[names[0].name][0, : len(masks)] = 4 * masks - 2
    return maps


def test_boxes_alone_get_a_new_head(published: Published) -> None:
    start = load(published("maskformer")[1]).detector
    assert start is not None
    assert Detection(LABELS, [1, 1], FRAME, 2).starting_from(start).detector is None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_without_the_queries_brings_none(family: str, published: Published, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(published(family)[1], tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    kept = {name: value for name, value in load_file(file).items() if "pixel_level_module" in name}
    save_file(kept, file, metadata={"format": "pt"})
    assert load(tmp_path / "model").detector is None
