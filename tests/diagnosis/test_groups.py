"""Groups that splits tear apart or keep whole."""

import numpy as np

from diagnosis.made import evidence
from headstart.diagnosis.groups import Groups

PATIENTS, SCANS = 20, 4


def scans(torn):
    """(ids, targets, owners) by split: of each patient the last scan is tested, or the last five patients whole."""
    ids, targets, owners = ({"train": [], "test": []} for _ in range(3))
    for patient in range(PATIENTS):
        for scan in range(SCANS):
            tested = scan == SCANS - 1 if torn else patient >= PATIENTS - 5
            split = "test" if tested else "train"
            ids[split].append(f"{split}/patient{patient:02d}_{scan}.png")
            targets[split].append("ab"[patient % 2])
            owners[split].append(patient)
    return ids, targets, owners


def features(owners, alike):
    generator = np.random.default_rng(0)
    centres = alike * generator.standard_normal((PATIENTS, 16))
    return {split: centres[own] + generator.standard_normal((len(own), 16)) for split, own in owners.items()}


def test_torn_groups_are_serious_and_shown():
    ids, targets, owners = scans(torn=True)
    (finding,) = Groups().examine(evidence(targets, ids=ids, features=features(owners, alike=2.0)))
    assert finding.severity == "serious"
    assert (
        "20 groups that belong together ('patient' and what follows it, e.g. train/patient00_0.png,"
        in finding.summary
    )
    assert "the splits tear 20 of them apart, so that 20 test examples (100.0 %) belong" in finding.summary
    assert "--group auto" in finding.next_step
    assert {example.id for example in finding.examples} == set(ids["test"])
    assert {example.score for example in finding.examples} == {0.75}


def test_names_alone_do_where_there_are_no_features():
    ids, targets, _ = scans(torn=True)
    (finding,) = Groups().examine(evidence(targets, ids=ids))
    assert "comparisons" not in finding.summary


def test_names_that_say_it_are_heeded_though_their_members_are_not_alike_but_are_no_more_than_a_warning():
    ids, targets, owners = scans(torn=True)
    (finding,) = Groups().examine(evidence(targets, ids=ids, features=features(owners, alike=0.0)))
    assert finding.severity == "warning"
    assert "though features do not show that members are alike; the splits tear 20 of them" in finding.summary


def test_names_that_do_not_say_it_are_not_believed_where_members_are_not_alike():
    ids, targets, owners = scans(torn=True)
    letters = str.maketrans("0123456789", "abcdefghij")
    plain = {s: [name.replace("patient", "").translate(letters) for name in own] for s, own in ids.items()}
    assert Groups().examine(evidence(targets, ids=plain, features=features(owners, alike=0.0))) == []


def unsaying(ids):
    """Names that say nothing."""
    return {split: [f"{split} row {i}" for i in range(len(own))] for split, own in ids.items()}


def test_a_column_shows_groups():
    ids, targets, owners = scans(torn=True)
    columns = {split: {"user_id": [f"u{owner}" for owner in own]} for split, own in owners.items()}
    (finding,) = Groups().examine(evidence(targets, ids=unsaying(ids), columns=columns))
    assert (
        "Columns suggest 20 groups that belong together (the column 'user_id', e.g. train row 0," in finding.summary
    )
    assert "--group auto" in finding.next_step


def test_groups_that_the_person_named_come_first():
    ids, targets, owners = scans(torn=True)
    groups = {split: [f"p{owner}" for owner in own] for split, own in owners.items()}
    (finding,) = Groups().examine(evidence(targets, ids=unsaying(ids), groups=groups, given=["train", "test"]))
    assert finding.severity == "serious"
    assert finding.summary.startswith(
        "Of 20 groups that were to be kept whole the splits tear 20 apart (e.g. 'p0': train row 0, train row 1, "
        "train row 2), so that 20 test examples (100.0 %) belong with examples of other splits"
    )
    assert "check or fit with --split anew, which keeps these groups whole" in finding.next_step
    assert {example.score for example in finding.examples} == {0.75}


def test_groups_torn_between_training_and_validation_alone_are_judged_there():
    ids, targets, _ = scans(torn=True)
    other = {"train": ids["train"], "validation": ids["test"], "test": ["test/x.png", "test/y.png"]}
    said = {"train": targets["train"], "validation": targets["test"], "test": ["a", "b"]}
    (finding,) = Groups().examine(evidence(said, ids=other))
    assert "20 validation examples (100.0 %)" in finding.summary


def test_groups_that_are_whole_are_fine():
    ids, targets, owners = scans(torn=False)
    assert Groups().examine(evidence(targets, ids=ids, features=features(owners, alike=2.0))) == []


def test_splits_that_were_given_must_be_divided_anew():
    ids, targets, owners = scans(torn=True)
    known = evidence(targets, ids=ids, features=features(owners, alike=2.0), given=["train", "test"])
    (finding,) = Groups().examine(known)
    assert "The test split was given, so divide the examples anew" in finding.next_step
    assert "--group auto --split anew" in finding.next_step
