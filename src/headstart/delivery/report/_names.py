"""Names as a person reads them: figures in words, long paths that may break into lines."""

from __future__ import annotations

import re
from html import escape

NARROW_SPACE = "\u202f"
"""Joins a number and its unit, and never breaks."""

_WORDS = {
    "r2": "R²",
    "f1": "F1",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "rmse": "root mean squared error",
    "auroc": "AUROC",
    "roc_auc": "AUROC",
    "mcc": "Matthews correlation",
}


def words(name: str) -> str:
    """A figure's, rung's or diagnosis's name: ``macro_f1`` → ``macro F1``."""
    if name in _WORDS:
        return _WORDS[name]
    return " ".join(_WORDS.get(part, part) for part in name.split("_"))


def prose(text: str) -> str:
    """`text` escaped, with no line break between a number and its unit."""
    return re.sub(r"(?<=\d) (?=%|(?:s|min|h)\b)", NARROW_SPACE, escape(text))


def breakable(name: str) -> str:
    """`name` escaped, with places where a long label or path may break into lines."""
    return escape(name).replace("/", "/<wbr>").replace("_", "_<wbr>")
