"""Files without classes: a folder of loose images, or a single one; for prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.errors import NoTargets
from headstart.data.examples import Examples
from headstart.data.readers._folders import (
    files_in,
    folder_kind,
    is_path,
    left_out,
    main_modality,
    of_modality,
    refuse_column_names,
)
from headstart.data.readers._kinds_of_input import kind_of
from headstart.data.readers.base import Reader, Request


class UnlabelledFolder(Reader):
    """Loose files of one modality, or one such file."""

    caption = "a folder of loose files, or one such file (for prediction)"

    def recognises(self, source: Any) -> bool:
        if folder_kind(source) == "loose files":
            return True
        return is_path(source) and Path(source).is_file() and kind_of(Path(source)) is not None

    def read(self, request: Request) -> Examples:
        source = Path(request.source)
        refuse_column_names(request, source)
        if request.needs_targets:
            raise NoTargets(
                f"{source} holds examples but not their classes. Put the files of each class into a subfolder "
                "of its own, or hand over a table with a column of paths and one of targets."
            )
        root = source if source.is_dir() else source.parent
        files = files_in(source) if source.is_dir() else [source]
        modality = main_modality(files) or ""
        mine, others = of_modality(files, modality)
        return Examples(
            modality=modality,
            references=[path.absolute() for path in mine],
            ids=[path.relative_to(root).as_posix() for path in mine],
            source=str(source),
            notes=left_out(others, root, "not of the kind of the other files"),
        )
