"""Coloured squares on grey noise, as boxes in COCO JSON: what a detector can learn in a few seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 128
COLOURS = {"red": (220, 40, 40), "blue": (40, 60, 220)}


def squares(root: Path, pictures: int, seed: int) -> Path:
    """Grey noise with one to three coloured squares a picture, as COCO JSON for train and test."""
    random = np.random.default_rng(seed)
    names = list(COLOURS)
    (root / "annotations").mkdir(parents=True)
    for split, count in (("train", pictures), ("test", pictures // 2)):
        images, annotations = [], []
        (root / split).mkdir()
        for number in range(1, count + 1):
            picture = Image.fromarray(random.integers(90, 160, (SIDE, SIDE, 3), np.uint8))
            for corner in range(random.integers(1, 4)):
                side, kind = int(random.integers(28, 50)), int(random.integers(2))
                x, y = (int(v) + 64 * (corner >> k & 1) for k, v in enumerate(random.integers(0, 64 - side + 1, 2)))
                ImageDraw.Draw(picture).rectangle((x, y, x + side - 1, y + side - 1), fill=COLOURS[names[kind]])
                box = {"image_id": number, "category_id": kind + 1, "bbox": [x, y, side, side]}
                annotations.append({"id": len(annotations) + 1, **box})
            picture.save(root / split / f"{number}.png")
            images.append({"id": number, "file_name": f"{number}.png", "width": SIDE, "height": SIDE})
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(names)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return root
