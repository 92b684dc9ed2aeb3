"""Words on a picture of boxes: each can be read, and stands within the picture."""

from __future__ import annotations

import numpy as np
import PIL.Image

from headstart.delivery.tags import Tags

COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff")
SIDE = 120


def strips(boxes: list[tuple[float, float, float, float]]) -> list[int]:
    """Pixels of the colour of each tag, written one after the other."""
    picture = PIL.Image.new("RGB", (SIDE, SIDE))
    tags = Tags(picture)
    for box, colour in zip(boxes, COLOURS, strict=False):
        tags.write(box, "cat 0.90", colour)
    pixels = np.asarray(picture)
    wanted = [PIL.Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for colour in COLOURS[: len(boxes)]]
    return [int((pixels == colour).all(axis=2).sum()) for colour in wanted]


def test_tags_of_one_box_take_its_corners_in_turn_and_then_none() -> None:
    first, second, third, fourth, fifth = strips([(5, 20, 115, 100)] * 5)
    assert first > 100
    assert second == third == fourth == first
    assert fifth == 0


def test_a_tag_at_the_border_is_moved_into_the_picture() -> None:
    whole, moved = strips([(5, 20, 60, 60), (115, 100, 119, 119)])
    assert moved == whole
