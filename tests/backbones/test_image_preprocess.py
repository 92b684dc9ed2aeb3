"""The plain view is timm's evaluation transform; augmented views are a pure function of picture, view and key."""

from __future__ import annotations

import json

import numpy as np
import pytest
import timm.data
import torch
from PIL import Image

from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.core.placement import WHOLE

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    values = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


@pytest.mark.parametrize("size", [(500, 375), (333, 512), (224, 224), (100, 60), (256, 256)])
@pytest.mark.parametrize(("interpolation", "crop"), [("bilinear", 0.875), ("bicubic", 0.95), ("bicubic", 1.0)])
@pytest.mark.parametrize("mode", ["center", "squash"])
def test_plain_view_equals_timms_evaluation_transform(
    size: tuple[int, int], interpolation: str, crop: float, mode: str
) -> None:
    cfg = {"interpolation": interpolation, "crop_pct": crop, "mean": MEAN, "std": STD, "crop_mode": mode}
    ours = ImagePreprocess.from_pretrained_cfg({"input_size": (3, 224, 224), **cfg})
    theirs = timm.data.create_transform((3, 224, 224), **cfg)
    raw = picture(*size)
    torch.testing.assert_close(ours(raw)["pixels"], theirs(raw), rtol=0, atol=2e-6)


def test_a_flat_picture_by_hand() -> None:
    pixels = ImagePreprocess(8, (0.5,) * 3, (0.5,) * 3)(Image.new("RGB", (20, 10), (255, 0, 51)))["pixels"]
    assert pixels.shape == (3, 8, 8)
    assert pixels.dtype == torch.float32
    # 51 / 255 = 0.2, and (0.2 - 0.5) / 0.5 = -0.6
    torch.testing.assert_close(pixels.mean((1, 2)), torch.tensor([1.0, -1.0, -0.6]))


def test_grey_networks_get_one_channel() -> None:
    preprocess = ImagePreprocess.from_pretrained_cfg({"input_size": (1, 32, 32), "mean": [0.5], "std": [0.5]})
    assert preprocess.channels == 1
    for view in (0, 1):
        assert preprocess(picture(50, 40), view)["pixels"].shape == (1, 32, 32)


@pytest.mark.parametrize("view", [0, 1, 5])
def test_one_channel_gives_what_its_three_copies_would(view: int) -> None:
    preprocess, grey = ImagePreprocess(32, MEAN, STD), picture(80, 60, "L")
    copies = preprocess(grey.convert("RGB"), view, "a")["pixels"]
    assert torch.equal(preprocess(grey, view, "a")["pixels"], copies)
    # Floats are not rounded after each step: within two levels of 255 of the same picture in 8 bits.
    floats = preprocess(grey.convert("F"), view, "a")["pixels"]
    assert (floats - copies).abs().max() < 2.5 / 255 / min(STD)


@pytest.mark.parametrize("channels", [1, 3])
def test_floats_keep_what_eight_bits_would_drop(channels: int) -> None:
    """Steps of a tenth of a level of 255; by hand, (v / 255 - 0.5) / 0.5."""
    values = np.tile(np.linspace(100, 103.1, 32, dtype=np.float32), (32, 1))
    preprocess = ImagePreprocess(32, (0.5,) * channels, (0.5,) * channels, crop_pct=1.0)
    pixels = preprocess(Image.fromarray(values))["pixels"]
    expected = torch.from_numpy((values / 255 - 0.5) / 0.5).expand(channels, 32, 32)
    torch.testing.assert_close(pixels, expected)


def test_views_depend_on_key_and_number_alone() -> None:
    preprocess, raw = ImagePreprocess(32, MEAN, STD), picture(80, 60)
    first = preprocess(raw, 1, "a")["pixels"]
    np.random.seed(1)
    torch.manual_seed(1)
    assert torch.equal(preprocess(raw, 1, "a")["pixels"], first)
    assert not torch.equal(preprocess(raw, 2, "a")["pixels"], first)
    assert not torch.equal(preprocess(raw, 1, "b")["pixels"], first)


def test_a_narrow_picture_still_gives_views() -> None:
    preprocess = ImagePreprocess(16, MEAN, STD)
    for view in range(5):
        assert torch.isfinite(preprocess(picture(300, 3), view, "a")["pixels"]).all()


def test_views_out_of_range_are_refused() -> None:
    preprocess = ImagePreprocess(16, MEAN, STD)
    with pytest.raises(ValueError, match="0 to 63"):
        preprocess(picture(20, 20), preprocess.views)


def test_size_hint_is_what_the_resize_needs() -> None:
    assert ImagePreprocess(224, MEAN, STD, crop_pct=0.875).size_hint == 256
    assert ImagePreprocess(224, MEAN, STD, crop_pct=224 / 232).size_hint == 232


@pytest.mark.parametrize("squash", [False, True])
def test_description_round_trip(squash: bool) -> None:
    preprocess = ImagePreprocess(48, MEAN, STD, "bicubic", 0.9, squash=squash)
    assert ("squash" in preprocess.describe()) is squash  # others keep the key of what they have stored
    again = ImagePreprocess.from_description(json.loads(json.dumps(preprocess.describe())))
    assert again.describe() == preprocess.describe()
    raw = picture(90, 70)
    assert all(torch.equal(again(raw, view, "k")["pixels"], preprocess(raw, view, "k")["pixels"]) for view in (0, 3))
    assert again.stacked(3).squash is squash


def test_a_framed_picture_is_shown_whole_and_its_views_where_they_say() -> None:
    preprocess = ImagePreprocess(32, MEAN, STD, interpolation="nearest").framed((96, 64))
    columns = np.tile(np.arange(192, dtype=np.uint8)[None, :, None], (128, 1, 3))
    raw = Image.fromarray(columns)
    assert preprocess(raw)["pixels"].shape == (3, 64, 96)
    again = ImagePreprocess.from_description(json.loads(json.dumps(preprocess.describe())))
    assert torch.equal(again(raw, 3, "key")["pixels"], preprocess(raw, 3, "key")["pixels"])
    placements = [preprocess.placement(view, "key") for view in range(12)]
    assert placements[0] == WHOLE
    assert len(set(placements)) == 12
    assert {shown.mirrored for shown in placements} == {True, False}
    for view, shown in enumerate(placements):
        assert 0.5 <= shown.side**2 <= 1
        assert min(shown.edges) >= 0
        assert max(shown.edges) <= 1
        row = preprocess(raw, view, "key")["pixels"][0, 0]
        rising = bool(row[-1] > row[0])  # brightness rises from left to right, whatever the jitter
        assert rising is not shown.mirrored
