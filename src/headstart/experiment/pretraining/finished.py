"""A finished pretraining: whether a folder is one, and of what it was asked for, so that --resume takes no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from headstart.core.files import digest, read_json, write_json
from headstart.core.out_folders import check_out
from headstart.core.progress import Progress
from headstart.experiment.pretraining.learning_material import Material, Wish
from headstart.experiment.pretraining.pretrained_folder import RESULT, Pretrained
from headstart.experiment.unfinished import REQUEST, Unfinished, all_asked, refuse_changed

R = TypeVar("R", bound=Pretrained)


def is_finished(wish: Wish) -> bool:
    """Whether the pretraining that is to go on has written its folder.

    Raises
    ------
    InputError : it has not, and the folder is not to be written.
    """
    finished = wish.spec.resume and (wish.out / RESULT).is_file()
    if not finished:
        check_out(wish.out)
    return finished


def finished_before(material: Material, read: Callable[[Mapping[str, Any]], R], progress: Progress) -> R:
    """What the pretraining gave that has written the folder; earlier versions did not keep what was asked for.

    Raises
    ------
    InputError : another one was asked for.
    """
    out = material.wish.out
    before, asked = read_json(out / REQUEST, absent={}), _asked(material)
    changed = [key for key in asked if before.get(key, asked[key]) != asked[key]]
    refuse_changed(changed, out, "pretraining", "name another folder with --out")
    progress.say(f"{out} is finished already: nothing is left to do.")
    Unfinished.forget(out)
    return read(json.loads((out / RESULT).read_text(encoding="utf-8")))


def keep_asked(material: Material, folder: Path) -> None:
    """Write into the finished `folder` by what :func:`finished_before` knows it again.

    Raises
    ------
    HeadstartError : the disk is full or not writable.
    """
    write_json(folder / REQUEST, _asked(material))


def _asked(material: Material) -> dict[str, str]:
    """Digests of all that was asked for: the folder may be handed on, and paths of this machine not with it."""
    found = {**material.asked, **dict.fromkeys(material.left_open, "")}
    asked = all_asked(material.wish.spec, found)
    return {key: digest(json.dumps(value, sort_keys=True)) for key, value in asked.items()}
