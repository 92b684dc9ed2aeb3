"""Backbones: one file a source of pretrained networks. Importing this loads no torch."""

from headstart.backbones._at_hand import all_cards, default_card, load, out_of_reach, rebuild
from headstart.backbones._card import Card
from headstart.backbones._registry import SOURCES

__all__ = ["SOURCES", "Card", "all_cards", "default_card", "load", "out_of_reach", "rebuild"]
