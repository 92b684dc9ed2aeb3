"""A first layer folded to a stack of slices gives what it gave for the stack mixed to colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from headstart.backbones import SOURCES, rebuild
from headstart.backbones.images.channels import fold_first_layer, folded_statistics, shares
from headstart.core.errors import UsageError
from headstart.core.slices import SliceStack

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NETWORKS = [
    (source, name)
    for source in ("timm", "torchvision", "transformers_vits")
    for name in SOURCES.load(source)().families()
]


def test_shares_are_those_of_equal_parts_of_one_length() -> None:
    torch.testing.assert_close(shares(3), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(shares(1), torch.ones((1, 3), dtype=torch.float64))
    fifths = torch.tensor([[3, 0, 0], [2, 1, 0], [0, 3, 0], [0, 1, 2], [0, 0, 3]], dtype=torch.float64) / 5
    torch.testing.assert_close(shares(5), fifths)
    for channels in (1, 2, 5, 7, 31):
        torch.testing.assert_close(shares(channels).sum(0), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("channels", [3, 5, 7])
def test_the_mean_of_a_stack_is_that_of_the_colours(channels: int) -> None:
    mean, _ = folded_statistics(MEAN, STD, channels)
    mixed = shares(channels).T @ torch.tensor(mean, dtype=torch.float64)
    torch.testing.assert_close(mixed, torch.tensor(MEAN, dtype=torch.float64))


def grey(count: int, kind: type = np.uint8) -> list[Image.Image]:
    random = np.random.default_rng(0)
    return [Image.fromarray(random.integers(0, 256, (70, 90)).astype(kind)) for _ in range(count)]


@pytest.mark.parametrize(("source", "name"), NETWORKS)
def test_a_stack_gives_what_its_mixture_of_colours_gives(source: str, name: str) -> None:
    backbone = SOURCES.load(source)().tiny(name)
    slices = [one.resize((backbone.preprocess.size,) * 2) for one in grey(5)]
    colours = np.einsum("chw,ck->khw", np.stack([np.asarray(one) / 255 for one in slices]), shares(5).numpy())
    mean, std = (torch.tensor(each)[:, None, None] for each in (backbone.preprocess.mean, backbone.preprocess.std))
    with torch.no_grad():
        before = backbone.features({"pixels": ((torch.from_numpy(colours).float() - mean) / std)[None]})
        folded = backbone.stacked(5)
        folded.preprocess.crop_pct, folded.preprocess.size_hint = 1.0, folded.preprocess.size
        after = folded.features({"pixels": folded.preprocess(SliceStack(slices))["pixels"][None]})
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-4 * float(before.abs().max()))


@pytest.mark.parametrize("channels", [1, 5])
def test_a_folded_backbone_is_described_and_made_again(channels: int) -> None:
    backbone = SOURCES.load("timm")().tiny("resnet50").stacked(channels)
    again = rebuild(backbone.describe(), None)
    again.load_state_dict(backbone.state_dict())
    again.eval()
    for raw in (SliceStack(grey(channels)), SliceStack(grey(7)), grey(1)[0], grey(1, np.float32)[0]):
        one, other = backbone.preprocess(raw), again.preprocess(raw)
        assert one["pixels"].shape[0] == channels
        torch.testing.assert_close(one["pixels"], other["pixels"])
        batch = {"pixels": one["pixels"][None]}
        torch.testing.assert_close(backbone.features(batch), again.features(batch))
    assert again.describe() == backbone.describe()
    view = backbone.preprocess(SliceStack(grey(channels, np.float32)), 3, "key")["pixels"]
    assert view.shape[0] == channels


def test_slices_that_are_alike_look_like_a_grey_picture() -> None:
    plain, folded = SOURCES.load("timm")().tiny("resnet50"), SOURCES.load("timm")().tiny("resnet50")
    folded.load_state_dict(plain.state_dict())
    folded = folded.stacked(7)
    picture = grey(1)[0]
    with torch.no_grad():
        one = plain.features({"pixels": plain.preprocess(picture)["pixels"][None]})
        other = folded.features({"pixels": folded.preprocess(SliceStack([picture] * 7))["pixels"][None]})
    torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-4 * float(one.abs().max()))


class Standardised(nn.Conv2d):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        weight = self.weight / self.weight.flatten(1).norm(dim=1)[:, None, None, None]
        return nn.functional.conv2d(input, weight)


def test_a_first_layer_that_does_not_add_channels_up_is_refused() -> None:
    with pytest.raises(UsageError, match="does not add its channels up"):
        fold_first_layer(nn.Sequential(Standardised(3, 4, 3)), STD, 5, (16, 16))
    with pytest.raises(UsageError, match="in no convolutions"):
        fold_first_layer(nn.Sequential(nn.Flatten()), STD, 5, (16, 16))
    texts = SOURCES.load("transformers_text")()
    with pytest.raises(UsageError, match="takes no stacks of slices"):
        texts.tiny(texts.families()[0]).stacked(3)
