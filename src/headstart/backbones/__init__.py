"""Backbones: one file a source of pretrained networks. Importing this loads no torch."""

from headstart.backbones._at_hand import all_cards, beginner, default_card, load, out_of_reach, written_as
from headstart.backbones._card import Card
from headstart.backbones._rebuild import rebuild
from headstart.backbones._registry import SOURCES
from headstart.backbones.folders.written import write_folder

__all__ = [
    "SOURCES",
    "Card",
    "all_cards",
    "beginner",
    "default_card",
    "load",
    "out_of_reach",
    "rebuild",
    "write_folder",
    "written_as",
]
