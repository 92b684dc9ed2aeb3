"""What is known of a backbone before it is loaded; importable without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Card:
    """What is known of a backbone before it is loaded.

    ``name`` reads ``source/name``; ``parameters`` counts weights (0 when unknown); ``bytes`` on disk;
    ``at_hand`` is False when it has to be downloaded first; ``rank`` is the static prior in points of accuracy,
    higher first, and ``published`` the published accuracy (%) that it rests on, None where it is estimated; ``path``
    is where its weights lie, empty where they are random or not at hand; ``words``
    says whether it knows words, so that names of classes mean something to it, ``boxes`` whether it was pretrained to
    find boxes, ``stands_in`` whether it is there for want of a better one alone, and ``binding`` whether its licence
    binds whatever is made with it, so that it is taken by name alone.
    """

    name: str
    modality: str
    licence: str = "unknown"
    parameters: int = 0
    bytes: int = 0
    pretraining: str = ""
    at_hand: bool = True
    rank: float = 0.0
    path: str = ""
    words: bool = False
    published: float | None = None
    boxes: bool = False
    stands_in: bool = False
    binding: bool = False

    def to_json(self) -> dict[str, Any]:
        """The card as JSON."""
        return asdict(self)
