"""The measures of the planted faults against hand computation."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import PIL.Image
import pytest
from scipy.stats import binom

pytestmark = pytest.mark.usefixtures("benchmarks")


def measurement(name: str) -> ModuleType:
    return importlib.import_module(f"planted.{name}")


def test_every_measurement_can_be_asked_for(benchmarks: Path) -> None:
    names = [path.stem for path in (benchmarks / "planted").glob("[!_]*.py")]
    assert len(names) >= 11  # a row of the table each, at least
    for name in names:
        assert callable(measurement(name).measure)


def test_average_precision() -> None:
    """Wrong are 7, 3, 9; hits at places 1 and 3, one missed: (1/1 + 2/3) / 3."""
    assert measurement("label_errors").average_precision([7, 1, 3], {7, 3, 9}) == pytest.approx(5 / 9)


def test_a_twentieth_of_the_labels_is_flipped_to_another() -> None:
    labels = ["a", "b", "c", "d"] * 10
    changed, places = measurement("label_errors").flip(labels, 0)
    assert len(places) == 2
    assert {i for i in range(40) if changed[i] != labels[i]} == places


def test_the_calibration_error() -> None:
    """Two of confidence 0.9, one right, and two of 0.6, both right: (2 |0.5 - 0.9| + 2 |1 - 0.6|) / 4 = 0.4."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    assert measurement("calibration").error(probabilities, np.array([0, 1, 0, 0])) == pytest.approx(0.4)


def test_an_error_that_is_chance_alone() -> None:
    """Always sure and right: none. One of 0.8: 0.2 in 8 cases of 10, else 0.8, which makes 0.32 on average."""
    by_chance = measurement("calibration").by_chance
    assert by_chance(np.array([[1.0, 0.0]] * 5)) == 0
    assert by_chance(np.array([[0.8, 0.2]])) == pytest.approx(0.32, abs=0.05)
    many, few = (by_chance(np.array([[0.8, 0.2]] * count)) for count in (1000, 10))
    assert many < few


def test_the_interval_of_coverage_is_binomial_where_the_bar_is_known_well() -> None:
    low, high = measurement("conformal").interval(10**7, 200)
    expected = binom(200, 0.9).ppf([0.025, 0.975]) / 200
    assert (low, high) == pytest.approx(tuple(expected))


def test_the_plain_binomial_interval_stands_beside_it() -> None:
    conformal = measurement("conformal")
    low, high = conformal.binomial(500)
    assert (low, high) == pytest.approx(tuple(binom(500, 0.9).ppf([0.025, 0.975]) / 500))
    wide = conformal.interval(100, 500)
    assert wide[0] < low < high < wide[1]
    assert conformal.noted(0.9, 500) == f"binomial {low:.3f} to {high:.3f}: inside"
    assert conformal.noted(0.95, 500).endswith("outside")


def test_what_is_dealt_anew_keeps_sizes_classes_and_examples() -> None:
    """Of 12 and 8 examples, half of them of each class, 4 of each are tested."""
    split = importlib.import_module("sets").Split
    train = split([f"a{i}" for i in range(6)] + [f"b{i}" for i in range(6)], ["a"] * 6 + ["b"] * 6)
    test = split([f"a{i}" for i in range(6, 10)] + [f"b{i}" for i in range(6, 10)], ["a"] * 4 + ["b"] * 4)
    learnt, tested = measurement("dealt_anew").dealt(train, test, 0)
    assert sorted(learnt.inputs + tested.inputs) == sorted(train.inputs + test.inputs)
    assert sorted(tested.labels) == ["a"] * 4 + ["b"] * 4
    assert [name[0] for name in learnt.inputs] == learnt.labels
    assert measurement("dealt_anew").dealt(train, test, 1)[1].inputs != tested.inputs


def test_the_chance_of_an_uneven_split() -> None:
    """Of 4 examples 2 are covered and 2 tested: both covered with 1/6, as is neither; one with 4/6."""
    chance = measurement("given_splits").chance
    covered = np.array([True, True, False, False])
    assert chance(covered, covered) == pytest.approx(2 / 6)
    assert chance(covered, np.array([True, False, True, False])) == pytest.approx(1)


@pytest.mark.parametrize(
    ("must", "figure", "reached"),
    [
        (">= 0.95", 0.95, True),
        (">= 0.95", 0.949, False),
        ("< 1", 1.0, False),
        ("<= 0", 0.0, True),
        ("0.830 to 0.964", 187 / 194, True),
        ("0.830 to 0.964", 0.979, False),
        ("", 3.0, None),
        (None, 3.0, None),
    ],
)
def test_a_bound_is_compared_as_it_is_printed(must: str | None, figure: float, reached: bool | None) -> None:
    bounds, judged_rows = importlib.import_module("bounds"), importlib.import_module("judged_rows")
    assert bounds.holds(must, figure) is reached
    row = {"planted": "p", "set": "s", "seed": 0, "figure": "f", "value": figure, "must": must}
    assert judged_rows.line(row).endswith({True: "yes", False: "NO", None: must or f"{figure:.3f}"}[reached])
    assert judged_rows.tally([True, False, None], 1) == "reached 1 of 2; 1 measurements failed"
    with pytest.raises(ValueError, match="no bound"):
        bounds.holds("much", 1.0)


def test_copies_are_what_they_are_called() -> None:
    duplicates = measurement("duplicates")
    generator = np.random.default_rng(0)
    dark_to_bright = np.linspace(40, 215, 100) + generator.normal(0, 8, (80, 100))
    pixels = np.repeat(dark_to_bright.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    picture = PIL.Image.fromarray(pixels)
    assert lost(pixels[:, ::-1], duplicates.copy(picture, "mirrored", generator)) < 4
    worse = [lost(pixels, duplicates.copy(picture, "re-compressed", generator)) for _ in range(5)]
    assert 0 < min(worse) < max(worse) < 8, "as many qualities as copies, and all of them show the picture"
    assert duplicates.copy(picture, "cropped", generator).size == (95, 76)
    wide, _ = duplicates.copy(picture, "resized", generator).size
    assert 50 <= wide <= 200


def lost(wanted: np.ndarray, copied: PIL.Image.Image) -> float:
    """The mean difference of two pictures of the same size."""
    assert copied.size == (wanted.shape[1], wanted.shape[0])
    return float(np.abs(np.asarray(copied, dtype=float) - wanted).mean())


def test_half_recall_and_precision_of_copies() -> None:
    found = dict(
        measurement("duplicates")._figures({1, 2, 5}, {1: "resized", 3: "cropped", 5: "resized", 7: "cropped"})
    )
    assert found["recall"] == 0.5
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall, resized"] == 1
    assert found["recall, cropped"] == 0


@pytest.mark.parametrize("kind", ["vehicles", "chest_xray"])
def test_groups_are_named_as_people_do_and_written_each_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = measurement("groups")
    monkeypatch.setattr(groups, "GROUPS", 12)
    monkeypatch.setattr(groups, "STRAYS", 3)
    inputs = [tmp_path / f"{i}.png" for i in range(15)]
    for i, path in enumerate(inputs):
        PIL.Image.new("RGB", (40, 30), (i, i, i)).save(path)
    planted = groups.plant([str(path) for path in inputs], ["a", "b", "c"] * 5, kind, np.random.default_rng(0))
    sizes = np.bincount(planted.groups)
    assert len(sizes) == 15
    assert set(sizes[12:]) == {1}
    assert set(sizes[:12]) <= {2, 3, 4, 5, 6}
    assert len({name.rpartition("_")[0] for name in planted.names}) < len(planted.names)
    for order in (None, np.random.default_rng(1).permutation(len(planted.names)).tolist()):
        folder = planted.write(tmp_path / f"written {order is None}", order)
        assert sorted(path.name for path in folder.rglob("*.*")) == sorted(planted.names)
    assert groups._agreement(planted, tmp_path / "written True", None, tmp_path) > 0.9


def test_a_point_in_a_box_and_the_overlap_by_chance() -> None:
    pointing = measurement("pointing")
    assert pointing._inside((10, 10, 20, 30), 15, 25) == 1
    assert pointing._inside((10, 10, 20, 30), 25, 15) == 0
    assert pointing._overlap((0, 0, 10, 10), (5, 5, 20, 20)) == 25


def test_the_ratio_of_falls_has_an_interval_though_nothing_falls_at_random() -> None:
    low, high = measurement("maps")._interval(np.array([[0.2, 0.1], [0.4, 0.0], [0.3, -0.1]]))
    assert low >= 2
    assert high == np.inf
