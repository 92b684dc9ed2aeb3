"""What can be wrong with a request before its data is read."""

from __future__ import annotations

from headstart.core.device import choose_device
from headstart.core.errors import UsageError
from headstart.core.spec import AUTO, FitSpec
from headstart.experiment.choosing import choose_strategies
from headstart.experiment.keeping import check_old, check_strategies
from headstart.frozen.engines import ENGINES
from headstart.frozen.holdings import given_limit
from headstart.tasks import TASKS


def check_request(spec: FitSpec) -> None:
    """Everything that can be wrong with a request before its data is read.

    Raises
    ------
    UsageError : an unknown device, strategy, setting, task or engine, a cache limit that is no size; all together.
    """
    mistakes = []
    for check_one in (
        lambda: choose_device(spec.device),
        lambda: check_strategies(choose_strategies(spec.strategy), spec),
        lambda: TASKS.load(spec.task) if spec.task else None,
        lambda: ENGINES.load(spec.engine) if spec.engine != AUTO else None,
        given_limit,
        lambda: check_old(spec),
    ):
        try:
            check_one()
        except UsageError as error:
            mistakes.append(str(error))
    if mistakes:
        raise UsageError("\n".join(mistakes))
