"""A look at an image: traits by hand computation, and a sketch that copies share."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from headstart.data.modalities.image import Image

IMAGE = Image()


def scene(seed: int, side: int = 240) -> Pillow.Image:
    """A few soft blobs of colour, as different from another seed's as two photographs are."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Pillow.fromarray(small).resize((side, side), Pillow.Resampling.BICUBIC)


def sketch(picture: Pillow.Image, quality: int | None = None) -> np.ndarray:
    if quality is None:
        found = IMAGE.look(picture).sketch
    else:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        found = IMAGE.look(file.getvalue()).sketch
    assert found is not None
    return found


def test_traits_of_half_black_half_white() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = 255
    traits = dict(IMAGE.look(pixels).traits)
    assert math.isnan(traits.pop("bytes"))
    expected = {
        "width": 80,
        "height": 40,
        "aspect": 2,
        "brightness": 0.5,
        "contrast": 0.5,
        "saturation": 0,
        "border": 0,
    }
    assert traits == pytest.approx(expected, abs=1e-6)


def test_a_white_frame_of_five_per_cent_is_a_border_of_one() -> None:
    pixels = np.full((80, 80), 255, np.uint8)
    pixels[4:-4, 4:-4] = 0
    traits = IMAGE.look(pixels).traits
    assert traits["border"] == pytest.approx(1.0)
    assert traits["brightness"] == pytest.approx((80 * 80 - 72 * 72) / (80 * 80))


def test_saturation_is_that_of_the_colours() -> None:
    pixels = np.full((80, 80, 3), 128, np.uint8)
    pixels[:, :20] = (255, 0, 0)  # 1
    pixels[:, 20:40] = (200, 100, 100)  # (200 - 100) / 200
    assert IMAGE.look(pixels).traits["saturation"] == pytest.approx(0.25 * 1 + 0.25 * 0.5)


@pytest.mark.parametrize("turned", [False, True])
def test_a_file_has_its_full_size_and_its_bytes(tmp_path: Path, turned: bool) -> None:
    path = tmp_path / "large.jpg"
    exif = Pillow.Exif()
    exif[0x0112] = 6 if turned else 1
    scene(0, 800).resize((1600, 800)).save(path, exif=exif)
    for reference in (path, path.read_bytes()):
        traits = IMAGE.look(reference).traits
        assert (traits["width"], traits["height"]) == ((800, 1600) if turned else (1600, 800))
        assert traits["bytes"] == path.stat().st_size


def test_a_sketch_is_the_standardised_thumbnail() -> None:
    means = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
    centred = means - means.mean()
    expected = centred / np.sqrt((centred**2).sum())
    found = sketch(Pillow.fromarray(means.repeat(5, axis=0).repeat(5, axis=1)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.ravel(), atol=1e-6)


def test_copies_lie_close_and_strangers_do_not() -> None:
    original = scene(1)
    copies = [
        sketch(original, quality=30),
        sketch(original.resize((120, 120)), quality=90),
        sketch(original.resize((480, 480)), quality=75),
        sketch(original.point(lambda level: 20 + 0.8 * level)),
    ]
    assert all(np.linalg.norm(copy - sketch(original)) < 0.1 for copy in copies)
    assert all(np.linalg.norm(sketch(scene(seed)) - sketch(original)) > 0.5 for seed in range(2, 8))


def test_a_mirrored_copy_is_the_sketch_mirrored() -> None:
    original = scene(2)
    mirrored = sketch(original.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)).reshape(16, 16)
    np.testing.assert_allclose(mirrored[:, ::-1].ravel(), sketch(original), atol=1e-3)


def test_a_blank_picture_is_like_nothing() -> None:
    for level in (0, 90, 255):
        assert not sketch(Pillow.new("L", (50, 70), level)).any()


def test_what_cannot_be_decoded_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture at all, though it is called one")
    with pytest.raises(ValueError, match="no image that can be read"):
        IMAGE.look(tmp_path / "bad.png")
