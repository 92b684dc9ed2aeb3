"""Runs a pretraining: a plan fills the time, and the network learns until nothing more is gained."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor

from headstart.backbones.base import Backbone
from headstart.core.files import write_json
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.pretraining.courses import Courses
from headstart.experiment.pretraining.finished import keep_asked
from headstart.experiment.pretraining.inputs import names_of
from headstart.experiment.pretraining.learning_material import Material
from headstart.experiment.pretraining.plan import looks_within
from headstart.experiment.pretraining.pretrained_folder import Pretrained
from headstart.experiment.pretraining.schooling import Schooling
from headstart.experiment.pretraining.state import AFTER, BEFORE, TEACHER, Reached
from headstart.experiment.pretraining.watch import Watch
from headstart.experiment.unfinished import Unfinished
from headstart.pretraining import Learner, Plan, Spread
from headstart.pretraining.base import PretrainingMethod

FOR_THE_END = 0.03
"""The share of the budget that is left for writing."""

PLAN, LEARNING = "plan.json", "learning"

R = TypeVar("R", bound=Pretrained)


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
        courses = self._courses  # which refuse what cannot be, before anything is looked at
        outputs = {} if self._begun else self._first_outputs()
        plan = self._plan()
        courses.recorded_in(self.folder)  # for a resumed run; the plan may have tried several
        learner = Learner(courses.course(plan))
        spread, watch, reached = Spread(learner.course), self._watch(learner), Reached(outputs=outputs)
        if self._begun:
            reached = Reached.load(self.folder / LEARNING, learner)
            self.stopwatch.credit(reached.seconds)
        how = (learner, spread, watch, self.folder / LEARNING, self.stopwatch, self._deadline, self.progress)
        return self._result(Schooling(*how, self.noun).run(reached), plan)

    @property
    @abstractmethod
    def _courses(self) -> Courses[Any]:
        """What plans and courses are made by."""

    @abstractmethod
    def _result(self, reached: Reached, plan: Plan) -> R:
        """What it gave."""

    @property
    def _teacher(self) -> Backbone | None:
        """Who teaches, None for most."""
        return None

    def _first_outputs(self) -> dict[str, Tensor]:
        """Outputs of the probe before anything is learnt, the student's and its teacher's where it has one."""
        if (probe := self.material.probe) is None:
            return {}
        # the student last: how long the last look took is what the looks at it are planned by
        networks = {} if self._teacher is None else {TEACHER: self._teacher}
        networks[BEFORE] = self.material.student
        outputs = {name: probe.outputs(network) for name, network in networks.items()}
        said = {name: probe.said(of_network) for name, of_network in outputs.items()}
        of_teacher = f"; the teacher's {said[TEACHER]}" if TEACHER in said else ""
        self.progress.say(f"  before: {said[BEFORE]}{of_teacher}")
        return outputs

    def _told_of_all(self, reached: Reached) -> dict[str, Any]:
        """What is told of every pretraining, by the names of :class:`Pretrained`."""
        material, outputs, probed = self.material, reached.outputs, None
        if material.probe is not None:
            probed = material.probe.compared(outputs[BEFORE], outputs[AFTER], outputs.get(TEACHER))
        return {
            "backbone": str(material.wish.out),
            "student": material.student.card.name,
            "random_weights": not material.goes_on,
            "method": material.method_name,
            "licence": material.licence,
            "source": names_of(material.wish.spec, material.wish.examples),
            "labelled": self.method.labelled,
            "epochs": reached.epoch,
            "stopped_because": reached.stopped,
            "seconds": self.stopwatch.total,
            "losses": reached.losses,
            "looks": reached.looks,
            "probe": probed,
        }

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


def through(unfinished: Unfinished, material: Material, learn: Callable[[], R], save: Callable[[R, Path], None]) -> R:
    """Pretrain by `learn`, and let `save` write what it gave into the folder that it is handed."""

    def written(folder: Path) -> None:
        save(result, folder)
        keep_asked(material, folder)

    try:
        result = learn()
        unfinished.finish(written)
    except BaseException:
        unfinished.tidy({PLAN})  # by which nothing was learnt yet
        raise
    return result
