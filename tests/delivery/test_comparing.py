"""New data against the held-out examples: what is declared, what drives it, and what a person reads."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from headstart.core.errors import InputError
from headstart.delivery.comparing import Comparison, _by_chance, _undeclared, _unfamiliar, check_enough, compare
from headstart.delivery.guard import Compared, Guard, NewExamples, Seen, guard_of
from headstart.tasks import TASKS

TASK = TASKS.load("classification").from_targets(["cat", "dog"] * 10)
WIDTH = 8


def seen(count: int, seed: int, shift: float = 0.0, dogs: float = 0.5) -> tuple[np.ndarray, torch.Tensor, np.ndarray]:
    """Features of cats and dogs on either side of a plane, outputs that tell them apart well, and the truth."""
    random = np.random.default_rng(seed)
    truth = (random.random(count) < dogs).astype(int)
    features = random.normal(size=(count, WIDTH)) + 4
    features[:, 0] += 3 * truth
    features[:, 1:] += shift * np.linspace(-2, 2, WIDTH - 1)
    slope = torch.from_numpy(features[:, 0] - 5.5).float()
    return features, torch.stack([-slope, slope], dim=1), truth


@pytest.fixture(scope="module")
def guard() -> Guard:
    features, _, truth = seen(200, 0)
    held, outputs, answers = seen(120, 1)
    targets = [TASK.describe()["labels"][place] for place in truth]
    made = guard_of(
        TASK, {}, {"last": torch.from_numpy(features)}, [str(i) for i in range(200)], targets,
        Seen({"last": torch.from_numpy(held)}, outputs), Compared(outputs, torch.from_numpy(answers)),
    )  # fmt: skip
    assert made is not None
    return made


def compared(guard: Guard, count: int, seed: int, shift: float = 0.0, dogs: float = 0.5) -> Comparison:
    features, outputs, _ = seen(count, seed, shift, dogs)
    strange, nearest = guard.look({"last": torch.from_numpy(features)})
    new = NewExamples([f"new {i}" for i in range(count)], features, outputs, strange, nearest)
    return compare(TASK, {}, guard, new, "images")


def reached(count: int, seed: int, shift: float = 0.0) -> float:
    """The accuracy of the outputs: what an estimate without the truth is to come to."""
    _, outputs, truth = seen(count, seed, shift)
    return float((outputs.argmax(dim=1).numpy() == truth).mean())


@pytest.mark.parametrize(
    ("learnt", "held", "new", "severity"), [(40, 20, 0, "serious"), (5, 3, 60, "warning"), (1, 0, 60, "info")]
)
def test_what_the_model_has_met_is_said_first(guard: Guard, learnt: int, held: int, new: int, severity: str) -> None:
    """Of 200 examples learnt from and 120 held out, some stand among the new ones."""
    parts = [seen(200, 0)[:2], seen(120, 1)[:2], seen(60, 5)[:2]]
    counts = (learnt, held, new)
    features = np.concatenate([each[:n] for (each, _), n in zip(parts, counts, strict=True)])
    outputs = torch.cat([each[:n] for (_, each), n in zip(parts, counts, strict=True)])
    strange, nearest = guard.look({"last": torch.from_numpy(features)})
    examples = NewExamples([str(i) for i in range(len(features))], features, outputs, strange, nearest)
    first = compare(TASK, {}, guard, examples, "images").findings[0]
    assert (first.diagnosis, first.severity) == ("met_before", severity)
    assert f"At least {learnt + held} of the {learnt + held + new} images are not new" in first.summary
    assert f"learned from {learnt} of them, and {held} were held out" in first.summary
    assert [example.id for example in first.examples] == [str(i) for i in range(learnt + held)][:10]


def test_more_of_the_same_is_no_mismatch(guard: Guard) -> None:
    found = compared(guard, 150, 2)
    assert not found.declared
    assert found.findings[0].severity == "info"
    assert found.findings[0].summary.startswith("No difference was found: a classifier tells 150 new from 120 held")
    assert found.estimated_accuracy is not None
    _, low, high = found.estimated_accuracy
    assert low <= reached(150, 2) <= high
    assert high - low < 0.3


@pytest.mark.parametrize(("first", "second"), [("the classifier", "MMD"), ("MMD", "the classifier")])
def test_where_one_test_sees_a_difference_that_is_said(guard: Guard, first: str, second: str) -> None:
    found = replace(compared(guard, 150, seed=5), p_value=0.5, mmd_p_value=0.5)
    found = replace(found, **{"p_value" if second == "MMD" else "mmd_p_value": 0.001})
    assert not found.declared
    assert _undeclared(found) == (
        f"No difference is declared, for which both tests must see one: {first} sees one, and {second} does not"
    )


def test_other_inputs_are_declared_and_named(guard: Guard) -> None:
    found = compared(guard, 150, 2, shift=2.0)
    assert found.declared
    assert found.auc > 0.95
    assert found.p_value == found.mmd_p_value == 0.001
    mismatch, *others = found.findings
    assert mismatch.diagnosis == "domain_mismatch"
    assert mismatch.severity == "serious"
    assert len(mismatch.examples) == 10
    assert all(example.id.startswith("new ") for example in mismatch.examples)
    assert {finding.diagnosis for finding in others} == {"unfamiliar", "estimated_accuracy"}


def test_another_mixture_of_classes_is_said_as_such(guard: Guard) -> None:
    found = compared(guard, 150, 2, dogs=0.95)
    said = [finding.summary for finding in found.findings if "Other classes" in finding.summary]
    assert len(said) == 1
    assert re.search(r"dog 8\d % instead of 48 %", said[0])
    assert not any(finding.diagnosis == "unfamiliar" for finding in found.findings)


def test_a_reference_that_was_trained_on_is_told(guard: Guard) -> None:
    found = compared(replace(guard, unseen=False), 40, 2)
    assert "has trained on these held-out examples" in found.findings[0].summary


def test_where_nothing_was_held_out_nobody_is_told_that_it_was(guard: Guard) -> None:
    found = compared(replace(guard, unseen=False, nothing_held_out=True), 150, 2, shift=2.0, dogs=0.95)
    said = " ".join(f"{finding.summary} {finding.next_step}" for finding in found.findings)
    assert "tells 150 new from 120 training images" in said
    assert "has trained on these training examples" in said
    assert "the least like the training ones" in said
    assert "held-out" not in said


def test_json_is_the_published_contract(guard: Guard) -> None:
    plain = compared(guard, 40, 2, shift=2.0).to_json()
    assert list(plain["mismatch"]) == ["auc", "p_value", "mmd", "mmd_p_value"]
    value, low, high = plain["estimated_accuracy"]
    assert low <= value <= high
    assert low <= reached(40, 2, shift=2.0) <= high
    assert high - low < 0.5
    assert [list(finding) for finding in plain["findings"]] == [
        ["diagnosis", "severity", "summary", "examples", "next_step"]
    ] * len(plain["findings"])
    assert list(plain["findings"][0]["examples"][0]) == ["id", "score"]


def test_numbers_have_a_mismatch_but_no_accuracy() -> None:
    task = TASKS.load("regression").from_targets([float(i) for i in range(40)])
    features = torch.randn((40, 4), generator=torch.Generator().manual_seed(0))
    outputs = features[:, :1]
    made = guard_of(
        task, {}, {"last": features}, [str(i) for i in range(40)], [float(i) for i in range(40)],
        Seen({"last": features[:20]}, outputs[:20]), Compared(outputs[:20], outputs[:20, 0]),
    )  # fmt: skip
    assert made is not None
    strange, nearest = made.look({"last": features})
    found = compare(task, {}, made, NewExamples(made.ids, features.numpy(), outputs, strange, nearest), "texts")
    assert found.estimated_accuracy is None
    assert found.to_json()["estimated_accuracy"] is None
    met, mismatch, why = found.findings  # its own examples are met
    assert (met.diagnosis, mismatch.diagnosis, why.diagnosis) == (
        "met_before",
        "domain_mismatch",
        "estimated_accuracy",
    )
    assert why.summary == (
        "How many predictions for the new texts are right is not estimated: a model for regression predicts a "
        "number, and gives no probability that a whole answer is right."
    )


def test_several_targets_that_are_classes_have_an_accuracy() -> None:
    """Such a task has a probability of each prediction, and none of each label."""
    targets = [{"team": "ab"[i % 2], "urgent": "yn"[i // 2 % 2]} for i in range(40)]
    task = TASKS.load("multi_task").from_targets(targets)
    random = torch.Generator().manual_seed(0)
    features, outputs = torch.randn((40, 4), generator=random), torch.randn((40, 4), generator=random)
    made = guard_of(
        task, {}, {"last": features}, [str(i) for i in range(40)], targets,
        Seen({"last": features[:20]}, outputs[:20]), Compared(outputs[:20], task.encode(targets[:20])),
    )  # fmt: skip
    assert made is not None
    strange, nearest = made.look({"last": features})
    found = compare(task, {}, made, NewExamples(made.ids, features.numpy(), outputs, strange, nearest), "texts")
    assert found.estimated_accuracy is not None
    assert found.mean_confidence == pytest.approx(np.mean(task.decode(outputs, {}).columns["probability"]))


def test_the_chance_of_unfamiliar_inputs_knows_how_few_were_held_out() -> None:
    """The threshold is the largest of 20: one input exceeds it with 1/21, both of two with 1/C(22, 2) = 1/231."""
    assert _by_chance(1, 1, 20) == pytest.approx(1 / 21)
    assert _by_chance(2, 2, 20) == pytest.approx(1 / 231)


@pytest.mark.parametrize(("count", "said"), [(63, False), (250, True)])
def test_more_unfamiliar_inputs_than_chance_are_told(guard: Guard, count: int, said: bool) -> None:
    """(1 - 0.063)^20 = 0.27 of thresholds leave so many above them, and (1 - 0.25)^20 = 0.003."""
    few = replace(guard, held_out=guard.held_out[:20], threshold=0.0)
    strange = np.where(np.arange(1000) < count, 1.0, -1.0)
    new = NewExamples([str(i) for i in range(1000)], np.zeros((1000, WIDTH)), torch.zeros(1000, 2), strange, strange)
    assert bool(_unfamiliar(few, new, "images")) is said


def test_too_few_are_refused() -> None:
    with pytest.raises(InputError, match="9 new inputs are too few to compare: at least 10"):
        check_enough(9)
    check_enough(10)
