"""Libraries at work without their remarks: a trial tells by figures what they warn of."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(logger: str) -> Iterator[None]:
    """Without warnings, and without those that are logged under the name `logger`.

    A tracer warns of values that it takes for constants, and a compiler of a GPU that is not here.
    """
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
