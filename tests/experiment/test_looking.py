"""Evidence from before training: complete, remembered, shared with the fit, and silent about what a task has not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.core.errors import InputError
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.modalities.image import Image
from headstart.diagnosis import Examination
from headstart.diagnosis.base import Evidence
from headstart.experiment.bench import choose_backbone, lay_out
from headstart.experiment.examination.looking import look_before, look_deeper
from headstart.experiment.material import find, prepare
from headstart.frozen.holdings import store_folder
from small_world import PROBE, texts

QUIET = Progress(quiet=True)


def looked(data: object, folder: Path, backbone: str = "tiny_resnet", allowed: float = 60.0, **more: str) -> Evidence:
    spec = FitSpec(data, backbone=backbone, engine="eager", **more)
    found = find(spec, QUIET)
    stopwatch = Stopwatch()
    network, material = choose_backbone(spec, found, QUIET), prepare(found, spec, stopwatch, QUIET)
    bench = lay_out(spec, material, network, stopwatch, QUIET, folder)
    return look_deeper(look_before(material), material, network, bench, allowed)()


@pytest.fixture
def cache(at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that is empty."""
    monkeypatch.setenv("HEADSTART_CACHE", str(at_hand / "cache"))
    return at_hand / "cache"


def test_images(photos: Path, cache: Path) -> None:
    evidence = looked(photos, cache.parent)
    sizes = {name: len(ids) for name, ids in evidence.ids.items()}
    assert sizes == {"train": 27, "validation": 7, "test": 8}
    for name, count in sizes.items():
        assert evidence.features[name].shape == (count, 16)
        assert evidence.sketches[name].shape == (count, 256)
        assert all(values.shape == (count,) for values in evidence.traits[name].values())
        np.testing.assert_array_equal(evidence.traits[name]["width"], 40)
        assert [Path(i).parent.name for i in evidence.ids[name]] == evidence.targets[name] == evidence.strata[name]
    assert evidence.labels == ["apple", "lime", "plum"]
    assert set(evidence.probabilities) == {"train", "validation"}  # the targets of the test split are for the end
    hits: list[bool] = []
    for name, p in evidence.probabilities.items():
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
        hits += [
            evidence.labels[i] == target for i, target in zip(p.argmax(axis=1), evidence.targets[name], strict=True)
        ]
    assert np.mean(hits) > 0.8  # three colours, which any network tells apart
    assert not evidence.figures
    assert not evidence.normalised
    assert evidence.given == []


def test_texts_with_groups_and_a_given_split(cache: Path) -> None:
    rows = ["text,topic,author,split"]
    rows += [
        f"{text},{topic},a{i % 15},{'test' if i % 15 < 3 else 'train'}" for i, (text, topic) in enumerate(texts(45))
    ]
    Path("t.csv").write_text("\n".join(rows))
    evidence = looked("t.csv", cache.parent, "tiny_bert", target="topic", group="author")
    assert evidence.given == ["train", "test"]
    assert set(evidence.groups["test"]) == {"a0", "a1", "a2"}
    assert len(set(evidence.normalised["train"])) == len(evidence.ids["train"])
    assert not evidence.sketches
    assert evidence.traits["train"]["words"].tolist() == [7.0] * len(evidence.ids["train"])


def test_what_is_learnt_from_knows_its_relatives(cache: Path) -> None:
    """Of every author's texts, which stay in one split, and of no other's."""
    spec = FitSpec("t.csv", target="topic", group="author", backbone="tiny_bert", engine="eager")
    rows = [f"{text},{topic},a{i % 15}" for i, (text, topic) in enumerate(texts(45))]
    Path("t.csv").write_text("\n".join(["text,topic,author", *rows]))
    found, stopwatch = find(spec, QUIET), Stopwatch()
    network, material = choose_backbone(spec, found, QUIET), prepare(found, spec, stopwatch, QUIET)
    bench = lay_out(spec, material, network, stopwatch, QUIET, cache.parent)
    units = bench.whole().train.units
    authors = [(material.examples.groups or [])[row] for row in [*material.split.train, *material.split.validation]]
    assert units is not None
    assert len(set(zip(units.tolist(), authors, strict=True))) == len(set(authors)) == len(set(units.tolist()))


def test_numbers_have_no_probabilities(cache: Path) -> None:
    inputs = [text for text, _ in texts(45)]
    evidence = looked((inputs, [float(i) * 1.7 for i in range(45)]), cache.parent, "tiny_bert", task="regression")
    assert not evidence.probabilities
    assert evidence.labels == []
    assert evidence.features["train"].shape[1] == 32


def test_heads_that_would_take_too_long_are_left_out(photos: Path, cache: Path) -> None:
    evidence = looked(photos, cache.parent, allowed=0.0)
    assert evidence.features
    assert not evidence.probabilities


def test_looks_are_remembered_by_content(photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(folder: str) -> Evidence:
        spec = FitSpec(folder)
        return look_before(prepare(find(spec, QUIET), spec, Stopwatch(), QUIET))

    shutil.copytree(photos, "one")
    first = seen("one")
    Path("one").rename("two")
    monkeypatch.setattr(Image, "look", None)  # another look would fail
    second = seen("two")
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(first.sketches[name], second.sketches[name])
        for trait, values in first.traits[name].items():
            np.testing.assert_array_equal(values, second.traits[name][trait])


def test_an_input_that_vanishes_is_named(photos: Path, cache: Path) -> None:
    shutil.copytree(photos, "photos")
    spec = FitSpec("photos")
    material = prepare(find(spec, QUIET), spec, Stopwatch(), QUIET)
    assert look_before(material).sketches
    shutil.rmtree(store_folder())  # as another process may, at any time
    assert look_before(material).sketches
    Path("photos/lime/03.png").unlink()
    with pytest.raises(InputError, match=r"lime/03\.png: there is no such file"):
        look_before(material)


def test_a_fit_reads_the_features_that_a_check_left(photos: Path, cache: Path) -> None:
    headstart.check(photos, backbone="tiny_resnet", engine="eager", quiet=True)
    stored = sorted(cache.rglob("segment-*"))
    model = headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], engine="eager", quiet=True)
    assert stored
    left = set(cache.rglob("segment-*"))
    assert left.issuperset(stored)
    assert len({segment.parent for segment in left.difference(stored)}) == 1, "the report's small pictures alone"
    assert len(model.result.engines) <= 1, "nothing was run but the network with random weights, to compare with"


def test_a_fit_examines_before_and_after_training_and_says_what_is_serious_first(
    photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(photos, "photos")
    for number in range(4):  # the same picture as two fruits
        shutil.copy(f"photos/lime/{number:02}.png", f"photos/plum/again{number}.png")
    told: list[Evidence] = []
    findings = Examination.findings
    monkeypatch.setattr(Examination, "findings", lambda self, *given: told.append(given[0]) or findings(self, *given))
    model = headstart.fit("photos", backbone="tiny_resnet", strategy=PROBE[1], engine="eager")
    said = capsys.readouterr().err
    assert said.index("  serious: ") < said.index("  feature_extraction: ")
    early, before, after = told
    assert not early.features  # while they are computed
    assert before.features
    assert not before.figures
    assert set(after.figures) == {"train", "validation", "test"}
    assert after.sketches is before.sketches
    named = [finding.diagnosis for finding in model.result.findings]
    assert "label_conflicts" in named
    assert named.count("label_conflicts") == 1
