"""Pretrains a backbone on texts that nobody has labelled, and writes it as a backbone folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headstart.core.errors import UsageError
from headstart.core.progress import Progress
from headstart.core.settings import with_settings
from headstart.core.spec import AUTO, FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.readers.base import Request
from headstart.data.several_sources import read_together
from headstart.experiment.pretrained_texts import PretrainedTexts, save_texts, texts_finished_before
from headstart.experiment.pretraining_material import sources_of
from headstart.experiment.reading_material import ReadingWish, gathered_texts
from headstart.experiment.reading_run import ReadingRun
from headstart.experiment.request import check_request
from headstart.experiment.running import through
from headstart.experiment.unfinished import Unfinished, check_out
from headstart.pretraining import METHODS
from headstart.pretraining._text_method import TextMethod


def read_through(wish: ReadingWish, progress: Progress) -> PretrainedTexts:
    """Pretrain as it is wished for; what is unfinished lies beside the folder until that is written.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data.
    """
    stopwatch, method = Stopwatch(), _checked(wish)
    if wish.spec.resume and (before := texts_finished_before(wish.out)) is not None:
        progress.say(f"{wish.out} is finished already: nothing is left to do.")
        Unfinished.forget(wish.out)
        return before
    check_out(wish.out)
    material = gathered_texts(wish, method, stopwatch, progress)
    unfinished = Unfinished(wish.out, wish.spec, material.asked, progress, kind="pretraining")
    run = ReadingRun(material, material.method, unfinished.folder, stopwatch, progress)
    sentences = material.method.sentences
    return through(
        unfinished,
        run.learnt,
        lambda result, folder: save_texts(result, material.student, material.config, sentences, run.head, folder),
    )


def holds_texts(spec: FitSpec) -> bool:
    """Whether the data of `spec` are texts.

    Raises
    ------
    InputError : they cannot be read.
    """
    requests = [Request(each, spec.input, needs_targets=False, fits=False) for each in sources_of(spec.data)]
    return read_together(requests).modality == TextMethod.modality


def refuse(options: Mapping[str, Any], why: str) -> None:
    """Raise where an option was given that means nothing here.

    Raises
    ------
    UsageError : one was.
    """
    given = [f"--{name}" for name, value in options.items() if value]
    if given:
        raise UsageError(f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} {why}.")


def _checked(wish: ReadingWish) -> TextMethod | None:
    """The method that is wished for, if nothing is wrong with the request.

    Raises
    ------
    UsageError : something is.
    """
    check_request(wish.spec)
    if wish.epochs is not None and wish.epochs < 1:
        raise UsageError(f"--epochs must be at least 1, got {wish.epochs}.")
    if wish.rate is not None and not 0 < wish.rate < 1:
        raise UsageError(f"--rate must lie between 0 and 1, got {wish.rate:g}.")
    if wish.method == AUTO:
        return None
    method = with_settings(METHODS, wish.method, "--method")
    if not isinstance(method, TextMethod):
        names = [name for name in METHODS.names() if issubclass(METHODS.load(name), TextMethod)]
        raise UsageError(f"--method {wish.method} is not for texts; of texts learn {', '.join(names)}.")
    method.check()
    return method
