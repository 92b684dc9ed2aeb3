"""Broken masks of each kind and broken class files of masks, as :mod:`broken_boxes` has them of boxes."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from broken_files import Broken, Change
from headstart.core.masks import usual_colour
from masked_pictures import SIZE, mask, picture

INDEX = np.zeros(SIZE[::-1], np.uint8)
INDEX[1:5, 2:6] = 1
INDEX[5:8, 0:4] = 2
NUMBERS = np.where(INDEX == 2, 300, np.where(INDEX == 1, 7, 0)).astype(np.uint16)
PALETTE = [value for place in range(256) for value in usual_colour(place)]
COLOURS = np.array([(0, 0, 0), (200, 0, 0), (0, 0, 200)], np.uint8)[INDEX]


def _folder(
    root: Path, pixels: np.ndarray, classes: str = "", palette: list[int] | None = None, place: str = "{}"
) -> Path:
    for name in "ab":
        picture(root / "images" / f"{name}.jpg")
        mask(root / "masks" / f"{place.format(name)}.png", pixels, palette)
    if classes:
        (root / "classes.txt").write_text(classes)
    return root


# -- what is wrong with a file, whatever it should hold ------------------------------------------------------------


def put(place: str, pixels: np.ndarray, palette: list[int] | None = None) -> Change:
    """Writes a mask of other pixels; one that is not PNG takes the place of that which is."""

    def change(root: Path) -> None:
        (root / place).with_suffix(".png").unlink(missing_ok=True)
        mask(root / place, pixels, palette)

    return change


def filled(place: str, content: bytes) -> Change:
    """Writes other bytes into a file."""
    return lambda root: (root / place).write_bytes(content)


def edited(place: str, change: Callable[[bytes], bytes]) -> Change:
    """Changes the bytes of a file."""
    return lambda root: (root / place).write_bytes(change((root / place).read_bytes()))


def gone(place: str) -> Change:
    """Takes a file or folder away."""

    def change(root: Path) -> None:
        shutil.rmtree(root / place) if (root / place).is_dir() else (root / place).unlink()

    return change


def linked_to_nothing(place: str) -> Change:
    """Puts a link to no file in the place of a file."""

    def change(root: Path) -> None:
        (root / place).unlink()
        (root / place).symlink_to("nowhere.png")

    return change


def as_format(kind: str, pixels: np.ndarray, **options: Any) -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(side: int = 50_000) -> bytes:
    """A PNG file whose header claims side × side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def bad_pixels(content: bytes) -> bytes:
    """A PNG file with other bytes in the middle of its pixels."""
    at = content.index(b"IDAT") + 6
    return content[:at] + b"\xff\xff\xff" + content[at + 3 :]


def of_any_mask(place: str, pixels: np.ndarray, alone: str) -> dict[str, tuple[Change, str]]:
    """What may be wrong with the mask at `place`, which should hold `pixels`; `alone` is what is said without it."""
    tall = pixels.swapaxes(0, 1)
    unread = f"{place}: the mask cannot be read"
    return {
        "none": (gone(place), alone),
        "narrower": (put(place, pixels[:, :-1]), f"{place}: the mask has 11×8 pixels and its picture 12×8"),
        "lower": (put(place, pixels[:-1]), f"{place}: the mask has 12×7 pixels and its picture 12×8"),
        "larger": (put(place, pixels.repeat(2, 0).repeat(2, 1)), f"{place}: the mask has 24×16 pixels"),
        "turned": (put(place, np.ascontiguousarray(tall)), f"{place}: the mask has 8×12 pixels and its picture 12×8"),
        "cut short": (edited(place, lambda content: content[: len(content) * 2 // 3]), unread),
        "header alone": (edited(place, lambda content: content[:33]), unread),
        "signature alone": (edited(place, lambda content: content[:8]), unread),
        "damaged pixels": (edited(place, bad_pixels), unread),
        "empty": (filled(place, b""), unread),
        "zeros": (filled(place, bytes(200)), unread),
        "text": (filled(place, b"0 0 1 1\n0 0 1 1\n"), unread),
        "a page": (filled(place, b"<html><body>404 Not Found</body></html>"), unread),
        "a pointer": (filled(place, b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"), unread),
        "an archive": (filled(place, b"PK\x03\x04" + bytes(60)), unread),
        "a bomb": (filled(place, bomb()), unread),
        "JPEG under another name": (
            filled(place, as_format("JPEG", pixels.astype(np.uint8))), f"{place}: a JPEG file blurs what its pixels"
        ),
        "WebP under another name": (
            filled(place, as_format("WEBP", COLOURS)), f"{place}: a WEBP file blurs what its pixels"
        ),
        "a link to nothing": (linked_to_nothing(place), f"{place}: there is no such file"),
    }  # fmt: skip


def of_folders(first: str, second: str) -> dict[str, tuple[Change, str]]:
    """What may be wrong with names; the masks are called `first` and `second`."""
    return {
        "a mask of no picture": (
            lambda root: shutil.copy(root / first, root / "masks" / "z.png"), "masks/z.png: this mask has no picture"
        ),
        "a picture without a mask": (
            lambda root: picture(root / "images" / "z.jpg"), "images/z.jpg: this picture has no mask"
        ),
        "two pictures called alike": (
            lambda root: picture(root / "images" / "a.png"), "images/a.png: its name is that of a.jpg but for ending"
        ),
        "a list names no picture": (
            lambda root: (root / "train.txt").write_text("a\nb\nz\n"), "train.txt line 3: there is no picture z"
        ),
        "the folder of a mask in the place of it": (
            lambda root: (gone(second)(root), (root / second).mkdir()), "images/b.jpg: this picture has no mask"
        ),
    }  # fmt: skip


def fractions(value: float) -> np.ndarray:
    """(H, W) floats, one of them of this value."""
    pixels = INDEX.astype(np.float32)
    pixels[0, 0] = value
    return pixels


def of_floats(place: str, least: str) -> dict[str, tuple[Change, str]]:
    """Numbers that are no whole ones; `least` is said of one below 0."""
    floats = str(Path(place).with_suffix(".tif"))
    return {
        "a fraction": (put(floats, fractions(0.9)), f"{floats}: its pixels hold 0.9, and those of a mask are whole"),
        "NaN": (put(floats, fractions(np.nan)), f"{floats}: its pixels hold nan, and those of a mask are whole"),
        "infinite": (put(floats, fractions(np.inf)), f"{floats}: its pixels hold inf, and those of a mask are whole"),
        "beyond all numbers": (put(floats, fractions(1e30)), f"{floats}: its pixels hold 1e+30, and"),
        "a float below 0": (put(floats, fractions(-1)), f"{floats}: {least}"),
        "a number below 0": (put(floats, -INDEX.astype(np.int32)), f"{floats}: its pixels hold the number -2"),
    }


# -- masks of classes ----------------------------------------------------------------------------------------------

A, B = "masks/a.png", "masks/b.png"
NO_MASK = "images/a.jpg: this picture has no mask"


def changed(value: Any, pixels: np.ndarray = INDEX) -> np.ndarray:
    """The pixels with one of another value."""
    own = pixels.copy()
    own[0, 0] = value
    return own


OF_NO_CLASS = f"{A}: 1 pixels are of no class of the class file, e.g. the "
INDEX_MASKS = {
    **of_any_mask(A, INDEX, NO_MASK),
    **of_folders(A, B),
    **of_floats(A, "its pixels hold the number -1, and the classes"),
    "two masks of a picture": (
        lambda root: mask(root / "masks" / "a.bmp", INDEX), f"{A}: its name is that of a.bmp but for ending"
    ),
    "value of no class": (put(A, changed(7)), OF_NO_CLASS + "value 7"),
    "the largest value": (put(A, changed(254)), OF_NO_CLASS + "value 254"),
    "16 bits": (put(A, changed(300, INDEX.astype(np.uint16))), f"{A}: its pixels run to 300, and the classes of a"),
    "16 bits of no class": (put(A, changed(9, INDEX.astype(np.uint16))), OF_NO_CLASS + "value 9"),
    "32 bits": (put("masks/a.tif", changed(70_000, INDEX.astype(np.int32))), "masks/a.tif: its pixels run to 70000"),
    "big-endian": (
        put("masks/a.tif", changed(513, INDEX.astype(">u2"))), "masks/a.tif: its pixels run to 513"
    ),
    "scaled to be seen": (put(A, INDEX * 100), f"{A}: 28 pixels are of no class of the class file"),
    "colours": (put(A, COLOURS), "classes.txt: masks are coloured, and it gives no colour for ground"),
    "all ignored": (
        lambda root: (put(A, INDEX * 0 + 255)(root), put(B, INDEX * 0 + 255)(root)), "in all masks every pixel is"
    ),
    "one class alone": (
        lambda root: (put(A, INDEX * 0)(root), put(B, INDEX * 0)(root)), "every pixel is of one class, ground"
    ),
}  # fmt: skip

PALETTE_MASKS = {
    **of_any_mask(A, INDEX, NO_MASK),
    **of_folders(A, B),
    **of_floats(A, "its pixels hold the number -1, and the classes"),
    "another palette": (
        put(A, INDEX, [*PALETTE[:3], 9, 9, 9, *PALETTE[6:]]), "1 is the colour 9, 9, 9 in one, and 128, 0, 0 in an"
    ),
    "a palette turned round": (put(A, INDEX, PALETTE[::-1]), "the palettes of its masks differ: 0 is the colour"),
    "a palette of greys": (
        put(A, INDEX, [value for value in range(256) for _ in range(3)]), "the palettes of its masks differ: 1 is"
    ),
}  # fmt: skip

LEGEND = "ground,0,0,0\nroad,200,0,0\nsky,0,0,200\n"
_near = COLOURS.astype(int) + 1
COLOUR_MASKS = {
    **of_any_mask(A, COLOURS, NO_MASK),
    **of_folders(A, B),
    "colour of no class": (put(A, changed((1, 2, 3), COLOURS)), OF_NO_CLASS + "colour 1, 2, 3"),
    "off by one": (put(A, changed((201, 0, 0), COLOURS)), OF_NO_CLASS + "colour 201, 0, 0"),
    "blue for red": (put(A, np.ascontiguousarray(changed((0, 99, 0), COLOURS)[..., ::-1])), OF_NO_CLASS),
    "all off by one": (put(A, _near.astype(np.uint8)), f"{A}: 96 pixels are of no class of the class file"),
    "numbers": (put(A, INDEX), f"{A}: 28 pixels are of no class of the class file, e.g. the colour 1, 1, 1"),
    "a palette of other colours": (put(A, INDEX, PALETTE), f"{A}: 28 pixels are of no class"),
    "seen through": (
        put(A, np.dstack([changed((9, 9, 9), COLOURS), np.full(SIZE[::-1], 128, np.uint8)])), OF_NO_CLASS
    ),
    "shrunk as a photo": (
        lambda root: Image.fromarray(COLOURS).resize((48, 32)).resize(SIZE).save(root / A), f"{A}: "
    ),
}  # fmt: skip


# -- masks of objects ----------------------------------------------------------------------------------------------

EACH_ITS_OWN = np.arange(1600, dtype=np.uint16).reshape(40, 40)
OBJECT_MASKS = {
    **of_any_mask(A, NUMBERS, NO_MASK),
    **of_folders(A, B),
    **of_floats(A, "its pixels hold the number -1, and those of objects"),
    "two masks of a picture": (
        lambda root: mask(root / "masks" / "a.tif", NUMBERS), "masks/a.tif: its name is that of a.png but for ending"
    ),
    "colours": (put(A, COLOURS), f"{A}: its pixels are colours, and those of a mask of objects are whole"),
    "too many": (
        lambda root: (picture(root / "images" / "a.jpg", (40, 40)), put(A, EACH_ITS_OWN)(root)),
        f"{A}: its pixels hold 1,599 numbers",
    ),
    "a number of no class": (
        lambda root: (root / "classes.csv").write_text("name,value\ncell,1\nnucleus,2\n"),
        f"{A}: its pixels hold the number 7, of no class",
    ),
    "a class file of nothing": (lambda root: (root / "classes.txt").write_text(""), "classes.txt: it names no class"),
}  # fmt: skip

ONE = "masks/a/1.png"


def _one_a_file(root: Path) -> Path:
    _folder(root, 255 * (NUMBERS == 7).astype(np.uint8), place="{}/1")
    return _folder(root, 255 * (NUMBERS == 300).astype(np.uint8), place="{}/2")


_floats = of_floats(ONE, "")
SINGLE_OBJECTS = {
    **of_any_mask(ONE, NUMBERS, ""),
    **{name: _floats[name] for name in ("a fraction", "NaN", "infinite", "beyond all numbers")},
    "none": (gone("masks/a"), NO_MASK),
    "a folder of no picture": (
        lambda root: shutil.copytree(root / "masks/a", root / "masks/z"), "images/a.jpg: this picture has no mask"
    ),
    "colours": (put(ONE, COLOURS), f"{ONE}: its pixels are colours, and those of a mask of objects are whole"),
    "two masks called alike": (
        lambda root: mask(root / "masks/a/1.tif", NUMBERS), "masks/a/1.tif: its name is that of 1.png but for ending"
    ),
    "two pictures called alike": (
        lambda root: picture(root / "images/a.png"), "images/a.png: its name is that of a.jpg but for ending"
    ),
    "a link to nothing beside": (
        lambda root: (root / "masks/b/3.png").symlink_to("nowhere.png"), "masks/b/3.png: there is no such file"
    ),
    "all of one picture's gone": (gone("masks/b"), "images/b.jpg: this picture has no mask"),
    "a picture without a folder": (
        lambda root: picture(root / "images/z.jpg"), "images/z.jpg: this picture has no mask"
    ),
    "a list names no picture": (
        lambda root: (root / "train.txt").write_text("a\nb\nz\n"), "train.txt line 3: there is no picture z"
    ),
}  # fmt: skip


# -- masks of objects beside those of classes, as in Pascal VOC ----------------------------------------------------

OBJECT, CLASS = "SegmentationObject/a.png", "SegmentationClass/a.png"


def _pascal_voc(root: Path) -> Path:
    for name in "ab":
        picture(root / "JPEGImages" / f"{name}.jpg")
        mask(root / "SegmentationObject" / f"{name}.png", INDEX, PALETTE)
        mask(root / "SegmentationClass" / f"{name}.png", INDEX, PALETTE)
    (root / "classes.csv").write_text("background,0\nhorse,1\nperson,2\n")
    return root


def _of_classes(cases: dict[str, tuple[Change, str]]) -> dict[str, tuple[Change, str]]:
    """Cases of the mask of classes that end in its not being read, as said of the mask of objects."""
    marked = {name: change for name, (change, said) in cases.items() if "cannot be read" in said or "blurs" in said}
    return {
        f"{name}, of classes": (change, f"{OBJECT}: {CLASS}, the mask of its classes: ")
        for name, change in marked.items()
    }


OBJECTS_OF_VOC = {
    **of_any_mask(OBJECT, INDEX, "JPEGImages/a.jpg: this picture has no mask"),
    **_of_classes(of_any_mask(CLASS, INDEX, "")),
    "none of classes": (gone(CLASS), f"{OBJECT}: this mask of objects has none of classes"),
    "classes alone": (gone("SegmentationObject"), "SegmentationClass: its masks are of classes, and tell no objects"),
    "classes of another size": (put(CLASS, INDEX[:-1]), f"{OBJECT}: the mask is not of the size of {CLASS}"),
    "an object of no class": (put(CLASS, np.where(INDEX == 2, 0, INDEX)), f"{OBJECT}: object 2 has no class"),
    "an object that is ignored": (put(CLASS, np.where(INDEX == 2, 255, INDEX)), f"{OBJECT}: object 2 has no class"),
    "a class of no name": (put(CLASS, np.where(INDEX == 2, 9, INDEX)), f"{CLASS} holds 9, which is no class of"),
    "colours": (put(OBJECT, COLOURS), f"{OBJECT}: its pixels are colours, and those of a mask of objects are whole"),
}


# -- class files ---------------------------------------------------------------------------------------------------


def legend(text: str | bytes) -> Change:
    """Writes the class file, in the place of the one that is there."""
    content = text.encode() if isinstance(text, str) else text

    def change(root: Path) -> None:
        (root / "classes.txt").unlink()
        (root / "classes.csv").write_bytes(content)

    return change


_NEITHER = "is neither a value nor part of a colour"
_LINE = "classes.csv line 2: "
CLASS_FILES = {
    "empty": (legend(""), "classes.csv: it names no class"),
    "blank lines": (legend("\n \n\t\n"), "classes.csv: it names no class"),
    "remarks alone": (legend("# classes\n# 0 ground\n"), "classes.csv: it names no class"),
    "a header alone": (legend("name,value\n"), "classes.csv: it names no class"),
    "a header of colours alone": (legend("name,r,g,b\n"), "classes.csv: it names no class"),
    "another header alone": (legend("Pixel Value, Class\n"), "classes.csv: it names no class"),
    "two numbers": (legend("ground,0\nroad,1,2\n"), _LINE + "2 numbers are neither a value (1) nor a colour (3)"),
    "five numbers": (legend("ground,0\nroad,1,2,3,4,5\n"), _LINE + "5 numbers are neither"),
    "above 255": (legend("ground,0\nroad,256\n"), _LINE + f"256 {_NEITHER}"),
    "a colour above 255": (legend("ground,0,0,0\nroad,300,0,0\n"), _LINE + f"300 {_NEITHER}"),
    "below 0": (legend("ground,0\nroad,-1\n"), _LINE + f"-1 {_NEITHER}"),
    "a colour below 0": (legend("ground,0,0,0\nroad,0,-5,0\n"), _LINE + f"-5 {_NEITHER}"),
    "a fraction": (legend("ground,0\nroad,0.5\n"), _LINE + f"0.5 {_NEITHER}"),
    "shares of colours": (legend("ground,0,0,0\nroad,1.0,0.5,0\n"), _LINE + f"1.0 {_NEITHER}"),
    "endless": (legend("ground,0\nroad," + "9" * 5000 + "\n"), _LINE + "9999"),
    "no name": (legend("ground,0\n1\n"), _LINE + "a class without a name"),
    "a colour without a name": (legend("ground,0,0,0\n9,9,9\n"), _LINE + "a class without a name"),
    "an empty name": (legend("ground,0\n'',1\n"), _LINE + "a class without a name"),
    "numbers alone": (legend("0\n1\n2\n"), "classes.csv line 1: a class without a name"),
    "a name twice": (legend("ground,0\nroad,1\nground,2\n"), "classes.csv: the name ground stands there twice"),
    "a value twice": (legend("ground,0\nroad,1\nsky,1\n"), "classes.csv: the value 1 stands there twice"),
    "a colour twice": (legend("ground,0,0,0\nroad,0,0,0\n"), "classes.csv: the colour 0, 0, 0 stands there twice"),
    "an archive": (legend(b"PK\x03\x04abc"), "classes.csv: it is no text but an Excel workbook or a zip archive"),
    "a packed file": (legend(b"\x1f\x8b\x08\x00abc"), "classes.csv: it is no text but a gzip archive"),
    "bytes": (legend(bytes(range(1, 256))), "classes.csv line 1: byte 0 is 0x01, which no text has"),
    "a picture": (legend(as_format("PNG", INDEX)), "classes.csv line "),
    "no UTF-8": (legend(b"ground,0\nr\xf6ad,1\n"), _LINE + "byte "),
    "a NUL": (legend("ground,0\nro\0ad,1\n"), _LINE + "a NUL character"),
    "too few": (legend("ground,0\nroad,1\n"), f"{A}: 12 pixels are of no class of the class file, e.g. the value 2"),
    "counted from 1": (legend("ground,1\nroad,2\nsky,3\n"), f"{A}: 68 pixels are of no class"),
    "void alone": (legend("void,0\nignore,1\nunlabelled,2\n"), "in all masks every pixel is ignored"),
    "a page": (legend("<html>\n<body>404</body>\n</html>\n"), "classes.csv line 1: this is a page, not a list"),
}

FORMATS = {
    "index masks": Broken(lambda root: _folder(root, INDEX, "ground\nroad\nsky\n"), INDEX_MASKS),
    "palette masks": Broken(lambda root: _folder(root, INDEX, palette=PALETTE), PALETTE_MASKS),
    "colour masks": Broken(lambda root: _folder(root, COLOURS, LEGEND), COLOUR_MASKS),
    "class files of masks": Broken(lambda root: _folder(root, INDEX, "ground\nroad\nsky\n"), CLASS_FILES),
    "masks of objects": Broken(lambda root: _folder(root, NUMBERS), OBJECT_MASKS, asked={"objects": True}),
    "a mask for each object": Broken(_one_a_file, SINGLE_OBJECTS),
    "objects of Pascal VOC": Broken(_pascal_voc, OBJECTS_OF_VOC, asked={"objects": True, "outlined": True}),
}
