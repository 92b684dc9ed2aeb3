"""The forms that the chest X-rays are written in hold the pixels that they are written from."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.modalities.image import Image as Images

pytestmark = pytest.mark.usefixtures("benchmarks")


def test_every_form_decodes_to_the_same_pixels(tmp_path: Path) -> None:
    pytest.importorskip("pydicom", reason="the extra medical is not installed")
    chest = importlib.import_module("dense_lines.chest")
    for number in range(4):
        place = tmp_path / "source" / ("train", "test")[number % 2] / "a"
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (8, 6, 1), np.uint8).repeat(8, 0).repeat(8, 1)
        Image.fromarray(pixels[:, :, 0]).save(place / f"{number}.jpg", quality=95)
    decoded = {}
    for form, write in chest.FORMS.items():
        folder = chest.written(tmp_path / "source", tmp_path / form, write)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        assert [path.parent.relative_to(folder).as_posix() for path in paths] == ["test/a"] * 2 + ["train/a"] * 2
        decoded[form] = np.stack([np.asarray(Images().decode(path), dtype=np.float64) for path in paths])
    for form in ("16-bit PNG", "DICOM"):
        np.testing.assert_allclose(decoded[form], decoded["images"], atol=1e-3)


def test_noise_is_half_an_interval_and_every_group_of_rows_is_listed() -> None:
    dense, bounds = importlib.import_module("dense"), importlib.import_module("bounds")
    chest = importlib.import_module("dense_lines.chest")
    assert "chest" in dense.LINES
    assert not any(name.startswith("_") for name in dense.LINES)
    bound = chest._noise((0.9, 0.8, 0.94))  # half of 0.14 on either side
    assert bound == "0.830 to 0.970"
    assert [bounds.holds(bound, value) for value in (0.829, 0.83, 0.97, 0.971)] == [False, True, True, False]


def test_only_sets_and_starts_that_a_measurement_can_take_are_asked_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dense = importlib.import_module("dense")

    def asked(*options: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        monkeypatch.setattr("sys.argv", ["dense.py", *options])
        given = dense._arguments()
        return given.sets, given.starts

    assert asked() == ((), ())
    assert asked("--sets", "camvid, raccoon") == (("camvid", "raccoon"), ())
    assert asked("--only", "frozen_once", "--sets", "raccoon", "--starts", "SSD") == (("raccoon",), ("SSD",))
    for refused in (("--only", "masks", "--sets", "raccoon"), ("--only", "masks", "--starts", "SSD")):
        with pytest.raises(SystemExit):
            asked(*refused)
        assert f"unknown {refused[2][2:]}: {refused[3]}" in capsys.readouterr().err


def test_several_seeds_are_judged_by_their_mean_and_one_by_itself() -> None:
    module = importlib.import_module("dense_lines._over_seeds")
    alone = module.OverSeeds(1)
    assert alone.row("gain", "raccoon", 0, "map", 0.1, "> 0")["must"] == "> 0"
    assert list(alone.means()) == []
    gains = module.OverSeeds(3)
    for seed, (value, low) in enumerate([(0.1, -0.2), (0.2, 0.0), (0.6, 0.3)]):
        row = gains.row("gain", "raccoon", seed, "map", value, "> 0", low=low)
        assert (row["value"], row["must"]) == (low, "")
    (mean,), (lowest,) = gains.means(), gains.means(low=True)
    # 4.303 √(0.07 / 3): Student's t for 2 degrees of freedom, from a table
    assert (mean["seed"], mean["must"], mean["value"]) == ("mean", "> 0", pytest.approx(0.3))
    assert lowest["value"] == pytest.approx(0.3 - 4.3027 * (0.07 / 3) ** 0.5, abs=1e-4)


def test_broken_files_that_are_told_are_counted_and_tracebacks_too(tmp_path: Path) -> None:
    broken = importlib.import_module("dense_lines.broken")
    files = importlib.import_module("broken_files")

    def fall(root: Path) -> None:
        raise ZeroDivisionError(str(root))

    def sound(root: Path) -> Path:
        root.mkdir(parents=True)
        return root

    nothing = "is an empty folder"
    cases = {"told": (Path.exists, nothing), "otherwise": (Path.exists, "a.png"), "fell": (fall, nothing)}
    rows = list(broken._counted("none", files.Broken(sound, cases), tmp_path))
    assert [(row["figure"], row["value"], row["must"]) for row in rows] == [
        ("files", 3, ">= 30"), ("each a clear message", 1, ">= 3"), ("tracebacks", 1, "<= 0"),
    ]  # fmt: skip
    assert rows[-1]["note"] == "fell: ZeroDivisionError"
    assert {"COCO JSON", "index masks"} <= {name for maker in broken.MAKERS for name in broken._module(maker).FORMATS}
