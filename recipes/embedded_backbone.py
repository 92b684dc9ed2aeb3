"""Makes the small backbone that lies in the package: gathers pictures, has it taught, packs its weights, checks them.

    python recipes/embedded_backbone.py gather ../shared/data pictures
    python recipes/embedded_backbone.py train pictures ../shared/backbones/mobilenetv2_100 made --budget 8m
    python recipes/embedded_backbone.py check made/packed ../shared/backbones/mobilenetv2_100 ../shared/data

Pictures are gathered by their own step, so that the machine with the GPU needs nothing but their folder. Of every set
only its train split is taken, and no picture goes into the package.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded_card import NAME, written_card, written_config
from PIL import Image
from scenes import write_scenes

TAKEN = {
    "flowers": ("flowers/train/*/*", 0),
    "vehicles": ("vehicles/train/*/*", 0),
    "chest_xray": ("chest_xray/train/*/*", 0),
    "cifar10_mini": ("cifar10_mini/train/*/*", 0),
    "pacs_photo": ("pacs_photo_sketch/photo/train/*/*", 0),
    "pacs_sketch": ("pacs_photo_sketch/sketch/train/*/*", 0),
    "raccoon": ("raccoon/images/train/*", 0),
    "bccd_blood_cells": ("bccd_blood_cells/images/train/*", 0),
    "camvid": ("camvid/train/images/*", 0),
    "crackforest": ("crackforest/train/images/*", 0),
    "mnist": ("digits_da/mnist/train/*/*", 150),
    "usps": ("digits_da/usps/train/*/*", 150),
}
"""Where the pictures of each set lie, and of how many, evenly spread over it; 0 for all. Digits are all alike."""

GENERATED, SCENE = 900, 224
"""Pictures that are drawn instead, and their side in pixels."""

LONGEST, QUALITY = 320, 85
"""Pixels of a picture's longer side, at most, and of its JPEG file where it is written anew."""

ENDINGS = {".jpg", ".jpeg", ".png"}

PROBED = {
    "flowers": "flowers/train",
    "vehicles": "vehicles/train",
    "cifar10_mini": "cifar10_mini/train",
    "chest_xray": "chest_xray/train",
    "pacs_photo": "pacs_photo_sketch/photo/train",
}
"""Labelled examples by which the result is checked; each is judged by a head that has not seen it."""

SIDE = 160
"""Pixels of a crop in training. The finished backbone looks at 224, as its teacher does: what a random crop shows is
larger than in the whole picture, so a network that learnt from crops of 160 pixels is at its best above that (Touvron
et al. 2019, arXiv:1906.06423), and half the work a crop means twice the crops."""

BACKBONE, PACKED, WEIGHTS = "backbone", "packed", "model.safetensors"


def main() -> None:
    """Carry out one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("gather", help="copy the pictures to learn from into one folder")
    step.add_argument("data", type=Path)
    step.add_argument("pictures", type=Path)
    step.set_defaults(run=lambda options: gather(options.data, options.pictures))
    step = steps.add_parser("train", help="teach the backbone and pack it")
    step.add_argument("pictures", type=Path)
    step.add_argument("teacher", type=Path)
    step.add_argument("out", type=Path)
    step.add_argument("--budget", default="8m")
    step.add_argument("--course", default="streamed")
    step.add_argument("--size", type=int, default=SIDE)
    step.add_argument("--resume", action="store_true")
    step.set_defaults(run=train)
    step = steps.add_parser("check", help="how far on the way from random weights to the teacher it came")
    step.add_argument("backbone", type=Path)
    step.add_argument("teacher", type=Path)
    step.add_argument("data", type=Path)
    step.add_argument("--sets", default=",".join(PROBED))
    step.set_defaults(run=lambda options: check(options.backbone, options.teacher, options.data, options.sets))
    options = parser.parse_args()
    options.run(options)


def gather(data: Path, pictures: Path) -> None:
    """Copy the train pictures under `data` into `pictures`, one folder a set, and draw others.

    Raises
    ------
    SystemExit : `pictures` exists, or a set is not there.
    """
    if pictures.exists():
        raise SystemExit(f"{pictures} exists already; remove it, or name another folder.")
    for name, (pattern, most) in TAKEN.items():
        files = sorted(path for path in data.glob(pattern) if path.suffix.lower() in ENDINGS)
        if not files:
            raise SystemExit(f"{data / pattern}: no pictures. The first argument is the folder that holds the sets.")
        files = files[:: max(1, len(files) // most)][:most] if most else files
        (pictures / name).mkdir(parents=True)
        for number, path in enumerate(files):
            take(path, pictures / name / f"{number:05}")
        print(f"{name}: {len(files)} pictures")
    write_scenes(pictures / "generated", GENERATED, SCENE)
    size = sum(path.stat().st_size for path in pictures.rglob("*") if path.is_file())
    print(f"generated: {GENERATED} pictures; {size / 2**20:.1f} MiB in all")


def take(path: Path, stem: Path) -> None:
    """Copy a picture, or write it anew where it is larger than needed."""
    with Image.open(path) as picture:
        small = max(picture.size) <= LONGEST
        if small and (picture.format == "JPEG" or max(picture.size) < LONGEST // 4):
            shutil.copyfile(path, stem.with_suffix(path.suffix.lower()))
            return
        made = picture.convert("RGB")
        made.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        made.save(stem.with_suffix(".jpg"), quality=QUALITY)


def train(options: argparse.Namespace) -> None:
    """Teach the architecture of the teacher, begun at random, and pack it."""
    import headstart

    result = headstart.pretrain(
        options.pictures,
        teacher=options.teacher,
        student=options.teacher,
        fresh=True,
        out=options.out / BACKBONE,
        budget=options.budget,
        course=options.course,
        size=options.size,
        resume=options.resume,
    )
    pack(options.out / BACKBONE, options.out / PACKED, options.pictures)
    print(json.dumps(result.to_json()))


def pack(backbone: Path, packed: Path, pictures: Path) -> None:
    """Write the backbone's folder again with its large tensors in half precision, and with the card of the package.

    Vectors stay as they are: they are few, and statistics of normalisation may be too small or large for 16 bits.
    """
    from safetensors.torch import load_file, save_file

    packed.mkdir(parents=True, exist_ok=True)
    state = load_file(backbone / WEIGHTS)
    halved = {name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in state.items()}
    save_file(halved, packed / WEIGHTS)
    counts = {folder.name: sum(1 for _ in folder.iterdir()) for folder in sorted(pictures.iterdir())}
    document(backbone, packed, counts, machine())
    print(f"{packed / WEIGHTS}: {(packed / WEIGHTS).stat().st_size / 1e6:.2f} MB")


def document(backbone: Path, packed: Path, counts: Mapping[str, int], machine: str) -> None:
    """Write what is to be known of the weights: ``config.json``, ``pretraining.json`` without paths, and the card."""
    result = {**_read(backbone / "pretraining.json"), "backbone": NAME}
    config = written_config(_read(backbone / "config.json"), sum(counts.values()))
    for name, plain in (("config.json", config), ("pretraining.json", result)):
        (packed / name).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    (packed / "README.md").write_text(written_card(result, counts, machine), encoding="utf-8")


def machine() -> str:
    """What a network is trained on here."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU"


def _read(file: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return plain


def check(backbone: Path, teacher: Path, data: Path, sets: str) -> None:
    """Print for each set what linear heads say on random weights, on the backbone, and on its teacher."""
    import torch

    from headstart.backbones import beginner, load
    from headstart.core.device import choose_device
    from headstart.core.spec import FitSpec
    from headstart.core.timing import Stopwatch
    from headstart.experiment.pretraining.probe import Probe

    torch.manual_seed(0)
    networks = [beginner(backbone, fresh=True), load(backbone), load(teacher)]
    shares = []
    for name in sets.split(","):
        began = time.perf_counter()
        probe = Probe(FitSpec(data / PROBED[name]), "image", Stopwatch(), choose_device())
        probed = probe.compared(*(probe.outputs(network) for network in networks))
        figures = [f"{each.value:.3f}" for each in (probed.before, probed.after, probed.teacher)]
        shares.append(probed.share or 0.0)
        seconds = time.perf_counter() - began
        print(f"{name}: {probed.figure} {' → '.join(figures)}, share {shares[-1]:.2f} ({seconds:.0f} s)", flush=True)
    print(f"mean share {sum(shares) / len(shares):.2f}, least {min(shares):.2f}")


if __name__ == "__main__":
    main()
