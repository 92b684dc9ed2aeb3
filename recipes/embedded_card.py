"""The card of the embedded backbone: under which licence it is, who taught it, on which pictures, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME, LICENCE = "headstart/embedded", "Apache-2.0"

TEACHER = (
    "MobileNetV2 1.0 with ImageNet-1k weights (google-coral/test_data, tf2_mobilenet_v2_1.0_224_ptq.tflite, "
    "Apache-2.0) in timm's architecture `mobilenetv2_100` (Apache-2.0)"
)

TERMS = {
    "flowers": "TensorFlow's flower_photos, from Flickr: CC BY, as stated upstream",
    "vehicles": "photos gathered from the web: no licence stated",
    "chest_xray": "ieee8023/covid-chestxray-dataset (licences of each image) and NIH ChestX-ray8 (free to use)",
    "cifar10_mini": "CIFAR-10: no formal licence, research use",
    "pacs_photo": "PACS (Li et al. 2017), photos: research use",
    "pacs_sketch": "PACS (Li et al. 2017), sketches: research use",
    "raccoon": "datitran/raccoon_dataset: MIT; photos gathered from the web",
    "bccd_blood_cells": "Shenggan/BCCD_Dataset: MIT",
    "camvid": "CamVid: research use",
    "crackforest": "cuilimeng/CrackForest-dataset: non-commercial research",
    "mnist": "MNIST: CC BY-SA 3.0, as stated upstream",
    "usps": "USPS: none stated, research use",
    "generated": "drawn by `recipes/scenes.py`: textures, fractals, scenes",
}
"""Name of a set → where its pictures come from, and their terms."""


def written_config(config: Mapping[str, Any], pictures: int) -> dict[str, Any]:
    """``config.json`` of the package, from that of the folder that was pretrained."""
    known = {"license": LICENCE, "pretraining": f"taught by mobilenetv2_100 on {pictures:,} pictures"}
    return {**config, **known, "learnt_from": pictures}


def written_card(result: Mapping[str, Any], counts: Mapping[str, int], machine: str) -> str:
    """The card.

    Parameters
    ----------
    result : ``pretraining.json``. counts : name of a set → pictures of it. machine : what it was trained on.
    """
    minutes = result["seconds"] / 60
    rows = [f"| `{name}` | {count:,} | {TERMS.get(name, 'terms of their own')} |" for name, count in counts.items()]
    lines = [
        f"licence: {LICENCE}",
        "",
        f"# {NAME}",
        "",
        "A small MobileNetV2 without a classifier, for pictures of 224 pixels; what `headstart fit` starts from "
        "where no other backbone is at hand. Its large tensors are in half precision.",
        "",
        f"- Licence: {LICENCE}, that of headstart, of the architecture's code and of the teacher's weights.",
        f"- Teacher: {TEACHER}.",
        f"- How: `headstart pretrain` by {result['method']}, begun with random weights: {result['crops']:,} crops, "
        f"{result['epochs']} epochs in {minutes:.0f} minutes on {machine}. No label was looked at.",
        f"- Learnt from: {sum(counts.values()):,} pictures, of every set its train split alone. No picture lies in "
        "the package, only weights; the pictures have terms of their own:",
        "",
        "| set | pictures | where from, and terms |",
        "|---|---:|---|",
        *rows,
        "",
        "`recipes/embedded_backbone.py` of headstart's repository repeats it.",
        "",
    ]
    return "\n".join(lines)
