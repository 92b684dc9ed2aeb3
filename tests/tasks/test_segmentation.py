"""Segmentation by hand: figures, what is kept of outputs, masks of views, the loss, and the decoder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from headstart.core.errors import InputError, UsageError
from headstart.core.maps import Map
from headstart.core.masks import IGNORED, Legend, Mask
from headstart.core.placement import WHOLE, Placement
from headstart.core.statistics import bootstrap_draws
from headstart.tasks import choose_task, task_from_description
from headstart.tasks._mask_answers import answers
from headstart.tasks._mask_doubt import doubt_auroc, sureness_counts
from headstart.tasks.figures import mask_figures
from headstart.tasks.figures.mask_boundaries import boundary_scores
from headstart.tasks.figures.mask_figures import by_class
from headstart.tasks.segmentation import Segmentation

LEGEND = Legend(("sky", "road"), (0, 7), ((0, 0, 200), (9, 9, 9)), (255,))


def mask(folder: Path, pixels: np.ndarray, name: str = "a", legend: Legend = LEGEND) -> Mask:
    Image.fromarray(pixels).save(folder / f"{name}.png")
    counts = tuple(int((pixels == code).sum()) for code in (*legend.codes, 255))
    return Mask(folder / f"{name}.png", legend, pixels.shape[::-1], counts, name)


def halves(folder: Path) -> Mask:
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 32:] = 7
    pixels[:8] = 255
    return mask(folder, pixels)


def kept(classes: torch.Tensor, sureness: int = 200) -> torch.Tensor:
    return torch.stack([classes, torch.full_like(classes, sureness)], dim=1)


def test_it_is_chosen_for_masks_and_comes_back_from_json(tmp_path: Path) -> None:
    task, why = choose_task([halves(tmp_path)] * 3)
    assert isinstance(task, Segmentation)
    assert "2 classes" in why
    again = task_from_description(json.loads(json.dumps(task.describe())))
    assert again.describe() == task.describe()
    assert again.frame == (64, 64)


def test_targets_are_classes_in_the_size_of_the_frame(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    encoded = task.encode([halves(tmp_path)])
    assert encoded.shape == (1, 64, 64)
    assert encoded[0, 0, 0] == 255
    assert encoded[0, 20, 10] == 0
    assert encoded[0, 20, 50] == 1
    assert task.encode([]).shape == (0, 64, 64)


def test_a_class_that_training_did_not_know_is_named(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    other = Legend(("sky", "raod"), (0, 7), LEGEND.colours)
    wrong = mask(tmp_path, np.full((4, 4), 7, np.uint8), "b", other)
    assert "'raod'" in str(task.problem(wrong))
    assert "road" in str(task.problem(wrong))
    assert task.problem(mask(tmp_path, np.zeros((4, 4), np.uint8), "c", other)) is None
    assert task.problem("sky") == "there is no mask"
    with pytest.raises(InputError, match="raod"):
        task.encode([wrong])


def test_figures_by_hand(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    truth = torch.full((1, 64, 64), 255, dtype=torch.uint8)
    truth[0, 0, :4] = torch.tensor([0, 0, 1, 1], dtype=torch.uint8)
    said = torch.zeros_like(truth)
    said[0, 0, 3] = 1  # of two roads one is found, and no sky is lost
    figures = task.metrics(kept(said), truth)
    found = task.by_class(kept(said), truth, {})
    assert found["iou"]["sky"][0] == pytest.approx(2 / 3)
    assert found["iou"]["road"][0] == pytest.approx(1 / 2)
    assert found["precision"]["sky"][0] == pytest.approx(2 / 3)
    assert found["recall"] == {"sky": [1.0, 1.0, 1.0], "road": [0.5, 0.5, 0.5]}
    assert figures["miou"].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert figures["dice"].value == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert figures["pixel_accuracy"].value == pytest.approx(3 / 4)
    assert task.mistakes(kept(said), truth)[0] == pytest.approx(1 - (2 / 3 + 1 / 2) / 2)
    assert task.confusion(kept(said), truth)[1].tolist() == [[2, 0], [1, 1]]


def test_resamples_add_up_the_pixels_of_the_images_drawn(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    random = torch.Generator().manual_seed(0)
    truth, said = (torch.randint(0, 2, (5, 64, 64), generator=random, dtype=torch.uint8) for _ in range(2))
    draws = bootstrap_draws(5, 7)
    for name in task.figures:
        for draw, value in zip(draws, task.measure(name, kept(said), truth, draws), strict=True):
            assert value == pytest.approx(task.value(name, kept(said)[draw], truth[draw]))
    with pytest.raises(UsageError, match="miou"):
        task.measure("mio", kept(said), truth, draws)


def test_a_boundary_may_be_off_by_the_tolerance_and_no_more() -> None:
    truth = torch.zeros(1, 64, 64, dtype=torch.uint8)
    truth[:, :, 32:] = 1
    scores = []
    for off in (0, 1, 2):  # 0.75 % of the diagonal of 64 × 64 rounds to one pixel
        said = torch.zeros_like(truth)
        said[:, :, 32 + off :] = 1
        total, classes = boundary_scores(said, truth, 2)[0]
        scores.append(total / classes)
    assert scores == [1.0, 1.0, 0.0]


def test_boundaries_of_all_classes_are_what_looking_at_each_place_gives() -> None:
    random = np.random.default_rng(3)
    truth = random.integers(0, 3, (5, 6)).repeat(14, 0).repeat(11, 1).astype(np.uint8)
    said = np.roll(truth, (2, 1), (0, 1))
    said[random.random(said.shape) < 0.02] = 2
    truth[random.random(truth.shape) < 0.03] = IGNORED  # 70 × 66: a boundary may be off by one pixel
    shares = []
    for label in range(3):
        ours, asked = (edge_places(mask, truth != IGNORED, label) for mask in (said, truth))
        precision, recall = share_near(ours, asked), share_near(asked, ours)
        shares.append(2 * precision * recall / (precision + recall))
    (found,) = boundary_scores(torch.from_numpy(said)[None], torch.from_numpy(truth)[None], 3)
    assert found == pytest.approx((sum(shares), 3))


def edge_places(mask: np.ndarray, known: np.ndarray, label: int) -> list[tuple[int, int]]:
    """Places of a class with a direct neighbour that is not of it."""
    own = {(r, c) for r, c in np.argwhere((mask == label) & known)}
    height, width = mask.shape
    around = ((-1, 0), (1, 0), (0, -1), (0, 1))
    inside = [(r, c, r + y, c + x) for r, c in own for y, x in around if 0 <= r + y < height and 0 <= c + x < width]
    return list({(r, c) for r, c, *other in inside if tuple(other) not in own})


def share_near(places: list[tuple[int, int]], others: list[tuple[int, int]]) -> float:
    near = {(r + y, c + x) for r, c in others for y in (-1, 0, 1) for x in (-1, 0, 1)}
    return sum(place in near for place in places) / len(places)


def test_what_is_kept_are_the_classes_and_how_sure_they_are(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    outputs = torch.zeros(1, 2, 64, 64)
    outputs[0, 1, :, :32], outputs[0, 0, :, 32:] = 2.0, 3.0
    found = task.kept(outputs)
    assert found.dtype == torch.uint8
    assert found[0, 0, 5, 5] == 1
    assert found[0, 0, 5, 60] == 0
    columns = task.decode(found, {}).columns
    # Half of the places say sky with sigmoid(3), half road with sigmoid(2).
    assert columns["confidence"][0] == pytest.approx((0.95257 + 0.88080) / 2, abs=2e-3)
    assert columns["shares"][0] == {"sky": 0.5, "road": 0.5}


def test_as_many_pictures_are_brought_to_the_frame_at_once_as_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 150 classes a picture of 512 × 512 takes 157 MB, more than is allowed together; of two classes 2 MB."""
    at_once: list[int] = []

    def small(part: torch.Tensor, **_: object) -> torch.Tensor:
        at_once.append(len(part))
        return part

    monkeypatch.setattr("headstart.tasks._mask_answers.functional.interpolate", small)
    for classes in (150, 2):
        assert answers(torch.randn(10, classes, 2, 2), (512, 512)).shape == (10, 2, 2, 2)
    assert at_once == [1] * 10 + [10]


def test_classes_by_themselves_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand above; here that one look at all classes, on the resamples and as they are, is enough for a figure."""
    task = Segmentation.from_targets([halves(tmp_path)])
    asked: list[str] = []

    def counting(columns: np.ndarray, draws: np.ndarray, figure: str) -> np.ndarray:
        asked.append(figure)
        return by_class(columns, draws, figure)

    monkeypatch.setattr(mask_figures, "by_class", counting)
    said = torch.zeros((3, 64, 64), dtype=torch.uint8)
    found = task.by_class(kept(said), task.encode([halves(tmp_path)] * 3), {})
    assert found["iou"] == {"sky": [0.5, 0.5, 0.5], "road": [0.0, 0.0, 0.0]}
    assert sorted(asked) == sorted(2 * ["dice", "iou", "precision", "recall"])


def test_answers_that_are_too_sure_are_cooled_down(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    truth = torch.randint(0, 2, (40, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    said = torch.where(torch.rand(truth.shape, generator=torch.Generator().manual_seed(1)) < 0.8, truth, 1 - truth)
    calibration = task.calibrate(kept(said, 128 + 16 * 5), truth)  # says sigmoid(5), and is right 4 times in 5
    confidence = task.decode(kept(said, 128 + 16 * 5), calibration).columns["confidence"]
    assert np.mean(confidence) == pytest.approx(0.8, abs=0.03)
    again = task.calibrated(kept(said, 128 + 16 * 5), calibration)
    assert torch.equal(again[:, 0], said)


def test_masks_follow_the_views(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    encoded = torch.arange(16, dtype=torch.uint8).reshape(1, 4, 4).repeat(3, 1, 1)
    quarter = Placement(0.5, 0.0, 0.5)
    shown = task.placed(encoded, [WHOLE, Placement(mirrored=True), quarter])
    assert torch.equal(shown[0], encoded[0])
    assert torch.equal(shown[1], encoded[0].flip(1))
    assert shown[2].tolist() == [[2, 2, 3, 3], [2, 2, 3, 3], [6, 6, 7, 7], [6, 6, 7, 7]]


def test_the_loss_is_linear_in_the_weights_and_blind_to_what_is_ignored(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    outputs = torch.randn(2, 2, 16, 16, generator=torch.Generator().manual_seed(0), requires_grad=True)
    encoded = task.encode([halves(tmp_path)] * 2)
    one, other = (task.loss(outputs, encoded, torch.tensor(w)) for w in ([2.0, 0.0], [0.0, 2.0]))
    assert float(one + other) / 2 == pytest.approx(float(task.loss(outputs, encoded)), rel=1e-5)
    task.loss(outputs, encoded).backward()
    assert outputs.grad is not None
    assert float(outputs.grad[:, :, :2].abs().max()) == 0  # the ignored rows
    perfect = torch.stack([20.0 * (encoded == c)[:, ::4, ::4] for c in range(2)], dim=1)
    assert float(task.loss(perfect, encoded)) < 1e-3


def test_a_class_without_a_training_pixel_draws_nothing_towards_it_when_targets_are_smoothed(tmp_path: Path) -> None:
    """Of three classes one is never there: from even outputs each step takes probability from it, and none to it."""
    legend = Legend(("sky", "road", "boat"), (0, 7, 9), ((0, 0, 200), (9, 9, 9), (200, 0, 0)), (255,))
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 32:] = 7
    target = mask(tmp_path, pixels, legend=legend)
    task = Segmentation.from_targets([target])
    outputs = torch.zeros(1, 3, 16, 16, requires_grad=True)
    task.loss(outputs, task.encode([target]), smoothing=0.05).backward()
    assert outputs.grad is not None
    # Of cross-entropy 1/3 said - 0.05/3 wanted, at places of weight 0.99; Dice adds to it.
    assert float(outputs.grad[0, 2].sum()) > 0.31


def test_the_decoder_answers_at_the_finest_map_and_drops_one_that_is_too_wide(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    offered = [Map("wide", 64, 2), Map("fine", 24, 4), Map("coarse", 40, 16)]
    head = task.map_head(offered)
    assert [each.name for each in head.maps] == ["fine", "coarse"]
    given = {"fine": torch.randn(3, 24, 15, 17), "coarse": torch.randn(3, 40, 4, 5)}
    assert head(given).shape == (3, 2, 15, 17)
    with pytest.raises(UsageError, match="no map"):
        task.map_head(offered[:1])


def test_pictures_are_written_in_the_codes_and_colours_of_the_source(tmp_path: Path) -> None:
    task = Segmentation.from_targets([halves(tmp_path)])
    picture = Image.open(io.BytesIO(task.picture(task.encode([halves(tmp_path)])[0], (128, 32))))
    assert picture.mode == "P"
    assert picture.size == (128, 32)
    assert sorted(set(np.asarray(picture).ravel().tolist())) == [0, 7, 255]
    assert np.asarray(picture.convert("RGB"))[20, 20].tolist() == [0, 0, 200]
    assert np.asarray(picture.convert("RGB"))[20, 100].tolist() == [9, 9, 9]


def test_doubt_is_judged_by_all_pairs_of_wrong_and_right_pixels() -> None:
    """Wrong at 100 and 150, right at 120, 150 and 200: less sure in 3 + 1 of 6 pairs, as sure in 1."""
    said = torch.tensor([[[0, 0, 0, 0, 0, 0]]], dtype=torch.uint8)
    sure = torch.tensor([[[100, 150, 120, 150, 200, 0]]], dtype=torch.uint8)
    truth = torch.tensor([[[1, 1, 0, 0, 0, 255]]], dtype=torch.uint8)
    counts = sureness_counts(torch.stack([said, sure], dim=1), truth)
    assert counts.sum() == 5
    assert doubt_auroc(counts, np.zeros((2, 1), int)).tolist() == [4.5 / 6] * 2
    nothing_wrong = sureness_counts(torch.stack([said, sure], dim=1), said)
    assert np.isnan(doubt_auroc(nothing_wrong, np.zeros((1, 1), int))).all()
