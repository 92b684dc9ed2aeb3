"""Alignments: one file a loss that makes two domains look alike to a network while it trains."""

from headstart.alignments._registry import ALIGNMENTS

__all__ = ["ALIGNMENTS"]
