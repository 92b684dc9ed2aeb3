"""Outlines as bitmaps, grids and run lengths, as pycocotools has them."""

from __future__ import annotations

import numpy as np
import pytest

from coloured_objects import SIDE
from headstart.core.boxes import Box, Outline
from headstart.core.outlines import compressed, covered, decompressed, outline_problem, run_lengths, runs_of, unrolled
from outlined_shapes import bitmap_of, polygon_of


def blobs(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.random((37, 53)) < random.random()


@pytest.mark.parametrize("bitmap", [*map(blobs, range(6)), np.zeros((4, 5), bool), np.ones((4, 5), bool)])
def test_run_lengths_come_back(bitmap: np.ndarray) -> None:
    counts, size = run_lengths(bitmap), bitmap.shape[::-1]
    assert sum(counts) == bitmap.size
    np.testing.assert_array_equal(unrolled(counts, size), bitmap)
    assert decompressed(compressed(counts)) == counts
    assert runs_of(Outline(counts=compressed(counts), size=size)) == counts


@pytest.mark.parametrize("seed", range(4))
def test_run_lengths_are_those_of_pycocotools(seed: int) -> None:
    mask = pytest.importorskip("pycocotools.mask", reason="the extra detection is not installed")
    bitmap = blobs(seed)
    theirs = mask.encode(np.asfortranarray(bitmap.astype(np.uint8)))["counts"].decode()
    assert compressed(run_lengths(bitmap)) == theirs
    np.testing.assert_array_equal(unrolled(decompressed(theirs), bitmap.shape[::-1]), bitmap)


def test_a_known_text_is_read() -> None:
    # 3 columns of 2: 0 1 | 1 1 | 0 0, by hand: runs 1, 3, 2
    assert compressed([1, 3, 2]) == "132"
    assert decompressed("132") == [1, 3, 2]
    np.testing.assert_array_equal(unrolled([1, 3, 2], (3, 2)), [[0, 1, 0], [1, 1, 0]])


@pytest.mark.parametrize("kind", ["disc", "triangle"])
def test_a_polygon_and_its_run_lengths_cover_the_same(kind: str) -> None:
    polygon = polygon_of(kind, 20, 30, 60)
    bitmap = bitmap_of(polygon)
    edges = (20.0, 30.0, 80.0, 90.0)
    drawn = covered(Box(*edges, kind, outline=Outline(polygons=(tuple(polygon),))), 30) / 255
    runs = Outline(counts=tuple(run_lengths(bitmap)), size=(SIDE, SIDE))
    counted = covered(Box(*edges, kind, outline=runs), 30) / 255
    # a cell is 2 × 2 pixels: only those on the edge may differ, by what of their pixels is cut
    assert np.abs(drawn - counted).max() <= 0.5
    assert np.abs(drawn.mean() - counted.mean()) < 0.01
    assert drawn.mean() == pytest.approx(np.pi / 4 if kind == "disc" else 0.5, abs=0.02)


@pytest.mark.parametrize(
    ("outline", "what"),
    [
        (Outline(counts=(1, 2), size=(3, 2)), "do not add up to the 3×2 pixels"),
        (Outline(counts="13", size=(3, 2)), "do not add up to the 3×2 pixels"),
        (Outline(counts="1 3", size=(3, 2)), "hold ' ', which no compressed number has"),
        (Outline(counts="1e", size=(3, 2)), "end in the middle of a number"),
        (Outline(counts=(6,), size=(3, 2)), "covers nothing of its box"),
        (Outline(counts=(2, 2), size=(2, 2)), "are of 2×2 pixels, and the picture has 3×2"),
        (Outline(polygons=((50.0, 50.0, 60.0, 50.0, 60.0, 60.0),)), "covers nothing of its box"),
        (Outline(polygons=((0.0, 0.0, float("nan"), 1.0, 1.0, 1.0),)), "not a finite number"),
        (None, "it has no outline"),
    ],
)
def test_what_is_no_outline_is_said(outline: Outline | None, what: str) -> None:
    assert what in outline_problem(Box(0, 0, 3, 2, "cat", outline=outline), (3, 2))


def test_a_sound_outline_has_no_problem() -> None:
    square = Outline(polygons=((0.0, 0.0, 3.0, 0.0, 3.0, 2.0, 0.0, 2.0),))
    assert not outline_problem(Box(0, 0, 3, 2, "cat", outline=square), (3, 2))
