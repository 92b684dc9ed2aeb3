"""Teaches a student epoch by epoch: looks at the probe now and then, and stops where nothing more is gained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headstart.core.errors import HeadstartError
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch, say_duration
from headstart.experiment.pretraining.foresight import Foresight
from headstart.experiment.pretraining.state import AFTER, Reached
from headstart.experiment.pretraining.watch import Watch
from headstart.model.state import owned
from headstart.pretraining import Diverged, Learner, Spread

PATIENCE = 5
"""After so many looks at the probe without gain the course ends."""

COLLAPSED = "its features of all examples became alike"


@dataclass
class Schooling:
    """The course of `learner`.

    Attributes
    ----------
    spread : of the student's features before it learnt.
    probe : None where nothing tells whether it gets better: the course then goes to its end.
    folder : where its state is kept. deadline : seconds by the stopwatch; no epoch but the first begins that would
        end after it.
    noun : what is learnt from, as a person calls it.
    """

    learner: Learner
    spread: Spread
    probe: Watch | None
    folder: Path
    stopwatch: Stopwatch
    deadline: float
    progress: Progress
    noun: str = "crops"

    def run(self, reached: Reached) -> Reached:
        """Go on from what is `reached`, to the end; the student is then what it was at its best.

        Raises
        ------
        HeadstartError : all features became alike, or the loss no number, before the probe was any good.
        """
        plan = self.learner.course.plan
        while not reached.stopped:
            began = self.stopwatch.total
            self._epoch(reached)
            if not reached.stopped:
                lasted = self.stopwatch.total - began
                if reached.epoch >= plan.epochs:
                    reached.stopped = "the course was over"
                elif self.stopwatch.total + lasted > self.deadline:
                    reached.stopped = "the budget was used up"
                self._look(reached, due=plan.looks_after(reached.epoch) or bool(reached.stopped))
            reached.seconds = self.stopwatch.total
            reached.save(self.folder, self.learner)
        if self.probe is not None:
            self._back_to(reached)
        return reached

    def _back_to(self, reached: Reached) -> None:
        """Make the student what it was at its best, and what is written beside it what went with that."""
        course = self.learner.course
        course.student.load_state_dict(reached.best)
        if course.head is not None and reached.best_head:
            course.head.load_state_dict(reached.best_head)

    def _epoch(self, reached: Reached) -> None:
        """Learn for one more epoch; stop where the loss became no number."""
        plan = self.learner.course.plan
        label = f"epoch {reached.epoch + 1} of {plan.epochs}"
        counter = self.progress.counter(plan.per_epoch, label, self.noun)
        if not reached.epoch:
            counter = Foresight(counter, plan.per_epoch, self.noun, self.stopwatch, self.deadline, self.progress)
        try:
            reached.losses.append(self.learner.epoch(reached.epoch, counter.advance))
            reached.epoch += 1
        except Diverged as error:
            self._end_at_best(reached, f"the loss of epoch {reached.epoch + 1} was no finite number", error)
        finally:
            counter.close()

    def _look(self, reached: Reached, due: bool) -> None:
        """Probe the student where that is `due`, and stop where the last looks gained nothing."""
        said = f"  epoch {reached.epoch}: loss {reached.losses[-1]:.4f}"
        if not due or self._collapsed(reached):
            return
        if self.probe is not None or reached.stopped:
            self.learner.course.settle()
        if self.probe is not None:
            said += f", {self._probe(self.probe, reached)}"
        self.progress.say(f"{said}, {say_duration(self.stopwatch.total)} so far")

    def _collapsed(self, reached: Reached) -> bool:
        """Stop where all features became alike."""
        if not self.spread.collapsed:
            return False
        error = HeadstartError(
            f"After epoch {reached.epoch} {COLLAPSED}: nothing was learnt, and nothing is written. Take another "
            "--method, a network that has learnt before, or more examples that differ."
        )
        self._end_at_best(reached, f"{COLLAPSED} after epoch {reached.epoch}", error)
        return True

    def _end_at_best(self, reached: Reached, why: str, error: HeadstartError) -> None:
        """Stop, and keep the student as it was at its best; raise `error` where it has never been any good."""
        if not reached.best:
            raise error
        reached.stopped = f"{why}; it is kept as it was after {reached.best_epoch}"
        self.progress.say(f"  {reached.stopped}")

    def _probe(self, probe: Watch, reached: Reached) -> str:
        """Look at the probe, keep the student where it is the best so far, and say the figure."""
        course = self.learner.course
        outputs = probe.outputs(course.student)
        figure = probe.figure(outputs)
        reached.looks.append((reached.epoch, figure.value))
        if not reached.best or probe.better(outputs, reached.outputs[AFTER]):
            reached.best_epoch, reached.outputs[AFTER] = reached.epoch, outputs
            reached.best = owned(course.student.state_dict())
            reached.best_head = {} if course.head is None else owned(course.head.state_dict())
        elif not reached.stopped and sum(epoch > reached.best_epoch for epoch, _ in reached.looks) >= PATIENCE:
            reached.stopped = f"{probe.name} gained nothing in {PATIENCE} looks"
        return probe.said(outputs)
