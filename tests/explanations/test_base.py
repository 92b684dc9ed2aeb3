"""What every map is asked first: whether it marks anything at all."""

from __future__ import annotations

import pytest
import torch

from headstart.explanations._output_aim import OutputAim
from headstart.explanations._pixels import PixelParts
from headstart.explanations.base import Asked, Explained
from headstart.explanations.grad_cam import GradCam
from toys import toy_backbone, toy_network, toy_pictures, toy_task


def question() -> Asked:
    task = toy_task(["green", "red"])
    network = toy_network(toy_backbone(), task).eval().requires_grad_(False)
    example = {"pixels": torch.tensor(toy_pictures(1)[0][0])}
    parts = PixelParts(example, "pixels", network.backbone.preprocess)
    return Asked(network, example, OutputAim(task, {}, 0, "green"), parts)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_map_that_marks_nothing_is_neither_trusted_nor_not(value: float) -> None:
    """Grad-CAM where nothing speaks for the label: no map of shuffled weights is like it, which proves nothing."""
    (check,) = GradCam().checks(question(), Explained(map=torch.full((8, 8), value)))
    assert check.passed is None
    assert check.decides
    assert check.summary.startswith("It marks none of the patches more than the others")


def test_one_marked_place_is_checked() -> None:
    given = torch.zeros(8, 8)
    given[2, 3] = 1.0
    checks = GradCam().checks(question(), Explained(map=given))
    assert [check.name for check in checks] == ["removal", "randomisation"]
