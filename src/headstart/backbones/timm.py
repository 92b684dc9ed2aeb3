"""timm: image classifiers of every family, from the hub (``timm/NAME``) or a folder in timm's layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones._card import Card
from headstart.backbones._source import Source
from headstart.backbones.folders.folder import WEIGHTS, folder_card, read_config
from headstart.backbones.folders.hub import NotAtHand, fetch_folder
from headstart.backbones.folders.prior import Prior, estimated, of_weights
from headstart.backbones.folders.published import published_cards
from headstart.core.errors import HeadstartError, UsageError, nearest

if TYPE_CHECKING:
    from headstart.backbones.images.backbone import ImageBackbone

_PATTERNS = ("config.json", WEIGHTS, "README.md")

# name, licence, weights, pretraining: what suits a laptop, where size costs time
_LISTED = (
    ("convnext_tiny.fb_in22k_ft_in1k", "apache-2.0", 28_589_128, "ImageNet-22k, then 1k"),
    (
        "vit_small_patch14_dinov2.lvd142m",
        "apache-2.0",
        22_056_576,
        "DINOv2, 142 million pictures without labels",
    ),
    ("swin_tiny_patch4_window7_224.ms_in22k_ft_in1k", "mit", 28_288_354, "ImageNet-22k, then 1k"),
    ("convnext_nano.in12k_ft_in1k", "apache-2.0", 15_593_800, "ImageNet-12k, then 1k"),
    ("vit_tiny_patch16_224.augreg_in21k_ft_in1k", "apache-2.0", 5_717_416, "ImageNet-21k, then 1k"),
    ("resnet50.a1_in1k", "apache-2.0", 25_557_032, "ImageNet-1k"),
    ("efficientnet_b0.ra_in1k", "apache-2.0", 5_288_548, "ImageNet-1k"),
    ("densenet121.ra_in1k", "apache-2.0", 7_978_856, "ImageNet-1k"),
    ("mobilenetv2_100.ra_in1k", "apache-2.0", 3_504_872, "ImageNet-1k"),
    ("inception_v3.tv_in1k", "bsd-3-clause", 23_834_568, "ImageNet-1k"),
    ("vgg16.tv_in1k", "bsd-3-clause", 138_357_544, "ImageNet-1k"),
)

# the same architecture made narrow and shallow where timm has arguments for it (else as published, with random
# weights): arguments of timm.create_model, and the input size
_MINIATURES: dict[str, tuple[dict[str, Any], int]] = {
    "vgg16": ({"mlp_ratio": 0.01}, 64),
    "resnet50": ({"layers": [1, 1, 1, 1], "channels": [16, 16, 32, 64]}, 64),
    "inception_v3": ({}, 96),
    "mobilenetv2_100": ({}, 64),
    "efficientnet_b0": ({}, 64),
    "densenet121": ({"block_config": [2, 2, 2, 2], "growth_rate": 8}, 64),
    "convnext_tiny": ({"depths": [1, 1, 2, 1], "dims": [16, 24, 32, 48]}, 64),
    "vit_tiny_patch16_224": ({"depth": 4, "embed_dim": 48, "img_size": 64}, 64),
    "swin_tiny_patch4_window7_224": (
        {"depths": [2, 2, 2, 2], "embed_dim": 24, "num_heads": [1, 2, 2, 4], "img_size": 64, "window_size": 4},
        64,
    ),
    "swinv2_tiny_window8_256": (
        {"depths": [1, 1, 2, 1], "embed_dim": 24, "num_heads": [1, 2, 2, 4], "img_size": 64, "window_size": 4},
        64,
    ),
    "pvt_v2_b0": ({"depths": [1, 1, 2, 1], "embed_dims": [16, 24, 32, 48], "num_heads": [1, 1, 2, 2]}, 64),
    "maxvit_pico_rw_256": (
        {
            "depths": [1, 1, 1, 1],
            "embed_dim": [32, 32, 64, 64],
            "stem_width": [8, 16],
            "img_size": 64,
            "transformer_partition_ratio": 32,
        },
        64,
    ),
    "mixer_s32_224": ({"mlp_ratio": [0.05, 0.05], "img_size": 64}, 64),
}


class Timm(Source):
    """Names are timm's, with or without the weights' tag: ``resnet50``, ``resnet50.a1_in1k``.

    A name with a slash is a hub repository in timm's layout.
    """

    def cards(self) -> list[Card]:
        return published_cards(self, "image", _LISTED, _prior, lambda repository: repository.removeprefix("timm/"))

    def has(self, name: str) -> bool:
        import timm

        return "/" in name or timm.is_model(name.split(".")[0])

    def load(self, name: str, pretrained: bool = True) -> ImageBackbone:
        import timm

        if not self.has(name):
            known = timm.list_models() + timm.list_pretrained()
            raise UsageError(f"timm has no model {name!r}.{nearest(name, known)}")
        if not pretrained:
            cfg = timm.get_pretrained_cfg(name)
            card = Card(f"{self.prefix}/{name}", "image", pretraining="none: random weights")
            return self._make(name.split(".")[0], {}, cfg.to_dict() if cfg else {}, card)
        folder = fetch_folder(self._repository(name), _PATTERNS, ("config.json", WEIGHTS))
        card = replace(folder_card(folder, read_config(folder), "image"), name=f"{self.prefix}/{name}")
        return self.load_folder(folder, card)

    def _repository(self, name: str) -> str:
        import timm

        if "/" in name:
            return name
        cfg = timm.get_pretrained_cfg(name)
        if cfg is None or not cfg.hf_hub_id:
            options = timm.list_pretrained(f"{name.split('.')[0]}.*")
            raise NotAtHand(
                f"timm publishes no weights {name!r} on the hub.{nearest(name, options)} "
                f"There are: {', '.join(options[:8]) or 'none for this architecture'}."
            )
        architecture = f"{name.split('.')[0]}.{cfg.tag}" if cfg.tag else name
        return f"{cfg.hf_hub_id}{architecture}" if cfg.hf_hub_id.endswith("/") else str(cfg.hf_hub_id)

    def reads(self, folder: Path, config: Mapping[str, Any]) -> str | None:
        return (
            "image" if "architecture" in config and "pretrained_cfg" in config and "library" not in config else None
        )

    def load_folder(self, folder: Path, card: Card, pretrained: bool = True) -> ImageBackbone:
        from headstart.backbones.folders.weights import read_linear
        from headstart.backbones.images.rebuild import load_image_weights

        config = read_config(folder)
        cfg = dict(config["pretrained_cfg"])
        arguments = dict(config.get("model_args") or {})
        backbone = self._make(config["architecture"], arguments, cfg, card, config.get("last_stage"))
        given = cfg.get("classifier") or ()
        classifier = (given,) if isinstance(given, str) else tuple(given)
        load_image_weights(backbone.network, folder, (*classifier, "AuxLogits"), pretrained)
        if pretrained and len(classifier) == 1 and not config.get("last_stage"):
            backbone.read_classifier = partial(read_linear, folder / WEIGHTS, classifier[0], backbone.feature_size)
        return backbone

    def _make(
        self,
        architecture: str,
        arguments: Mapping[str, Any],
        cfg: Mapping[str, Any],
        card: Card,
        last_stage: str | None = None,
    ) -> ImageBackbone:
        from headstart.backbones.images.preprocess import ImagePreprocess

        preprocess = ImagePreprocess.from_pretrained_cfg(cfg)
        arguments = {**arguments, "in_chans": preprocess.channels}
        arguments.pop("num_classes", None)
        return self._build(architecture, arguments, preprocess, card, last_stage)

    def _build(
        self, architecture: str, arguments: Mapping[str, Any], preprocess: Any, card: Card, last_stage: str | None
    ) -> ImageBackbone:
        import timm
        from timm.layers import get_notrace_functions, get_notrace_modules

        from headstart.backbones.images.rebuild import backbone_type, cut_after

        if not timm.is_model(architecture):
            raise HeadstartError(
                f"{card.name or card.path}: timm {timm.__version__} has no architecture {architecture!r}."
                f"{nearest(architecture, timm.list_models())}"
            )
        network = timm.create_model(architecture, pretrained=False, num_classes=0, **arguments)
        cut_after(network, last_stage, preprocess)
        description = {
            "source": Path(__file__).stem,
            "architecture": architecture,
            "arguments": dict(arguments),
            "last_stage": last_stage,
        }
        leaves, functions = tuple(get_notrace_modules()), tuple(get_notrace_functions())
        return backbone_type(network)(network, card, preprocess, description, leaves, functions)

    def rebuild(self, description: Mapping[str, Any], assets: Path | None) -> ImageBackbone:
        from headstart.backbones.images.preprocess import ImagePreprocess
        from headstart.backbones.images.rebuild import described_card, framed_as_described

        preprocess = ImagePreprocess.from_description(description["preprocess"])
        card = described_card(description)
        made = self._build(
            description["architecture"], description["arguments"], preprocess, card, description["last_stage"]
        )
        return framed_as_described(made, description)

    def folder_config(self, description: Mapping[str, Any]) -> dict[str, Any]:
        from headstart.backbones.images.rebuild import written_config

        arguments = {key: value for key, value in description["arguments"].items() if key != "in_chans"}
        return written_config(description, arguments)

    def tiny(self, name: str) -> ImageBackbone:
        arguments, size = _MINIATURES[name]
        cfg = {"input_size": (3, size, size), "crop_pct": 0.875, "interpolation": "bicubic"}
        return self._make(
            name, arguments, cfg, Card(f"{self.prefix}/{name}", "image", pretraining="none: a miniature")
        )

    def families(self) -> list[str]:
        return list(_MINIATURES)


def _prior(name: str, parameters: int) -> Prior:
    architecture, _, tag = name.partition(".")
    return of_weights("timm", architecture, tag) or estimated(architecture, parameters)
