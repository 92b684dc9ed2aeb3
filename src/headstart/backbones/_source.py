"""The contract of a source that backbones come from; importable without torch, so that listing is quick."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headstart.backbones._card import Card
from headstart.core.errors import UsageError
from headstart.core.registry import plug_in_name

if TYPE_CHECKING:
    from headstart.backbones.base import Backbone


class Source(ABC):
    """Where backbones come from. File name = plug-in name; its file imports torch only inside functions."""

    prefix: ClassVar[str]
    """First part of the names ``prefix/name``; the file name unless a class says otherwise."""

    on_this_machine: ClassVar[bool] = False
    """True where nothing is ever downloaded: its backbones come first, and by their bare name too."""

    fetched_from: ClassVar[str] = ""
    """The address that its weights are downloaded from; empty for the Hugging Face hub, or where nothing is."""

    licence: ClassVar[str] = ""
    """That binds whatever is made with its networks, whatever a folder says; empty where a folder's own holds."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "prefix" not in cls.__dict__:
            cls.prefix = plug_in_name(cls)

    @abstractmethod
    def cards(self) -> list[Card]:
        """The backbones of this source worth listing, without loading torch or weights."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether `name` (without ``prefix/``) is one of this source's."""

    @abstractmethod
    def load(self, name: str, pretrained: bool = True) -> Backbone:
        """The backbone; with ``pretrained`` False its architecture with random weights.

        Raises
        ------
        UsageError : no such name (the nearest is offered).
        HeadstartError : its weights are not at hand and cannot be fetched; says which backbones are.
        """

    @abstractmethod
    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> Backbone:
        """The architecture from ``Backbone.describe()`` and the folder given to ``save_assets``; no network."""

    @abstractmethod
    def tiny(self, name: str) -> Backbone:
        """An offline miniature of the same architecture with random weights, for tests."""

    @abstractmethod
    def families(self) -> list[str]:
        """Names, one per architecture family, that the contract tests run with :meth:`tiny`."""

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        """The modality of the backbone in `folder`, judged by its ``config.json``; None: not of this library."""
        return None

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> Backbone:
        """The backbone in a folder that :meth:`reads` recognises.

        Raises
        ------
        HeadstartError : a file is missing, or the weights do not fit the architecture; says which.
        """
        raise UsageError(f"{folder}: the source {self.prefix!r} reads no folders.")

    def folder_config(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """``config.json`` of a folder from which :meth:`load_folder` makes the architecture of this description.

        Raises
        ------
        UsageError : this source writes no folders, or none of an architecture that was changed like this.
        """
        raise UsageError(
            f"{description.get('name', self.prefix)}: a backbone of the source {self.prefix!r} cannot be written "
            "into a folder; take one of timm or torchvision."
        )
