"""Transferability scores: one file a figure that ranks backbones without training."""

from headstart.transferability._scores import SCORES, scores_of, unread

__all__ = ["SCORES", "scores_of", "unread"]
