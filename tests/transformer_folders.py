"""Folders of miniature vision transformers in the layouts of timm and of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from kept_folders import kept

SMALL = {"depth": 4, "embed_dim": 48, "num_heads": 3}
PLAIN = {
    "vit_tiny_patch16_224": 64,
    "deit_tiny_distilled_patch16_224": 64,
    "beit_base_patch16_224": 64,
    "vit_small_patch14_reg4_dinov2": 56,
    "vit_base_patch16_siglip_224": 64,
    "eva02_tiny_patch14_224": 56,
    "vit_tiny_r_s16_p8_224": 64,
}
"""Architectures of timm that are plain vision transformers, and the side in pixels that miniatures have."""

SMALL_STAGES = {"depths": [1, 1, 2, 1], "num_heads": [1, 1, 2, 2]}
WIDTHS = [16, 24, 32, 48]
STAGED: dict[str, tuple[int, dict[str, Any]]] = {
    "swin_tiny_patch4_window7_224": (64, {**SMALL_STAGES, "embed_dim": 16, "window_size": 4, "img_size": 64}),
    "swinv2_tiny_window8_256": (64, {**SMALL_STAGES, "embed_dim": 16, "window_size": 4, "img_size": 64}),
    "pvt_v2_b0": (64, {**SMALL_STAGES, "embed_dims": WIDTHS}),
    "twins_pcpvt_small": (64, {**SMALL_STAGES, "embed_dims": WIDTHS}),
    "maxvit_pico_rw_256": (
        64,
        {
            "depths": [1] * 4, "embed_dim": [32, 32, 64, 64], "stem_width": [8, 16], "img_size": 64,
            "transformer_partition_ratio": 32,
        },
    ),
    "coatnet_nano_rw_224": (
        64, {"depths": [1] * 4, "embed_dim": [32, 32, 64, 64], "stem_width": [8, 16], "img_size": 64}
    ),
    "mambaout_femto": (64, {"depths": [1] * 4, "dims": WIDTHS}),
    "xcit_nano_12_p16_224": (64, {"depth": 3, "embed_dim": 48, "num_heads": 2, "cls_attn_layers": 1}),
    "mixer_s32_224": (64, {"mlp_ratio": [0.05, 0.05], "img_size": 64}),
    "convmixer_small_p14": (56, {}),
}  # fmt: skip
"""Architectures of timm that tell what their stages give: the side in pixels that miniatures have, and arguments."""

SMALL_TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2}
SETTINGS = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "resample": 3, "size": 32}
"""What a folder of two towers says of pictures."""

CLASSIFIERS = {
    "vit": "ViTForImageClassification",
    "deit": "DeiTForImageClassificationWithTeacher",
    "dinov2": "Dinov2ForImageClassification",
    "dinov2_with_registers": "Dinov2WithRegistersForImageClassification",
}
"""Of transformers, by ``model_type``."""


def classifier_folder(folder: Path, kind: str, patch: int = 16, **further: Any) -> Any:
    """A classifier of transformers with random weights, as its ``save_pretrained`` writes it; the model within it.

    Parameters
    ----------
    patch : pixels of the side of a patch, of which pictures have four. further : of its configuration.
    """
    import transformers

    from headstart.backbones import SOURCES
    from headstart.backbones.folders.transformers_networks import make_config

    plain = SOURCES.load("transformers_vits")().tiny(kind).describe()["config"]
    told = {**plain, "patch_size": patch, "image_size": 4 * patch, **further}

    def make(place: Path) -> Any:
        model = getattr(transformers, CLASSIFIERS[kind])(make_config(told, kind)).eval()
        for name, value in model.named_parameters():
            if name.endswith(("position_embeddings", "_token", "_tokens")):
                torch.nn.init.normal_(value)
        model.save_pretrained(place)
        return getattr(model, kind)

    return kept(folder, ("classifier", kind, told), make)


def towers_folder(folder: Path, family: str, patch: int = 8) -> Any:
    """CLIP or SigLIP of transformers with random weights, written to `folder` as transformers does.

    Pictures have four patches a side.
    """
    from transformers import AutoConfig, AutoModel

    from headstart.backbones.texts.tiny_texts import tiny_tokenizer

    tokenizer = tiny_tokenizer("distilbert")
    text = {**SMALL_TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 24, "projection_size": 32}
    text |= {"eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 1}
    vision = {**SMALL_TOWER, "image_size": 4 * patch, "patch_size": patch}
    config = AutoConfig.for_model(family, text_config=text, vision_config=vision, projection_dim=24)
    torch.manual_seed(0)
    model = AutoModel.from_config(config).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(str(folder))
    if family == "siglip":  # what the folders on the hub say: a class that reads files of sentencepiece alone
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        said |= {"tokenizer_class": "SiglipTokenizer", "model_input_names": ["input_ids"]}
        (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    return model


def transformer_folder(folder: Path, architecture: str) -> Any:
    """A miniature with random weights."""
    import timm

    import small_convmixer  # noqa: F401

    size, arguments = STAGED.get(architecture) or (PLAIN[architecture], {**SMALL, "img_size": PLAIN[architecture]})
    torch.manual_seed(0)
    network = timm.create_model(architecture, pretrained=False, num_classes=0, **arguments).eval()
    folder.mkdir()
    save_file(
        {name: tensor.contiguous() for name, tensor in network.state_dict().items()}, folder / "model.safetensors"
    )
    cfg = {"input_size": [3, size, size], "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    config = {"architecture": architecture, "model_args": arguments, "pretrained_cfg": cfg}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return network
