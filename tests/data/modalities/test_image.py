"""Images of every kind come out upright, in RGB or one channel of full depth, or as a sentence."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from headstart.data.modalities.image import Image

IMAGE = Image()


def first_pixel(reference: Any) -> tuple[int, ...]:
    decoded = IMAGE.decode(reference)
    assert decoded.mode in ("RGB", "L", "F")
    pixel = decoded.getpixel((0, 0))
    return pixel if isinstance(pixel, tuple) else (round(pixel),) * 3  # type: ignore[arg-type]


def saved(path: Path, image: Pillow.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Pillow.new("L", (3, 2), 200), (200, 200, 200)),
        (Pillow.new("1", (3, 2), 1), (255, 255, 255)),
        (Pillow.new("RGBA", (3, 2), (255, 0, 0, 0)), (255, 255, 255)),  # transparent: the white below it
        (Pillow.new("RGBA", (3, 2), (0, 0, 0, 255)), (0, 0, 0)),
        (Pillow.new("LA", (3, 2), (0, 0)), (255, 255, 255)),
        (Pillow.new("P", (3, 2), 0), (0, 0, 0)),
        (Pillow.new("CMYK", (3, 2), (0, 0, 0, 255)), (0, 0, 0)),
        (Pillow.fromarray(np.full((2, 3), 65535, np.uint16)), (255, 255, 255)),
        (Pillow.fromarray(np.full((2, 3), 257 * 100, np.uint16)), (100, 100, 100)),
        (Pillow.fromarray(np.full((2, 3), 257 * 100, np.int32)), (100, 100, 100)),
        (Pillow.fromarray(np.full((2, 3), 0.2, np.float32)), (51, 51, 51)),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_every_mode_becomes_a_picture(image: Pillow.Image, expected: tuple[int, ...]) -> None:
    assert first_pixel(image) == expected


def test_sixteen_bits_keep_their_full_depth(tmp_path: Path) -> None:
    """A ramp of 4096 levels: 8 bits could tell apart but 256 of them, and the range of 16 bits is kept."""
    ramp = (np.arange(4096, dtype=np.uint16) * 16).reshape(64, 64)
    for reference in (
        ramp,
        saved(tmp_path / "ramp.png", Pillow.fromarray(ramp)),
        saved(tmp_path / "ramp.tif", Pillow.fromarray(ramp)),
    ):
        decoded = np.asarray(IMAGE.decode(reference))
        assert len(np.unique(decoded)) == 4096
        np.testing.assert_allclose(decoded, ramp / 257, atol=1e-4)  # 65535 / 257 = 255


def test_one_channel_of_eight_bits_stays_one() -> None:
    assert IMAGE.decode(Pillow.new("L", (3, 2), 7)).mode == "L"
    assert IMAGE.decode(np.full((2, 3), 7, np.uint8)).mode == "L"
    assert IMAGE.decode(Pillow.new("RGB", (3, 2))).mode == "RGB"


def test_sixteen_bit_and_palette_files(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", Pillow.fromarray(np.full((2, 3), 257 * 7, np.uint16)))
    tiff = saved(tmp_path / "deep.tif", Pillow.fromarray(np.full((2, 3), 257 * 7, np.uint16)))
    palette = Pillow.new("P", (3, 2), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert first_pixel(deep) == first_pixel(tiff) == (7, 7, 7)
    assert first_pixel(saved(tmp_path / "p.png", palette)) == (10, 20, 30)
    assert first_pixel(saved(tmp_path / "clear.png", palette, transparency=1)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((2, 3), 9, np.uint8), (9, 9, 9)),
        (np.full((2, 3, 1), 9, np.uint8), (9, 9, 9)),
        (np.full((2, 3, 3), 9, np.uint8), (9, 9, 9)),
        (np.zeros((2, 3, 4), np.uint8), (255, 255, 255)),
        (np.full((2, 3), 65535, np.uint16), (255, 255, 255)),
        (np.full((2, 3), 128, np.uint16), (0, 0, 0)),
        (np.full((2, 3, 3), 128, np.uint16), (0, 0, 0)),  # 128 / 257 is below a half
        (np.full((2, 3, 3), 129, np.uint16), (1, 1, 1)),  # and 129 / 257 above it
        (np.full((2, 3, 3), 0.2), (51, 51, 51)),
        (np.ones((2, 3), bool), (255, 255, 255)),
    ],
)
def test_arrays(array: np.ndarray, expected: tuple[int, ...]) -> None:
    assert IMAGE.problem(array) is None
    assert first_pixel(array) == expected


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 20, 30), np.uint8), "channels first"),
        (np.zeros((5,)), "no picture"),
        (np.zeros((0, 4), np.uint8), "empty"),
        (np.full((2, 3), 200.0), "divide"),
        (np.full((2, 3), np.nan), r"\[0, 1\]"),
        (np.zeros((2, 3), np.int64), "int64"),
        (np.array([["a"]], dtype=object), "object"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, words: str) -> None:
    assert IMAGE.problem(array)
    with pytest.raises(ValueError, match=words):
        IMAGE.decode(array)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    """A picture stored turned, with the tag that says so, comes out as it was: white corner top left.

    How each orientation stores the picture is taken from the EXIF standard (which side row 0 and column 0 are).
    """
    upright = Pillow.new("RGB", (32, 16), "black")
    upright.paste("white", (0, 0, 8, 8))
    turn = Pillow.Transpose
    stored_by = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }
    stored = upright.transpose(stored_by[orientation]) if orientation > 1 else upright
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"turned{suffix}", stored, exif=exif)
    decoded = IMAGE.decode(path)
    assert decoded.size == (32, 16)
    assert IMAGE.size(path) == "32×16"
    assert np.asarray(decoded)[:6, :6].min() > 200
    assert np.asarray(decoded)[10:, 20:].max() < 60


def test_the_size_of_a_turned_picture_in_memory_is_that_of_the_upright_one(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "turned.jpg", Pillow.new("RGB", (30, 20)), exif=exif)
    with Pillow.open(path) as picture:
        assert IMAGE.extent(picture) == IMAGE.decode(picture).size == IMAGE.extent(path) == (20, 30)


def test_large_jpegs_are_decoded_reduced_but_never_below_the_hint(tmp_path: Path) -> None:
    path = saved(tmp_path / "large.jpg", Pillow.new("RGB", (1600, 1000), "red"))
    assert IMAGE.decode(path).size == (1600, 1000)
    for hint in (1, 100, 125, 126, 224, 333, 501, 2000):
        width, height = IMAGE.decode(path, size_hint=hint).size
        assert min(width, height) >= min(hint, 1000)
    assert IMAGE.decode(path, size_hint=224).size == (400, 250)  # a quarter is the least that holds 224


def test_unreadable_files_each_get_a_sentence(tmp_path: Path, make: Any) -> None:
    whole = make.picture(tmp_path / "whole.jpg", size=(200, 200)).read_bytes()
    png = make.picture(tmp_path / "whole.png", size=(200, 200)).read_bytes()
    cases = {
        make.write(tmp_path / "empty.jpg", b""): "empty (0 bytes)",
        make.write(tmp_path / "page.jpg", "<html>not found</html>"): "no image that can be read",
        make.write(tmp_path / "cut.jpg", whole[: len(whole) // 2]): "damaged or cut short",
        make.write(tmp_path / "cut.png", png[: len(png) // 2]): "damaged or cut short",
        make.write(tmp_path / "stub.png", png[:20]): "damaged or cut short",
        make.bomb(tmp_path / "bomb.png"): "2500 megapixels",
        tmp_path / "absent.png": "no such file",
        tmp_path: "a folder",
    }
    for path, words in cases.items():
        assert words in str(IMAGE.problem(path)), path
        with pytest.raises(ValueError, match=re.escape(words)):
            IMAGE.decode(path)
    assert IMAGE.problem(tmp_path / "whole.jpg") is None


def test_a_large_honest_picture_raises_no_warning(tmp_path: Path, make: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # 100 megapixels: above the size at which Pillow warns, below the one at which we refuse; yet cut short.
        assert "damaged" in str(IMAGE.problem(make.bomb(tmp_path / "large.png", side=10_000)))


def test_a_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    path = saved(tmp_path / "print.jpg", Pillow.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=95)
    red, green, blue = first_pixel(path)
    assert red > 220
    assert max(green, blue) < 60


def test_a_file_of_another_kind_than_its_ending_is_read(tmp_path: Path) -> None:
    path = tmp_path / "really_png.jpg"
    Pillow.new("RGB", (4, 4), "blue").save(path, "PNG")
    assert first_pixel(path) == (0, 0, 255)


def test_fingerprint_is_of_content_alone(tmp_path: Path, make: Any) -> None:
    first = make.picture(tmp_path / "a.png", seed=1)
    copy = make.write(tmp_path / "elsewhere" / "b.png", first.read_bytes())
    other = make.picture(tmp_path / "c.png", seed=2)
    assert IMAGE.fingerprint(first) == IMAGE.fingerprint(copy) == IMAGE.fingerprint(first.read_bytes())
    assert IMAGE.fingerprint(first) != IMAGE.fingerprint(other)
    array = np.zeros((2, 4), np.uint8)
    assert IMAGE.fingerprint(array) != IMAGE.fingerprint(array.reshape(4, 2))
    assert IMAGE.fingerprint(array) != IMAGE.fingerprint(array.view(bool))
    assert IMAGE.fingerprint(Pillow.new("L", (2, 4))) != IMAGE.fingerprint(Pillow.new("L", (4, 2)))


def test_show_is_small_and_escaped(tmp_path: Path, make: Any) -> None:
    path = make.picture(tmp_path / "a&b" / 'q"<x>.png', size=(640, 320))
    shown = IMAGE.show(path)
    assert shown.startswith('<img src="data:image/jpeg;base64,')
    assert 'width="160" height="80"' in shown
    assert 'alt="a&amp;b/q&quot;&lt;x&gt;.png"' in shown
    assert "unreadable" in IMAGE.show(make.write(tmp_path / "x.png", b""))


def test_showing_a_pil_image_leaves_it_alone() -> None:
    image = Pillow.new("RGB", (400, 300))
    IMAGE.show(image)
    assert image.size == (400, 300)


def test_locate(tmp_path: Path, make: Any) -> None:
    picture = make.picture(tmp_path / "pictures" / "a.png")
    assert IMAGE.locate("pictures/a.png", tmp_path) == picture
    assert IMAGE.locate(str(picture), Path("/elsewhere")) == picture
    assert IMAGE.locate("pictures\\a.png", tmp_path) == picture
    assert IMAGE.locate({"bytes": b"x", "path": None}, tmp_path) == b"x"
    assert IMAGE.locate({"bytes": None, "path": "pictures/a.png"}, tmp_path) == picture
    assert IMAGE.locate("word " * 5000 + "\\", tmp_path)  # too long for a name, and no crash


def test_bytes_and_stored_files_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Pillow.new("RGB", (3, 3), "lime").save(buffer, "PNG")

    class Stored:
        def read_bytes(self) -> bytes:
            return buffer.getvalue()

    assert first_pixel(buffer.getvalue()) == first_pixel(Stored()) == (0, 255, 0)
    assert "empty" in str(IMAGE.problem(b""))


def test_the_fingerprint_of_a_picture_in_memory_tells_what_its_pixels_mean() -> None:
    def of(*colours: int, **info: int) -> str:
        picture = Pillow.new("P", (4, 4), 1)
        picture.putpalette(colours)
        picture.info |= info
        return IMAGE.fingerprint(picture)

    red, blue = (0, 0, 0, 255, 0, 0), (0, 0, 0, 0, 0, 255)
    assert of(*red) == of(*red)
    assert len({of(*red), of(*blue), of(*red, transparency=1)}) == 3
    turned, upright = Pillow.new("RGB", (4, 4)), Pillow.new("RGB", (4, 4))
    for picture in (turned, upright):
        picture.putpixel((0, 0), (255, 0, 0))
    turned.getexif()[0x0112] = 6
    assert IMAGE.fingerprint(turned) != IMAGE.fingerprint(upright)


@pytest.mark.parametrize("size", [(700, 500), (500, 700), (1300, 1024), (255, 300), (3000, 2100)])
@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("hint", [None, 32, 224, 256, 341])
def test_a_look_and_a_decoding_at_once_are_the_same_as_one_after_the_other(
    tmp_path: Path, size: tuple[int, int], ending: str, hint: int | None
) -> None:
    values = np.random.default_rng(0).integers(0, 255, (size[1] // 50, size[0] // 50, 3), np.uint8)
    picture = Pillow.fromarray(values).resize(size)
    turned = Pillow.Exif()
    turned[0x0112] = 6
    path = saved(tmp_path / f"a.{ending}", picture, exif=turned, compress_level=0)
    look, decoded = IMAGE.look_and_decode(path, hint)
    alone, expected = IMAGE.look(path), IMAGE.decode(path, hint)
    assert np.array_equal(np.asarray(decoded), np.asarray(expected))
    assert look.traits == alone.traits
    assert np.array_equal(look.sketch, alone.sketch)
    assert np.array_equal(look.shallow, alone.shallow)


@pytest.mark.parametrize(("hint", "decodings"), [(256, 1), (224, 1), (200, 2), (32, 2)])
def test_a_file_is_decoded_once_where_that_serves_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hint: int, decodings: int
) -> None:
    """700 × 440 pixels: halved for 220 pixels or fewer, by Pillow's rule, and never for a look."""
    from headstart.data.modalities import image

    loaded: list[int] = []

    def counted(picture: Pillow.Image) -> None:
        loaded.append(1)
        picture.load()

    monkeypatch.setattr(image, "load_pixels", counted)
    jpeg = saved(tmp_path / "a.jpg", Pillow.new("RGB", (700, 440), (9, 99, 200)))
    IMAGE.look_and_decode(jpeg, hint)
    assert len(loaded) == decodings
    IMAGE.look_and_decode(saved(tmp_path / "a.png", Pillow.new("RGB", (700, 440))), hint)
    assert len(loaded) == decodings + 1
