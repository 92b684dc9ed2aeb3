"""What was asked of an extension, and the command that makes the same model again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headstart.core.spec import AUTO
from headstart.experiment.words import Code, command, source_written, title

TEST_SHARE = 0.2
"""Of the new examples, unless asked otherwise."""


@dataclass(frozen=True)
class Asked:
    """The request; attributes are those of :func:`headstart.extend`. ``model`` may be in memory, as the data may."""

    model: Any
    data: Any
    old_data: Any = None
    input: str | None = None
    target: str | None = None
    group: str | None = None
    seed: int = 0
    test_share: float = TEST_SHARE
    forgetting: str | float | None = None
    device: str = "auto"
    engine: str = AUTO

    @property
    def old_source(self) -> str:
        """Where old examples were learnt from."""
        return "the guard of the model" if self.old_data is None else f"{title(self.old_data)}, read again"

    def repeat(self) -> str:
        """The command, or a call of Python where something has no place in a command line."""
        usual = Asked(self.model, self.data)
        names = ("input", "target", "group", "test_share", "forgetting", "device", "engine")
        given = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}
        sources = [source_written(self.model, "model"), source_written(self.data, "(inputs, targets)")]
        old = [] if self.old_data is None else [source_written(self.old_data, "(old_inputs, old_targets)")]
        in_python = "test_share" in given or any(isinstance(each, Code) for each in sources + old)
        given |= {"old_data" if in_python else "old": each for each in old}
        return command("extend", sources, {**given, "seed": self.seed}, in_python)
