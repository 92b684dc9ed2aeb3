"""Pretrains a backbone on pictures, and writes it as a backbone folder."""

from __future__ import annotations

from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.experiment.pretraining.choice import checked_method, why_chosen
from headstart.experiment.pretraining.finished import finished_before, is_finished
from headstart.experiment.pretraining.picture_material import PictureWish, gathered_pictures
from headstart.experiment.pretraining.picture_run import PictureRun
from headstart.experiment.pretraining.pretrained_pictures import PretrainedPictures, save_pictures
from headstart.experiment.pretraining.running import through
from headstart.experiment.request import check_request
from headstart.experiment.unfinished import Unfinished


def look_through(wish: PictureWish, progress: Progress, asked: str) -> PretrainedPictures:
    """Pretrain as it is wished for; what is unfinished lies beside the folder until that is written.

    Parameters
    ----------
    asked : the method as a person asked for it, AUTO where nobody did.

    Raises
    ------
    HeadstartError : for every mistake in the request or the data.
    """
    check_request(wish.spec)
    stopwatch, method = Stopwatch(), checked_method(wish)
    finished = is_finished(wish)
    progress.say(why_chosen(asked, wish, method))
    material = gathered_pictures(wish, method, stopwatch, progress)
    if finished:
        return finished_before(material, PretrainedPictures.from_json, progress)
    unfinished = Unfinished(wish.out, wish.spec, material.asked, progress, kind="pretraining")
    return through(
        unfinished,
        material,
        PictureRun(material, method, unfinished.folder, stopwatch, progress).learnt,
        lambda result, folder: save_pictures(result, material.student, material.config, folder),
    )
