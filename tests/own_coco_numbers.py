"""A COCO file that numbers pictures and classes in its own way, and what pycocotools makes of answers by it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest


def renumbered(source: Path, target: Path) -> dict[str, Any]:
    """Write the file anew: pictures count down from 900, classes in reverse from 7 by threes, and one more class."""
    content: dict[str, Any] = json.loads(source.read_text())
    pictures = {image["id"]: 900 - place for place, image in enumerate(content["images"])}
    kinds = {kind["id"]: 7 + 3 * place for place, kind in enumerate(reversed(content["categories"]))}
    for image in content["images"]:
        image["id"] = pictures[image["id"]]
    for kind in content["categories"]:
        kind["id"] = kinds[kind["id"]]
    for box in content["annotations"]:
        box |= {"area": box["bbox"][2] * box["bbox"][3], "iscrowd": 0, **box}  # pycocotools asks for both
        box["image_id"], box["category_id"] = pictures[box["image_id"]], kinds[box["category_id"]]
    content["categories"].append({"id": 99, "name": "never there"})
    target.write_text(json.dumps(content))
    return content


def precision_by_pycocotools(truth: Path, answers: Path, kind: str) -> float:
    """Average precision of the ``predictions.json`` in a folder of `answers`; `kind` is ``bbox`` or ``segm``."""
    tools = pytest.importorskip("pycocotools.coco", reason="the extra detection is not installed")
    evaluation = pytest.importorskip("pycocotools.cocoeval").COCOeval
    with contextlib.redirect_stdout(io.StringIO()):
        marked = tools.COCO(str(truth))
        found = marked.loadRes(json.loads((answers / "predictions.json").read_text())["annotations"])
        judged = evaluation(marked, found, kind)
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return float(judged.stats[0])
