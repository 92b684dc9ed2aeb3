"""What all ways to make a course share, and those that show pictures among them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.pretraining.learning_material import Material
from headstart.experiment.pretraining.picture_material import GatheredPictures
from headstart.experiment.pretraining.plan import RATE, RATE_ON
from headstart.pretraining import Course, Plan
from headstart.pretraining.base import PretrainingMethod

Method = TypeVar("Method", bound=PretrainingMethod)


@dataclass
class Courses(ABC, Generic[Method]):
    """Makes plans for what was gathered, and the course of a plan. ``deadline`` is in seconds by the stopwatch."""

    material: Material
    method: Method
    stopwatch: Stopwatch
    progress: Progress
    deadline: float

    @abstractmethod
    def filling(self, looking: float) -> Plan:
        """The plan that fills what is left of the time but `looking` seconds, by a trial."""

    @abstractmethod
    def asked(self, epochs: int) -> Plan:
        """The plan of so many `epochs`, whatever time they take."""

    @abstractmethod
    def course(self, plan: Plan) -> Course:
        """What is learnt by `plan`."""

    @property
    @abstractmethod
    def usual_rate(self) -> float:
        """The peak learning rate for this student where nobody names one."""

    def recorded_in(self, folder: Path) -> None:
        """Keep in `folder` what was chosen by measuring, for a resumed run; or take what lies there."""

    @property
    def rate(self) -> float:
        """The peak learning rate."""
        return self.material.wish.rate or self.usual_rate

    @property
    def seed(self) -> int:
        """Of all that is random."""
        return self.material.wish.spec.seed

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - self.stopwatch.total


class PictureCourses(Courses[Method]):
    """Courses of crops of pictures."""

    material: GatheredPictures

    @property
    def usual_rate(self) -> float:
        return RATE_ON if self.material.goes_on else RATE

    @property
    def pictures(self) -> int:
        """How many there are."""
        return len(self.material.pictures.examples)

    @abstractmethod
    def shown(self, plan: Plan, epochs: int) -> int:
        """Of how many different pictures crops are shown in so many `epochs` of `plan`."""
