"""A backbone in a folder: which library it belongs to, and what its files say, without loading torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.backbones._card import Card
from headstart.backbones._registry import SOURCES
from headstart.backbones._source import Source
from headstart.backbones.folders.detector_names import DETECTORS, count_classes, finds_boxes, unsaid_config
from headstart.backbones.folders.lstm_names import unsaid_stack
from headstart.backbones.folders.open_clip_names import WEIGHTS as OPEN_CLIP_WEIGHTS
from headstart.backbones.folders.open_clip_names import clip_config, is_open_clip
from headstart.backbones.folders.prior import of_files, of_masks
from headstart.backbones.folders.quantized import check_full_precision
from headstart.backbones.folders.segmenter_kinds import mask_classes
from headstart.backbones.folders.sentence_files import is_sentence_encoder
from headstart.backbones.folders.set_detector_kinds import KINDS
from headstart.backbones.folders.tensor_header import tensor_shapes
from headstart.backbones.folders.yolo_names import pickled
from headstart.core.errors import HeadstartError, MissingDependency
from headstart.core.files import read_json

WEIGHTS = "model.safetensors"
_LAYOUT = (
    "A backbone folder holds config.json, model.safetensors and, for text, tokenizer files; or "
    "open_clip_config.json and open_clip_model.safetensors."
)


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json`` of `folder`, or what it would be where the weights alone tell.

    Raises
    ------
    HeadstartError : no folder, no such file, or not a JSON object.
    """
    if not folder.is_dir():
        raise HeadstartError(
            f"{folder}: "
            + ("is a file, not a folder. " if folder.exists() else "is absent. ")
            + (pickled(folder) or _LAYOUT)
        )
    file = folder / "config.json"
    if not file.is_file():
        if config := unsaid_config(folder / WEIGHTS) or unsaid_stack(folder / WEIGHTS):
            return config
        raise HeadstartError(f"{folder}: config.json is missing. {_LAYOUT}")
    return read_json(file, {})


def weights_file(folder: Path) -> Path:
    """Where the weights of `folder` lie, if it has any."""
    return folder / (OPEN_CLIP_WEIGHTS if is_open_clip(folder) else WEIGHTS)


def source_of(folder: Path) -> tuple[Source, Card]:
    """The source whose library the backbone in `folder` belongs to, and a card without a name.

    Raises
    ------
    HeadstartError : a file is missing, or no library's; says which ones were looked for. Or weights are quantized.
    """
    config = clip_config(folder) if is_open_clip(folder) else read_config(folder)
    check_full_precision(config, str(folder))
    for name in SOURCES.names():
        try:
            source = SOURCES.load(name)()
        except MissingDependency:
            continue
        if modality := source.reads(folder, config):
            card = folder_card(folder, config, modality, weights_file(folder).name)
            return source, replace(card, licence=source.licence, binding=True) if source.licence else card
    if any("ObjectDetection" in str(name) for name in config.get("architectures") or []):
        raise HeadstartError(
            f"{folder}: holds a detector of transformers ({config.get('model_type')}), which no fit can start from "
            f"yet; of transformers' detectors these are read: {', '.join(KINDS)}; of torchvision's: "
            f"{', '.join(DETECTORS)}."
        )
    if config.get("is_encoder_decoder"):
        raise HeadstartError(
            f"{folder}: holds an encoder with a decoder of transformers ({config.get('model_type')}), which no fit "
            "can start from yet; take a model that is an encoder, or a decoder, alone."
        )
    raise HeadstartError(
        f"{folder}: holds no backbone that can be read here. config.json should be torchvision's "
        '("library": "torchvision" and "architecture"), timm\'s ("architecture" and "pretrained_cfg") or that of '
        'a transformers text model ("model_type", with tokenizer files beside it); '
        f"it has {', '.join(sorted(config)[:8]) or 'no keys'}."
    )


def folder_card(folder: Path, config: Mapping[str, Any], modality: str, weights: str = WEIGHTS) -> Card:
    """What the files of `folder` say of the backbone; its name is left empty.

    `weights` names the file of its weights, since another library may keep one beside it.
    """
    file = folder / weights
    parameters = count_parameters(file) if file.is_file() else 0
    classes = config.get("num_classes") if "architecture" in config else None
    partial = f", up to {config['last_stage']} only" if config.get("last_stage") else ""
    kind = str(config.get("architecture") or config.get("model_type") or "")
    masks = mask_classes(folder, config)
    sentences, pairs = is_sentence_encoder(folder), entailment_place(config) is not None
    prior = of_masks(kind, parameters) if masks is not None else of_files(config, parameters, sentences, pairs)
    if masks is not None:
        classes = f"masks of {masks}"
    boxes = finds_boxes(config)
    if boxes and (count := count_classes(config)):
        classes = f"boxes of {count}"
    return Card(
        name="",
        modality=modality,
        licence=_licence(folder, config),
        parameters=parameters,
        bytes=file.stat().st_size if file.is_file() else 0,
        pretraining=str(config.get("pretraining") or (f"{kind}, {classes} classes" if classes else kind) + partial),
        rank=prior.rank,
        published=prior.published,
        path=str(folder),
        words=sentences or "vision_config" in config or pairs,
        boxes=boxes,
    )


def entailment_place(config: Mapping[str, Any]) -> int | None:
    """The place of "entailment" among the outputs of a classifier of pairs of sentences; None for other models."""
    classifier = any("SequenceClassification" in str(name) for name in config.get("architectures") or [])
    labels = config.get("id2label") if classifier else None
    found = [int(place) for place, label in (labels or {}).items() if str(label).lower().startswith("entail")]
    return found[0] if found else None


def count_parameters(file: Path) -> int:
    """How many numbers a safetensors file holds, from its header alone; 0 when the header is broken."""
    return sum(math.prod(shape) for shape in tensor_shapes(file).values())


def _licence(folder: Path, config: Mapping[str, Any]) -> str:
    """From config.json, or the first line of a README that reads ``licence: …``."""
    given = config.get("license") or (config.get("pretrained_cfg") or {}).get("license")
    if given:
        return str(given)
    for name in ("README.md", "README.txt"):
        file = folder / name
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            if match := re.search(r"^\s*licen[cs]e:\s*(.+?)\s*$", text, re.MULTILINE | re.IGNORECASE):
                return match[1]
    return "unknown"
