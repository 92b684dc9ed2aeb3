"""Pretrains a backbone on texts, and writes it as a backbone folder."""

from __future__ import annotations

from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.core.spec import AUTO
from headstart.core.timing import Stopwatch
from headstart.experiment.pretraining.choice import mistakes_of, named_method
from headstart.experiment.pretraining.finished import finished_before, is_finished
from headstart.experiment.pretraining.pretrained_texts import PretrainedTexts, save_texts
from headstart.experiment.pretraining.reading_material import ReadingWish, gathered_texts
from headstart.experiment.pretraining.reading_run import ReadingRun
from headstart.experiment.pretraining.running import through
from headstart.experiment.request import check_request
from headstart.experiment.unfinished import Unfinished
from headstart.pretraining._text_method import TextMethod


def read_through(wish: ReadingWish, progress: Progress) -> PretrainedTexts:
    """Pretrain as it is wished for; what is unfinished lies beside the folder until that is written.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data.
    """
    stopwatch, method = Stopwatch(), _checked(wish)
    finished = is_finished(wish)
    material = gathered_texts(wish, method, stopwatch, progress)
    if finished:
        return finished_before(material, PretrainedTexts.from_json, progress)
    unfinished = Unfinished(wish.out, wish.spec, material.asked, progress, kind="pretraining")
    run = ReadingRun(material, material.method, unfinished.folder, stopwatch, progress)
    sentences = material.method.sentences
    return through(
        unfinished,
        material,
        run.learnt,
        lambda result, folder: save_texts(result, material.student, material.config, sentences, run.head, folder),
    )


def _checked(wish: ReadingWish) -> TextMethod | None:
    """The method that is wished for, if nothing is wrong with the request.

    Raises
    ------
    UsageError : something is.
    """
    check_request(wish.spec)
    method = None if wish.method == AUTO else named_method(wish.method, TextMethod)  # type: ignore[type-abstract]
    mistakes = mistakes_of(wish, method)
    if wish.architecture is not None and wish.backbone is not None:
        mistakes.append("--architecture begins with random weights and --backbone goes on: leave one out.")
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return method
