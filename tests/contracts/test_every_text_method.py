"""What every pretraining method for texts promises; a new one joins by its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from headstart.backbones.texts.language import LanguageBackbone
from headstart.core.errors import UsageError
from headstart.pretraining import METHODS, Passages, passages_of
from headstart.pretraining._text_method import TextMethod
from headstart.tasks import TASKS
from headstart.tasks.base import Task
from language_folders import tiny_language
from small_world import texts

NAMES = [name for name in METHODS.names() if issubclass(METHODS.load(name), TextMethod)]


@pytest.fixture(params=NAMES)
def method(request: pytest.FixtureRequest) -> TextMethod:
    made: TextMethod = METHODS.load(request.param)()
    return made


@pytest.fixture(params=["bert", "gpt2"])
def student(request: pytest.FixtureRequest, tmp_path: Path) -> LanguageBackbone:
    return tiny_language(request.param, tmp_path / request.param)


def shown(count: int, method: TextMethod, student: LanguageBackbone) -> tuple[Passages, Task | None]:
    """Passages of so many texts, with what their topics mean where the method asks for those."""
    said, topics = zip(*texts(count), strict=True)
    passages = Passages(passages_of(said, student.preprocess), 0)
    if not method.labelled:
        return passages, None
    task = TASKS.load("classification").from_targets(topics)
    return replace(passages, targets=task.encode(topics)), task


def test_a_network_that_it_suits_learns_by_it_and_others_are_refused(
    method: TextMethod, student: LanguageBackbone
) -> None:
    if not method.suits(student):
        with pytest.raises(UsageError, match=student.card.name):
            method.lesson(student, None)
        return
    passages, task = shown(60, method, student)
    torch.manual_seed(0)
    lesson = method.lesson(student, task)
    optimizer = torch.optim.Adam(list(dict.fromkeys([*student.parameters(), *lesson.parameters()])), lr=3e-3)
    student.train()
    losses = []
    for step in range(60):
        optimizer.zero_grad()
        rows = range(step % 2 * 30, step % 2 * 30 + 30)
        loss = lesson(student, passages.batch(rows), passages.known(rows).values)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert loss.dim() == 0
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    assert all(p.grad is not None for name, p in student.named_parameters() if "token_type" not in name)


def test_its_randomness_is_pytorchs(method: TextMethod, student: LanguageBackbone) -> None:
    if not method.suits(student):
        return
    passages, task = shown(8, method, student)
    lesson, losses = method.lesson(student, task), []
    batch, targets = passages.batch(range(8)), passages.known(range(8)).values
    for _ in range(2):
        torch.manual_seed(3)
        losses.append(float(lesson(student.train(), batch, targets).detach()))
    assert losses[0] == losses[1]


def test_one_of_them_is_the_best_for_each_kind_of_network(student: LanguageBackbone) -> None:
    marks = sorted(METHODS.load(name).suits(student) for name in NAMES)
    assert marks[-1] > marks[-2]
