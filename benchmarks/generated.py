"""Writes folders of synthetic JPEG photos in class folders: any number, all different, seeded, quick to make."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("disc", "square", "triangle", "cross")
GRAINS = {"coarse": 9, "fine": 3}
"""Half the period, in pixels, of the stripes that fill the shape."""

CLASSES = tuple(f"{grain}_{shape}" for grain in GRAINS for shape in SHAPES)
BASES_EACH = 30
BASE_SIZE = (600, 480)
SMALLEST_CROP = (460, 360)
QUALITY = 88
TEST_SHARE = 0.2
MADE = "made.json"


def write(folder: Path, count: int, seed: int = 0) -> Path:
    """Write `count` pictures of about 500×400 pixels: ``train/CLASS/`` four in five, ``test/CLASS/`` the rest.

    A folder that already holds them is left as it is. Classes are equally common; a picture is a crop of one of a
    few hundred base pictures, mirrored or not, in other colours, so that no two files have the same content.

    Raises
    ------
    ValueError : fewer pictures than one a class and split, or `folder` holds something else.
    """
    if count < 2 * len(CLASSES):
        raise ValueError(f"{count} pictures are too few for {len(CLASSES)} classes in train and test")
    said = {"count": count, "seed": seed}
    if folder.exists():
        if (folder / MADE).exists() and json.loads((folder / MADE).read_text(encoding="utf-8")) == said:
            return folder
        raise ValueError(f"{folder} exists and does not hold {count} generated pictures of seed {seed}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write_pictures(temporary, count, np.random.default_rng(seed))
        (temporary / MADE).write_text(json.dumps(said), encoding="utf-8")
        temporary.chmod(0o755)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _write_pictures(folder: Path, count: int, random: np.random.Generator) -> None:
    each = min(BASES_EACH, -(-count // len(CLASSES)))
    bases = {name: [base_picture(name, random) for _ in range(each)] for name in CLASSES}
    tested = max(len(CLASSES), round(count * TEST_SHARE))
    for split in ("train", "test"):
        for name in CLASSES:
            (folder / split / name).mkdir(parents=True)
    for index in range(count):
        name = CLASSES[index % len(CLASSES)]
        base = bases[name][int(random.integers(each))]
        place = folder / ("test" if index < tested else "train") / name / f"{index:06d}.jpg"
        variation(base, random).save(place, "JPEG", quality=QUALITY)


def base_picture(name: str, random: np.random.Generator) -> Image.Image:
    """A striped shape before a soft, grainy background; `name` is one of :data:`CLASSES`."""
    grain, shape = name.split("_")
    width, height = BASE_SIZE
    clouds = random.integers(30, 226, (5, 6, 3), dtype=np.uint8)
    ground = np.asarray(Image.fromarray(clouds).resize(BASE_SIZE, Image.Resampling.BICUBIC), dtype=np.float32)
    filling = _stripes(GRAINS[grain], random)
    inside = np.asarray(_mask(shape, random), dtype=np.float32)[..., None] / 255
    picture = ground * (1 - inside) + filling * inside + random.normal(0, 4, (height, width, 1))
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def variation(base: Image.Image, random: np.random.Generator) -> Image.Image:
    """A random crop of `base`, perhaps mirrored, with another gain and offset for each colour."""
    width, height = (int(random.integers(least, most)) for least, most in zip(SMALLEST_CROP, base.size, strict=True))
    left, top = int(random.integers(base.width - width)), int(random.integers(base.height - height))
    picture = base.crop((left, top, left + width, top + height))
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    gains, offsets = random.uniform(0.7, 1.3, (3, 1)), random.uniform(-30, 30, (3, 1))
    return picture.point((np.arange(256) * gains + offsets).clip(0, 255).astype(np.uint8).flatten().tolist())


def _stripes(half_period: int, random: np.random.Generator) -> np.ndarray:
    """Stripes of two colours in a random direction, (height, width, 3)."""
    width, height = BASE_SIZE
    angle = random.uniform(0, np.pi)
    y, x = np.mgrid[0:height, 0:width]
    wave = np.sin(np.pi * (x * np.cos(angle) + y * np.sin(angle)) / half_period)[..., None]
    dark, light = random.uniform(0, 110, 3), random.uniform(145, 255, 3)
    return np.where(wave > 0, light, dark).astype(np.float32)


def _mask(shape: str, random: np.random.Generator) -> Image.Image:
    """The shape in white on black, around the middle so that every crop holds most of it."""
    mask = Image.new("L", BASE_SIZE)
    draw = ImageDraw.Draw(mask)
    x, y = (side / 2 + random.uniform(-40, 40) for side in BASE_SIZE)
    r = random.uniform(90, 150)
    if shape == "disc":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    elif shape == "square":
        draw.rectangle((x - r, y - r, x + r, y + r), fill=255)
    elif shape == "triangle":
        draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=255)
    else:
        draw.rectangle((x - r / 3, y - r, x + r / 3, y + r), fill=255)
        draw.rectangle((x - r, y - r / 3, x + r, y + r / 3), fill=255)
    return mask


def main() -> None:
    """Write the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a new folder, or one that holds these pictures already")
    parser.add_argument("count", type=int, help="pictures in all, a fifth of them for the test")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    try:
        print(write(asked.folder, asked.count, asked.seed))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
