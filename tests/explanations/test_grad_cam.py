"""Grad-CAM against class activation maps worked out by hand, and the layouts that activations come in."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from headstart.backbones.base import Batch, Card, Stage
from headstart.explanations._output_aim import OutputAim
from headstart.explanations._pixels import PixelParts
from headstart.explanations._stages import stage_modules
from headstart.explanations.base import Asked
from headstart.explanations.grad_cam import GradCam, as_grid
from headstart.model.network import Network, set_linear
from toys import ToyBackbone, ToyPreprocess, toy_backbone, toy_task


class Identity(ToyBackbone):
    """Two 1×1 convolutions that change nothing, and an average: pixels (N, 3, 8, 8) → (N, 3)."""

    feature_size = 3

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.card, self.preprocess = Card("toy/identity", "image"), ToyPreprocess()
        layers = [nn.Conv2d(3, 3, 1, bias=False) for _ in range(2)]
        for layer in layers:
            layer.weight.data = torch.eye(3)[:, :, None, None]
        self.network = nn.Sequential(layers[0], nn.ReLU(inplace=True), layers[1], nn.ReLU(inplace=True))
        self.eval()

    def stages(self) -> list[Stage]:
        return [Stage("first", ("network.0.weight",)), Stage("second", ("network.2.weight",))]

    def features(self, batch: Batch) -> Tensor:
        return self.network(batch["pixels"]).mean((2, 3))

    def depth_features(self, batch: Batch) -> Batch:
        first = self.network[:2](batch["pixels"])
        return {"first": first.mean((2, 3)), "second": self.network[2:](first).mean((2, 3))}


def question(weight: Tensor, depths: tuple[str, ...] = (), target: int = 0) -> Asked:
    head = nn.Linear(weight.shape[1], 2)
    set_linear(head, weight, torch.zeros(2))
    network = Network(Identity(), head, depths).eval().requires_grad_(False)
    example = {"pixels": torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))}
    aim = OutputAim(toy_task(["a", "b"]), {}, target, "a")
    return Asked(network, example, aim, PixelParts(example, "pixels", network.backbone.preprocess))


def test_with_averaged_features_it_is_the_class_activation_map() -> None:
    """Zhou et al. 2016, arXiv:1512.04150: Σ_k w_k A_k; here w is the difference of the two labels' weights."""
    asked = question(torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.5, 0.0]]))
    expected = torch.einsum("k,khw->hw", torch.tensor([1.0, -1.5, 2.0]), asked.example["pixels"]).relu()
    assert torch.allclose(GradCam().map(asked), expected, atol=1e-5)


def test_the_other_label_is_explained_by_what_speaks_against_the_first() -> None:
    asked = question(torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.5, 0.0]]), target=1)
    expected = torch.einsum("k,khw->hw", torch.tensor([-1.0, 1.5, -2.0]), asked.example["pixels"]).relu()
    assert torch.allclose(GradCam().map(asked), expected, atol=1e-5)


def test_a_head_on_two_depths_adds_both_maps() -> None:
    weight = torch.tensor([[1.0, 0.0, 0.0, 0.0, 2.0, 0.0], [0.0] * 6])
    asked = question(weight, depths=("first", "second"))
    expected = asked.example["pixels"][0] + 2 * asked.example["pixels"][1]
    assert torch.allclose(GradCam().map(asked), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "right", "low"),
    [
        ((1, 5, 4, 4), 2 * 16 + 1 * 4 + 3, 2 * 16 + 3 * 4 + 1),
        ((1, 4, 4, 5), (1 * 4 + 3) * 5 + 2, (3 * 4 + 1) * 5 + 2),
        ((1, 16, 5), (1 * 4 + 3) * 5 + 2, (3 * 4 + 1) * 5 + 2),
        ((1, 17, 5), (1 + 1 * 4 + 3) * 5 + 2, (1 + 3 * 4 + 1) * 5 + 2),
        ((1, 21, 5), (5 + 1 * 4 + 3) * 5 + 2, (5 + 3 * 4 + 1) * 5 + 2),
    ],
)
def test_places_are_found_in_every_layout(shape: tuple[int, ...], right: int, low: int) -> None:
    """Numbers in the order in which they lie in memory: channel 2 of row 1, column 3, and of row 3, column 1."""
    found = as_grid(torch.arange(math.prod(shape)).reshape(shape))
    assert found is not None
    assert found.shape == (1, 5, 4, 4)
    assert (found[0, 2, 1, 3], found[0, 2, 3, 1]) == (right, low)


def test_tokens_lie_row_by_row_behind_the_class_token() -> None:
    tokens = torch.tensor([99.0, 0.0, 1.0, 2.0, 3.0])[None, :, None]
    found = as_grid(tokens)
    assert found is not None
    assert found[0, 0].tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize("shape", [(1, 5), (1, 5, 1, 1), (1, 3, 7, 5), (1, 1, 5)])
def test_what_has_no_places_is_left_out(shape: tuple[int, ...]) -> None:
    assert as_grid(torch.zeros(shape)) is None


def test_the_modules_of_stages_lie_within_one_stage_each() -> None:
    backbone = toy_backbone()
    assert list(stage_modules(backbone)) == [m for m in backbone.network if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
