"""Masks on every kind of pretrained segmenter: a fit, its folder, and predictions from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.backbones.folders.segmenter_kinds import KINDS
from masked_pictures import scenes
from segmenter_folders import torchvision_segmenter, transformers_segmenter
from small_world import result_of, status

pytestmark = pytest.mark.usefixtures("few_reasons", "small_batches")

TORCHVISION = ("deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large")


def written(folder: Path, kind: str, miniature: bool) -> None:
    """A segmenter of this kind with random weights in `folder`; those of transformers are miniatures anyway."""
    if kind in KINDS:
        transformers_segmenter(folder, kind)
    else:
        torchvision_segmenter(folder, kind, miniature=miniature)


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes(tmp_path_factory.mktemp("scenes") / "blocks", 16)


def fitted_and_used(blocks: Path, backbone: Path, strategy: str, out: Path) -> dict[str, float]:
    """Fit, predict and explain with what was saved; the share of places that the written masks have right."""
    arguments = ("--backbone", backbone, "--strategy", strategy, "--budget", "5m", "--out", out / "model")
    assert status("fit", blocks, *arguments) == 0
    assert status("predict", out / "model", blocks, "-o", out / "drawn") == 0
    assert status("explain", out / "model", blocks / "images/00.png", "--out", out / "why") == 0
    assert (out / "why" / "00.doubt.png").is_file()
    right = []
    for file in sorted((blocks / "masks").iterdir()):
        truth, drawn = (np.asarray(Image.open(path)) for path in (file, out / "drawn" / "images" / file.name))
        right.append((drawn == truth)[truth != 255].mean())
    return {"right": float(np.mean(right)), "test": result_of(out / "model")["test"]["pixel_accuracy"][0]}


@pytest.mark.parametrize("kind", [*KINDS, *TORCHVISION])
def test_a_head_is_trained_on_the_maps_of_a_segmenter(kind: str, blocks: Path, tmp_path: Path) -> None:
    written(tmp_path / "segmenter", kind, miniature=False)  # whose random maps would tell too little
    strategy = "head_training:epochs=15,views=1"
    figures = fitted_and_used(blocks, tmp_path / "segmenter", strategy, tmp_path)
    assert figures["right"] > 0.85
    assert figures["test"] > 0.8


@pytest.mark.usefixtures("short_heads")
@pytest.mark.parametrize("kind", [*KINDS, *TORCHVISION, "fcn_resnet50"])  # which is large but for a miniature
def test_the_last_stages_of_a_segmenter_are_tuned(kind: str, blocks: Path, tmp_path: Path) -> None:
    written(tmp_path / "segmenter", kind, miniature=True)
    fitted_and_used(blocks, tmp_path / "segmenter", "fine_tuning:epochs=1,views=0,freeze_depth=3", tmp_path)
    assert result_of(tmp_path / "model")["chosen"] == "fine_tuning_from_3"
