"""Runs a pretraining: a plan fills the time, and the network learns until nothing more is gained."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from torch import Tensor

from headstart.core.files import write_json
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.courses import Courses
from headstart.experiment.learning_material import Material
from headstart.experiment.pretraining_plan import looks_within
from headstart.experiment.pretraining_state import Reached
from headstart.experiment.pretraining_watch import Watch
from headstart.experiment.schooling import Schooling
from headstart.experiment.unfinished import Unfinished
from headstart.pretraining import Learner, Plan
from headstart.pretraining.base import PretrainingMethod

FOR_THE_END = 0.03
"""The share of the budget that is left for writing."""

PLAN, LEARNING = "plan.json", "learning"

R = TypeVar("R")


@dataclass
class Running(ABC, Generic[R]):
    """One pretraining with what was gathered; ``folder`` holds what it goes on from after a kill. R: what it gave."""

    material: Material
    method: PretrainingMethod
    folder: Path
    stopwatch: Stopwatch
    progress: Progress

    noun = "crops"
    """What is learnt from, as a person calls it."""

    def learnt(self) -> R:
        """Teach the student; it is then what it was at its best."""
        outputs = {} if self._begun else self._first_outputs()
        plan = self._plan()
        self._courses.recorded_in(self.folder)  # for a resumed run; the plan may have tried several
        learner = Learner(self._courses.course(plan))
        watch = self._watch(learner)
        reached = Reached(outputs=outputs)
        if self._begun:
            reached = Reached.load(self.folder / LEARNING, learner)
            self.stopwatch.credit(reached.seconds)
        schooling = Schooling(
            learner, watch, self.folder / LEARNING, self.stopwatch, self._deadline, self.progress, self.noun
        )
        return self._result(schooling.run(reached), plan)

    @property
    @abstractmethod
    def _courses(self) -> Courses:
        """What plans and courses are made by."""

    @abstractmethod
    def _first_outputs(self) -> dict[str, Tensor]:
        """Outputs of the probe before anything is learnt, by whose they are."""

    @abstractmethod
    def _result(self, reached: Reached, plan: Plan) -> R:
        """What it gave."""

    def _watch(self, learner: Learner) -> Watch | None:
        """What tells whether it still gets better; called before anything is learnt."""
        return self.material.probe

    @property
    def _begun(self) -> bool:
        return (self.folder / LEARNING).is_dir()

    @property
    def _deadline(self) -> float:
        return self.material.wish.spec.budget * (1 - FOR_THE_END)

    @property
    def _begun_plan(self) -> Plan | None:
        file = self.folder / PLAN
        return Plan(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def _plan(self) -> Plan:
        """The plan that a killed run had, the one asked for, or the one that fills the budget."""
        if (begun := self._begun_plan) is not None:
            return begun
        epochs = self.material.wish.epochs
        plan = self._filling() if epochs is None else self._courses.asked(epochs)
        write_json(self.folder / PLAN, asdict(plan))
        return plan

    def _filling(self) -> Plan:
        """The plan that fills what is left of the budget; a part of it is for looks at the probe."""
        each = self.material.probe.seconds if self.material.probe else 0.0
        looks = looks_within(self._courses.left, each)
        return replace(self._courses.filling(looks * each), looks=looks)


def through(unfinished: Unfinished, learn: Callable[[], R], save: Callable[[R, Path], None]) -> R:
    """Pretrain by `learn`, and let `save` write what it gave into the folder that it is handed."""
    try:
        result = learn()
        unfinished.finish(lambda folder: save(result, folder))
    except BaseException:
        unfinished.tidy()
        raise
    return result
