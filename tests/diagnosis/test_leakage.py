"""Leakage: exact copies counted by hand, near copies planted in made pictures."""

import numpy as np
import pytest
from PIL import Image

from diagnosis.made import evidence, pictures, sketch
from headstart.diagnosis.leakage import Leakage


def test_copies_are_counted_per_split():
    prints = {"train": ["p", "q"], "validation": ["r", "p"], "test": ["r", "q", *[f"s{i}" for i in range(198)]]}
    in_validation, in_test = Leakage().examine(evidence(fingerprints=prints))
    assert in_validation.severity == "serious"
    assert in_validation.summary.startswith("1 validation example of 2 (50.0 %) also occurs in train (1 exactly),")
    assert "e.g. validation-1 and train-0" in in_validation.summary
    assert in_test.severity == "warning"  # 2 of 200 is exactly 1 %
    assert "2 test examples of 200 (1.0 %) also occur in train or validation" in in_test.summary
    assert {example.id for example in in_test.examples} == {"test-0", "test-1"}


def test_each_example_names_what_it_is_like_among_those_learned_from():
    prints = {"train": ["p", "q"], "validation": ["r"], "test": ["s", "r", "r", "q"]}
    (finding,) = Leakage().examine(evidence(fingerprints=prints))
    notes = {example.id: example.note for example in finding.examples}
    assert notes == {"test-1": "like validation-0", "test-2": "like validation-0", "test-3": "like train-1"}


def test_copies_within_one_split_do_not_leak():
    assert Leakage().examine(evidence(fingerprints={"train": ["p", "p"], "test": ["q", "q"]})) == []


def test_texts_of_the_same_words():
    found = evidence(
        fingerprints={"train": ["p", "q"], "test": ["r", "s"]}, normalised={"train": ["m", "n"], "test": ["n", "o"]}
    )
    (finding,) = Leakage().examine(found)
    assert [(example.id, example.score) for example in finding.examples] == [("test-0", 1.0)]
    assert "(1 nearly)" in finding.summary


def cut(picture, left, top, right, bottom):
    """The part that is left, as 80 x 80 means."""
    height, width = picture.shape
    part = Image.fromarray(np.ascontiguousarray(picture, dtype=np.float32))
    box = (left, top, width - right, height - bottom)
    return np.asarray(part.resize((80, 80), Image.Resampling.BILINEAR, box=box))


@pytest.fixture(scope="module")
def whole():
    return pictures(60, side=160)


COPIES = {
    "noise": lambda p: p + 0.05 * p.std() * np.random.default_rng(1).standard_normal(p.shape),
    "darker": lambda p: 0.5 * p + 3,
    "mirrored": lambda p: p[:, ::-1],
    "cropped at a corner": lambda p: cut(p, 8, 8, 0, 0),
    "cropped all around": lambda p: cut(p, 4, 4, 4, 4),
    "cropped and mirrored": lambda p: cut(p, 0, 8, 8, 0)[:, ::-1],
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("side", ["train", "test"])
def test_near_copies_of_pictures(change, side, whole):
    """10 of 20 test pictures of 160 x 160 have a changed copy in train; whichever side was changed."""
    plain = np.stack([sketch(cut(picture, 0, 0, 0, 0)) for picture in whole])
    changed = np.stack([sketch(cut(change(picture), 0, 0, 0, 0)) for picture in whole[:10]])
    copied = {"train": (changed, plain[:10]), "test": (plain[:10], changed)}[side]
    sketches = {"train": np.concatenate([plain[20:], copied[0]]), "test": np.concatenate([copied[1], plain[10:20]])}
    prints = {split: [f"{split}{i}" for i in range(len(own))] for split, own in sketches.items()}
    (finding,) = Leakage().examine(evidence(fingerprints=prints, sketches=sketches))
    assert {example.id for example in finding.examples} == {f"test-{i}" for i in range(10)}
    assert "(10 nearly)" in finding.summary


def test_pictures_that_show_nothing_are_no_copies():
    blank = {"train": np.zeros((5, 256), np.float32), "test": np.zeros((5, 256), np.float32)}
    prints = {split: [f"{split}{i}" for i in range(5)] for split in blank}
    assert Leakage().examine(evidence(fingerprints=prints, sketches=blank)) == []


def test_features_that_differ_speak_against_a_doubtful_likeness():
    """Two pictures whose sketches correlate by about 0.975 are believed to be one only if their features are near."""
    base, other = pictures(2, seed=3)
    near = base / base.std() + 0.17 * other / other.std()
    strangers = pictures(30, seed=4)
    sketches = {"train": np.stack([sketch(p) for p in (base, *strangers)]), "test": sketch(near)[None]}
    prints = {split: [f"{split}{i}" for i in range(len(own))] for split, own in sketches.items()}
    features = np.random.default_rng(0).standard_normal((32, 64))
    apart = {"train": features[:31], "test": -features[:1]}
    together = {"train": features[:31], "test": features[:1] + 0.01}
    assert Leakage().examine(evidence(fingerprints=prints, sketches=sketches))
    assert Leakage().examine(evidence(fingerprints=prints, sketches=sketches, features=together))
    assert Leakage().examine(evidence(fingerprints=prints, sketches=sketches, features=apart)) == []
