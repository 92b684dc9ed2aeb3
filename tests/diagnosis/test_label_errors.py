"""Label errors on probabilities that can be reckoned by hand."""

from dataclasses import replace

import numpy as np
import pytest

from headstart.core.statistics import wilson
from headstart.diagnosis._confident_learning import confident_class, share_wrong, suspects
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.label_errors import LabelErrors

HAND = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [0.6, 0.4]])
GIVEN = np.array([0, 0, 0, 1, 1, 1])
# Thresholds: (0.9 + 0.7 + 0.2) / 3 = 0.6 and (0.9 + 0.7 + 0.4) / 3 = 0.667.


def evidence(probabilities, given, labels=("cat", "dog"), split="train"):
    names = [labels[place] for place in given]
    ids = [f"{i}.jpg" for i in range(len(names))]
    return Evidence(
        {split: names}, {split: ids}, {}, {}, {split: names}, {}, "accuracy", {"accuracy": True},
        labels=labels, probabilities={split: np.asarray(probabilities)},
    )  # fmt: skip


def many(count, wrong, sure=0.99):
    """`count` examples of two classes, the head `sure` of all, the labels of the first `wrong` flipped."""
    truth = np.arange(count) % 2
    probabilities = np.where(np.eye(2)[truth] == 1, sure, 1 - sure)
    given = truth.copy()
    given[:wrong] = 1 - given[:wrong]
    return probabilities, given


def test_the_confident_joint_by_hand():
    # The sixth is above the threshold of the first class only by equality, the third above that of the second.
    assert confident_class(HAND, GIVEN).tolist() == [0, 0, 1, 1, 1, 0]
    assert confident_class(np.array([[0.55, 0.45], [0.9, 0.1]]), np.array([0, 0])).tolist() == [-1, 0]


def test_suspects_are_ranked_by_self_confidence():
    assert suspects(HAND, GIVEN, 0.0).tolist() == [2, 5]  # p of the given label 0.2 and 0.4


def test_the_least_self_confident_come_too_but_not_where_the_label_is_likeliest():
    unsure = np.array([[0.5, 0.5], [0.4, 0.6], [0.45, 0.55], [0.6, 0.4]])
    given = np.array([0, 0, 0, 0])
    assert confident_class(unsure, given).tolist() == [0, -1, -1, 0]
    assert suspects(unsure, given, 0.25).tolist() == [1]
    assert suspects(unsure, given, 1.0).tolist() == [1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_the_confident_joint_is_cleanlabs(seed):
    """Reference: cleanlab's ``compute_confident_joint``, where it is installed."""
    count = pytest.importorskip("cleanlab.count")
    random = np.random.default_rng(seed)
    probabilities, given = random.dirichlet(np.ones(4), 200), random.integers(0, 4, 200)
    joint = np.zeros((4, 4), int)
    counted = confident_class(probabilities, given)
    np.add.at(joint, (given[counted >= 0], counted[counted >= 0]), 1)
    assert (joint == count.compute_confident_joint(given, probabilities, calibrate=False)).all()


@pytest.mark.parametrize(
    ("count", "said"),
    # Of the surest quarter, 6 and 100 examples, none is wrong: Wilson's interval ends at 39.0 % and 3.7 %.
    [(24, "How many of 24 labels are wrong cannot be told (none to 37.5 %); "), (400, "Few of 400 labels can be ")],
)
def test_few_are_wrong_only_where_so_many_examples_can_tell(count, said):
    probabilities, given = many(count, 0)
    probabilities[0] = [0.45, 0.55]
    (finding,) = LabelErrors().examine(evidence(probabilities, given))
    assert finding.summary.startswith(said)


def test_the_share_is_that_of_the_surest_quarter_less_its_doubt():
    probabilities, given = many(400, 0, sure=0.8)
    probabilities[:100] = [0.98, 0.02]
    given[:100] = [1] * 10 + [0] * 90
    raw = wilson(10, 100)
    assert share_wrong(probabilities, given) == pytest.approx((0.1 - 0.02, raw.low - 0.02, raw.high))


@pytest.mark.parametrize(("wrong", "severity"), [(0, None), (1, "info"), (6, "warning"), (30, "serious")])
def test_severity_follows_the_share(wrong, severity):
    probabilities, given = many(400, wrong)
    probabilities[:wrong] = np.where(probabilities[:wrong] > 0.5, 0.995, 0.005)  # the surest quarter holds them all
    findings = LabelErrors().examine(evidence(probabilities, given))
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    if findings:
        listed = [example.id for example in findings[0].examples]
        assert sorted(listed, key=lambda name: int(name[:-4])) == [f"{i}.jpg" for i in range(wrong)]
        assert all(example.score == pytest.approx(0.995) for example in findings[0].examples)


def test_the_worst_is_named_with_both_labels():
    (finding,) = LabelErrors().examine(evidence(HAND, GIVEN))
    assert (
        "2.jpg is labelled 'cat' (20 %) and looks like 'dog' (80 %); 5.jpg is labelled 'dog' (40 %)"
        in finding.summary
    )
    assert [(example.id, example.score) for example in finding.examples] == [("2.jpg", 0.8), ("5.jpg", 0.6)]
    assert finding.summary.endswith(".")


def test_several_splits_are_ranked_together():
    known = evidence(HAND, GIVEN)
    both = Evidence(
        targets={"train": known.targets["train"], "validation": ["cat"]},
        ids={"train": known.ids["train"], "validation": ["late.jpg"]},
        fingerprints={}, figures={}, mistakes={}, watched="accuracy", higher_is_better={"accuracy": True},
        strata={"train": known.strata["train"], "validation": ["cat"]},
        labels=known.labels,
        probabilities={**known.probabilities, "validation": np.array([[0.05, 0.95]])},
    )  # fmt: skip
    (finding,) = LabelErrors().examine(both)
    assert finding.examples[0].id == "late.jpg"
    assert all(example.note.startswith("looks like '") for example in finding.examples)


def test_the_only_example_of_a_class_or_those_of_one_group_are_nobodys_suspects():
    """A head that has never seen an elk is sure that the elk is none; two of one herd are held out together."""
    probabilities, given = many(40, wrong=2)
    probabilities, given = np.hstack([probabilities, np.zeros((40, 1))]), np.append(given[:38], [2, 2])
    known = evidence(probabilities, given, ("cat", "dog", "elk"))
    found = {example.id for example in LabelErrors().examine(known)[0].examples}
    assert {"38.jpg", "39.jpg"} <= found
    herd = replace(known, groups={"train": [*known.ids["train"][:38], "herd", "herd"]})
    copies = replace(known, alike={"train": [*known.ids["train"][:38], "a view", "a view"]})
    one = evidence(probabilities[:39], given[:39], ("cat", "dog", "elk"))
    for lonely in (herd, copies, one):
        (finding,) = LabelErrors().examine(lonely)
        assert {example.id for example in finding.examples} == {"0.jpg", "1.jpg"}
        assert "of 38 labels" in finding.summary


def test_it_says_nothing_of_several_labels_or_numbers():
    several = evidence(HAND, GIVEN)
    lists = Evidence(
        {"train": [["cat"]] * 6}, several.ids, {}, {}, several.strata, {}, "accuracy", {"accuracy": True},
        labels=several.labels, probabilities=several.probabilities,
    )  # fmt: skip
    assert LabelErrors().examine(lists) == []
    assert LabelErrors().examine(Evidence({}, {}, {}, {}, {}, {}, "mae", {"mae": False})) == []


def test_a_class_without_examples_is_nobodys_suspect():
    three = np.hstack([HAND * 0.5, np.full((6, 1), 0.5)])
    assert not (confident_class(three, GIVEN) == 2).any()


def test_of_several_labels_each_is_looked_at_against_the_rest():
    """400 pictures with a cat, a dog, both or neither; the head is sure; eight cats are missing, two too many."""
    truth = np.stack([np.arange(400) % 2, np.arange(400) // 2 % 2], axis=1)
    given = truth.copy()
    cats, others = np.flatnonzero(truth[:, 0])[:8], np.flatnonzero(truth[:, 0] == 0)[:2]
    given[cats, 0], given[others, 0] = 0, 1
    ids = [f"{i}.jpg" for i in range(400)]
    said = ["|".join(np.array(["cat", "dog"])[row == 1]) for row in given]
    (finding,) = LabelErrors().examine(
        Evidence(
            {"train": said}, {"train": ids}, {}, {}, {"train": said}, {}, "macro_f1", {"macro_f1": True},
            labels=["cat", "dog"],
            probabilities={"train": np.where(truth == 1, 0.99, 0.01)},
            memberships={"train": given == 1},
        )
    )  # fmt: skip
    assert {example.id for example in finding.examples} == {ids[i] for i in [*cats, *others]}
    assert finding.summary.startswith("About ")
    assert "of 800 labels" in finding.summary
    assert "1.jpg is labelled 'not cat' (1 %) and looks like 'cat' (99 %)" in finding.summary


def test_numbers_are_said_not_to_be_looked_at():
    known = Evidence(
        {"train": [0.5, 1.5, 2.5]}, {"train": ["a", "b", "c"]}, {}, {}, {"train": ["low", "low", "high"]}, {},
        "mae", {"mae": False}, features={"train": np.eye(3)},
    )  # fmt: skip
    (finding,) = LabelErrors().examine(known)
    assert finding.severity == "info"
    assert finding.summary == "Wrong targets were not looked for among 3 examples: only classes and labels are."
