"""Groups inferred from names, on data whose groups are known because they were made."""

import numpy as np
import pytest

from headstart.core.grouping import infer_groups

GROUPS, MEMBERS, CLASSES = 30, 4, 2
OWNERS = np.repeat(np.arange(GROUPS), MEMBERS)
TARGETS = [f"class{owner % CLASSES}" for owner in OWNERS]


def alike(noise=0.5, owners=OWNERS):
    """(N, 16) features: a random centre of each owner, and noise."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((owners.max() + 1, 16))
    return (centres[owners] + noise * generator.standard_normal((len(owners), 16))).astype(np.float32)


def unlike():
    return np.random.default_rng(0).standard_normal((len(OWNERS), 16)).astype(np.float32)


def named(pattern):
    return [pattern.format(owner=owner, member=i % MEMBERS, i=i) for i, owner in enumerate(OWNERS)]


def same_partition(groups, owners):
    return len({*zip(groups, owners, strict=True)}) == len({*groups}) == len({*owners})


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("train/patient{owner}_scan{member}.png", "'patient' and what follows it"),
        ("patient {owner}/{member}.png", "'patient' and what follows it"),
        ("patient_id_{owner}/{member}.png", "'patient' and what follows it"),
        ("patient_scans/patient_{owner}_{member}.png", "'patient' and what follows it"),
        ("vid{owner:02d}_f{member:03d}.jpg", "'vid' and what follows it"),
        ("p{owner}_{member}.jpg", "'p' and what follows it"),
        ("author=n{owner}/text{member}.txt", "'author' and what follows it"),
        ("img_20{owner}_{member}.jpg", "the name up to its last number"),
        ("IMG_20{owner}-frame({member}).JPG", "the name up to its last number"),
    ],
)
def test_telling_names_are_believed_without_features(pattern, said):
    found = infer_groups(named(pattern), None, TARGETS)
    assert found.pattern == said
    assert found.count == GROUPS
    assert found.likeness is None
    assert same_partition(found.groups, OWNERS)
    assert len(found.example) == 3


@pytest.mark.parametrize(
    "pattern", ["{i:04d}.jpg", "img_{i}.jpg", "reviews.csv row {i}", "dsc{i}.png", "https://a.example/{i}"]
)
def test_plain_numbers_are_no_groups(pattern):
    assert infer_groups(named(pattern), None, TARGETS) is None
    assert infer_groups(named(pattern), alike(), TARGETS) is None


def test_the_class_in_the_name_is_no_group():
    ids = [f"train/{target}/{target}_{i:04d}.jpg" for i, target in enumerate(TARGETS)]
    assert infer_groups(ids, alike(), TARGETS) is None
    many = [f"class{i % 20}" for i in range(200)]
    assert infer_groups([f"n{target}_{i}.jpg" for i, target in enumerate(many)], None, many) is None


def test_features_confirm_and_refuse():
    ids = named("patient{owner}_{member}.png")
    found = infer_groups(ids, alike(), TARGETS)
    assert found.likeness > 0.95
    assert same_partition(found.groups, OWNERS)
    assert infer_groups(ids, unlike(), TARGETS) is None


def test_words_need_features():
    """``7_jackson_32``: digit, speaker, number; six speakers say ten digits, as in the set spoken_digits."""
    speakers = np.tile(np.arange(6), 40)
    digits = [str(i // 6 % 10) for i in range(240)]
    ids = [f"{digits[i]}_{'abcdef'[speaker] * 4}_{i}.wav" for i, speaker in enumerate(speakers)]
    assert infer_groups(ids, None, digits) is None
    found = infer_groups(ids, alike(owners=speakers), digits)
    assert same_partition(found.groups, speakers)


def test_the_coarser_group_is_taken_where_it_is_alike_too():
    """Three videos of each patient: frames of one are most alike, but those of one patient are alike as well."""
    patients, videos = np.repeat(np.arange(20), 9), np.repeat(np.arange(60), 3)
    ids = [f"x{patient}_{video % 3}_{i}.jpg" for i, (patient, video) in enumerate(zip(patients, videos, strict=True))]
    targets = [f"class{patient % 2}" for patient in patients]
    found = infer_groups(ids, alike(0.3, patients) + alike(0.3, videos), targets)
    assert same_partition(found.groups, patients)
    alone = infer_groups(ids, alike(0.3, videos), targets)
    assert same_partition(alone.groups, videos)


def test_columns_that_repeat():
    ids = [f"table.csv row {i}" for i in range(len(OWNERS))]
    columns = {"price": [i * 1.5 for i in range(len(OWNERS))], "user_id": [f"u{owner}" for owner in OWNERS]}
    found = infer_groups(ids, None, TARGETS, columns)
    assert found.pattern == "the column 'user_id'"
    assert same_partition(found.groups, OWNERS)
    assert infer_groups(ids, None, TARGETS, {"shelf": columns["user_id"]}) is None
    assert infer_groups(ids, alike(), TARGETS, {"shelf": columns["user_id"]}).count == GROUPS


def test_an_example_without_a_group_stays_alone():
    ids = [*named("patient{owner}_{member}.png"), "overview.png"]
    found = infer_groups(ids, None, [*TARGETS, "class0"])
    assert found.groups[-1] == "overview.png"
    assert found.count == GROUPS


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="features holds 3 entries for 2 ids"):
        infer_groups(["a", "b"], np.zeros((3, 2)))


def test_few_examples_and_none():
    assert infer_groups([]) is None
    assert infer_groups(["patient1_a.png", "patient1_b.png"]) is None
