"""The generated pictures: as many as asked for, all different, repeatable, of classes that can be told."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "generated.py"


@pytest.fixture(scope="module")
def generated() -> ModuleType:
    found = importlib.util.spec_from_file_location("generated", SOURCE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    module.BASES_EACH = 1  # of thirty; the rest would only take time
    return module


@pytest.fixture(scope="module")
def folder(generated: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated.write(tmp_path_factory.mktemp("sets") / "made", 40)


def contents(folder: Path) -> dict[str, str]:
    paths = sorted(folder.glob("*/*/*.jpg"))
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def test_all_classes_are_in_both_splits_equally_often(generated: ModuleType, folder: Path) -> None:
    for split, each in (("train", 4), ("test", 1)):  # 40 pictures, 8 classes, a fifth for the test
        counted = {d.name: len(list(d.iterdir())) for d in (folder / split).iterdir()}
        assert counted == dict.fromkeys(generated.CLASSES, each)


def test_no_two_files_are_the_same(folder: Path) -> None:
    assert len(set(contents(folder).values())) == 40


def test_pictures_have_about_the_promised_size(folder: Path) -> None:
    for path in folder.glob("*/*/*.jpg"):
        with Image.open(path) as picture:
            assert picture.format == "JPEG"
            assert 460 <= picture.width <= 600
            assert 360 <= picture.height <= 480


def test_the_same_seed_writes_the_same_bytes(generated: ModuleType, folder: Path, tmp_path: Path) -> None:
    assert contents(generated.write(tmp_path / "again", 40)) == contents(folder)
    other = contents(generated.write(tmp_path / "other", 16, seed=1))
    assert len(other) == 16
    assert set(other.values()).isdisjoint(contents(folder).values())


def test_a_finished_folder_is_left_alone_and_a_foreign_one_refused(generated: ModuleType, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert generated.write(folder, 40) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    with pytest.raises(ValueError, match="does not hold 48 generated pictures"):
        generated.write(folder, 48)
    with pytest.raises(ValueError, match="15 pictures are too few for 8 classes"):
        generated.write(folder.with_name("few"), 15)


def test_shapes_cover_the_areas_that_geometry_gives(generated: ModuleType) -> None:
    # In units of the half side r: square 4 r², disc π r², triangle 2 r², cross two bars 2r × 2r/3 less their middle.
    areas = {"square": 4, "disc": np.pi, "triangle": 2, "cross": 2 * 4 / 3 - 4 / 9}
    for shape, area in areas.items():
        mask = np.asarray(generated._mask(shape, np.random.default_rng(0)))
        rows = np.flatnonzero(mask.any(1))
        half = (rows[-1] - rows[0]) / 2
        assert (mask > 0).sum() == pytest.approx(area * half**2, rel=0.04), shape


def test_coarse_stripes_are_wider_than_fine_ones(generated: ModuleType) -> None:
    changes = {}
    for grain, half_period in generated.GRAINS.items():
        stripes = generated._stripes(half_period, np.random.default_rng(0))[..., 0]
        changes[grain] = np.count_nonzero(np.diff(stripes, axis=0)) + np.count_nonzero(np.diff(stripes, axis=1))
    assert changes["fine"] / changes["coarse"] == pytest.approx(9 / 3, rel=0.05)
