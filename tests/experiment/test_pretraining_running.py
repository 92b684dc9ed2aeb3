"""Looks at a student in training are planned by what a look at the student takes, whoever teaches it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from headstart.core.progress import Progress
from headstart.experiment.pretraining.running import Running
from headstart.pretraining import Plan


class SlowProbe:
    """A look at the teacher takes 300 seconds, one at the student ten."""

    seconds = 0.0

    def outputs(self, network: str) -> torch.Tensor:
        self.seconds = {"teacher": 300.0, "student": 10.0}[network]
        return torch.zeros(1)

    def said(self, outputs: torch.Tensor) -> str:
        return "probe accuracy 50 %"


class Planned(Running[Any]):
    """Three hours are left; what the courses are told to leave for looks is kept."""

    looking = 0.0
    _teacher = "teacher"

    @property
    def _courses(self) -> Any:
        return SimpleNamespace(left=3 * 3600.0, filling=self._filled)

    def _filled(self, looking: float) -> Plan:
        self.looking = looking
        return Plan(10, 10, 1, 5, 1e-3)

    def _result(self, reached: Any, plan: Plan) -> Any:
        raise NotImplementedError


def test_the_teacher_is_looked_at_once_and_the_student_again_and_again(tmp_path) -> None:
    """0.15 of three hours would be time for five looks at the teacher."""
    run = Planned(SimpleNamespace(probe=SlowProbe(), student="student"), None, tmp_path, None, Progress(quiet=True))
    assert set(run._first_outputs()) == {"before", "teacher"}
    assert run._filling().looks == 10
    assert run.looking == 100.0
