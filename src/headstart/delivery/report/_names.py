"""Names as a person reads them: figures in words, long paths that may break into lines."""

from __future__ import annotations

import re
from html import escape

from headstart.core.results import WITHIN

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
    "iou": "IoU",
    "miou": "mean IoU",
    "map": "mAP",
    "map50": "mAP@50",
    "map75": "mAP@75",
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
    "doubt_auroc": "AUROC of doubt",
}


def words(name: str) -> str:
    """A figure's, rung's or diagnosis's name: ``macro_f1`` → ``macro F1``; ``team: mae`` keeps the target's name."""
    if WITHIN in name:
        target, _, own = name.rpartition(WITHIN)
        return target + WITHIN + words(own)
    if name in _WORDS:
        return _WORDS[name]
    return " ".join(_WORDS.get(part, part) for part in name.split("_"))


def titled(name: str) -> str:
    """The same at the beginning of a line: ``Macro F1``; ``mAP`` stays what it is."""
    said = words(name)
    return said if said[1:2].isupper() else said[:1].upper() + said[1:]


def prose(text: str) -> str:
    """`text` escaped, what stands in backticks as code, and no line break inside ``--options`` or before units."""
    joined = re.sub(r"(?<=\d) (?=%|(?:s|min|h)\b)", NARROW_SPACE, escape(text))
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", joined)
    return re.sub(r"(?<![\w-])--[a-z][\w-]*", r'<span class="option">\g<0></span>', coded)


def breakable(name: str) -> str:
    """`name` escaped, with places where a long label or path may break into lines."""
    return escape(name).replace("/", "/<wbr>").replace("_", "_<wbr>")


def shortened(name: str, longest: int) -> str:
    """`name`, cut to `longest` characters with an ellipsis; not escaped."""
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"
