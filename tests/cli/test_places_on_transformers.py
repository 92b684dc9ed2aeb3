"""Masks and boxes on vision transformers, of one map and of several: a fit, its folder, what is measured with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masked_pictures import FRAME, scenes
from small_world import result_of, status
from transformer_folders import CLASSIFIERS, classifier_folder, towers_folder, transformer_folder

pytestmark = pytest.mark.usefixtures("small_batches")

PATCHES_OF_16, PATCHES_OF_14 = "deit_tiny_distilled_patch16_224", "vit_small_patch14_reg4_dinov2"
WIDE = {"hidden_size": 48, "num_attention_heads": 3}
TOWERS = ("clip", "siglip")
SWIN, PYRAMID, OF_ONE_SIZE = "swin_tiny_patch4_window7_224", "pvt_v2_b0", "mixer_s32_224"
MIXED = "convmixer_small_p14"
HEAD = "head_training:epochs=30,views=1"


def boxed(folder: Path, count: int) -> Path:
    """The blocks of :func:`scenes` as boxes in a COCO file."""
    scenes(folder, count)
    images, annotations = [], []
    for number, file in enumerate(sorted((folder / "masks").iterdir()), 1):
        rows, columns = np.nonzero(np.asarray(Image.open(file)) == 1)
        left, top = int(columns.min()), int(rows.min())
        box = [left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top]
        images.append({"id": number, "file_name": file.name, "width": FRAME[0], "height": FRAME[1]})
        annotations.append({"id": number, "image_id": number, "category_id": 1, "bbox": box})
        file.unlink()
    (folder / "masks").rmdir()
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "block"}]}
    (folder / "images" / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "images" / "annotations.json"


def written(folder: Path, architecture: str) -> None:
    """A miniature of timm or of transformers in `folder`."""
    if architecture in CLASSIFIERS:
        classifier_folder(folder, architecture, 14 if architecture == "dinov2" else 16, **WIDE)
    elif architecture in TOWERS:
        towers_folder(folder, architecture, 16)
    else:
        transformer_folder(folder, architecture)


@pytest.mark.usefixtures("few_reasons")
@pytest.mark.parametrize(
    ("architecture", "strategy"),
    [
        *((each, HEAD) for each in (PATCHES_OF_16, PATCHES_OF_14, *CLASSIFIERS, *TOWERS)),
        *((each, "head_training:epochs=60,views=1") for each in (OF_ONE_SIZE, MIXED)),  # 30 may teach ground alone
        *(
            (each, "fine_tuning:freeze_depth=3,epochs=1,views=0")
            for each in (PATCHES_OF_16, "dinov2", "siglip", SWIN)
        ),
    ],
)
def test_masks(
    architecture: str,
    strategy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("headstart.strategies._trained_head.MOST_EPOCHS", 20)
    blocks = scenes(tmp_path / "blocks", 16)
    written(tmp_path / "transformer", architecture)
    arguments = ("--backbone", tmp_path / "transformer", "--strategy", strategy, "--budget", "5m")
    assert status("fit", blocks, *arguments, "--out", tmp_path / "model") == 0
    capsys.readouterr()
    assert status("evaluate", tmp_path / "model", blocks, "--json") == 0
    assert json.loads(capsys.readouterr().out)["pixel_accuracy"][0] > 0.83  # ground everywhere: 0.79
    assert status("predict", tmp_path / "model", blocks, "-o", tmp_path / "drawn") == 0
    assert status("explain", tmp_path / "model", blocks / "images/00.png", "--out", tmp_path / "why") == 0
    assert (tmp_path / "why" / "00.doubt.png").is_file()
    assert len(list((tmp_path / "drawn" / "images").iterdir())) == 16


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize("architecture", [PATCHES_OF_16, "vit", "clip", PYRAMID])
def test_boxes(architecture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = boxed(tmp_path / "blocks", 24)
    written(tmp_path / "transformer", architecture)
    arguments = ("--backbone", tmp_path / "transformer", "--strategy", "head_training:epochs=12,views=1")
    assert status("fit", blocks, *arguments, "--budget", "5m", "--out", tmp_path / "model") == 0
    assert result_of(tmp_path / "model")["task"] == "detection"
    capsys.readouterr()
    assert status("evaluate", tmp_path / "model", blocks, "--json") == 0
    assert json.loads(capsys.readouterr().out)["map50"][0] > 0.6
