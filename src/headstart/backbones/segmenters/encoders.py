"""The networks under decoders of transformers, written so that ``torch.fx`` follows them from stage to stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from headstart.backbones.images.stages import Opened
from headstart.backbones.segmenters._types_named import types_named


class Given(NamedTuple):
    """What a backbone of transformers gives: maps (N, C, h, w), from fine to coarse."""

    feature_maps: list[Tensor]


class Encoder(Opened, ABC):
    """Pixels (N, 3, H, W) → maps: the modules of a backbone of transformers, by the names that their weights have.

    What stands between them computes as in transformers, but for one thing: a map is normalised as soon as it is
    there, so that its normalisation belongs to the stage that gives it.
    """

    closed: ClassVar[tuple[str, ...]] = ()
    """Names of the types of its modules that are each part of one stage."""

    def __init__(self, backbone: Any) -> None:
        super().__init__({name: _opened(child, self.closed) for name, child in backbone.named_children()})
        self.names, self.read = list(backbone.stage_names), list(backbone.out_features)

    def forward(self, pixels: Tensor) -> Given:
        """The maps of the stages that a decoder reads."""
        states = zip(self.names, self.states(pixels), strict=True)
        return Given([self.normed(name, state) for name, state in states if name in self.read])

    @abstractmethod
    def states(self, pixels: Tensor) -> Iterator[Tensor]:
        """The map that the stem gives, and one after each stage."""

    def normed(self, name: str, state: Tensor) -> Tensor:
        """The map that a decoder reads, of the one after the stage `name`."""
        return state

    def closed_types(self) -> tuple[type[nn.Module], ...]:
        """The types named in :attr:`closed`."""
        return types_named(self, self.closed)


class _Convolutions(Encoder):
    """A stem, and stages of blocks that each take a map and give one."""

    stem: ClassVar[str]

    def states(self, pixels: Tensor) -> Iterator[Tensor]:
        found = self[self.stem](pixels)
        yield found
        encoder: Any = self["encoder"]
        for stage in encoder["stages"].values():
            for block in _blocks(stage):
                found = block(found)
            yield found


class ResNetEncoder(_Convolutions):
    """ResNet (He et al. 2015, arXiv:1512.03385)."""

    stem, closed = "embedder", ("ResNetEmbeddings", "ResNetBasicLayer", "ResNetBottleNeckLayer")


class ConvNextEncoder(_Convolutions):
    """ConvNeXt (Liu et al. 2022, arXiv:2201.03545), and its second version."""

    stem = "embeddings"
    closed = ("ConvNextEmbeddings", "ConvNextLayer", "ConvNextV2Embeddings", "ConvNextV2Layer", "_Downsampling")

    def __init__(self, backbone: Any) -> None:
        for stage in backbone.encoder.stages:
            stage.downsampling_layer = _Downsampling(*stage.downsampling_layer)
        super().__init__(backbone)

    def normed(self, name: str, state: Tensor) -> Tensor:
        norms: Any = self["hidden_states_norms"]
        found: Tensor = norms[name](state)
        return found


class _Downsampling(nn.Sequential):
    """What comes before the blocks of a stage; nothing in the first."""


class SwinEncoder(Encoder):
    """Swin (Liu et al. 2021, arXiv:2103.14030): attention within windows, which every other block shifts.

    Windows keep their size on maps that are smaller, as transformers has them in a backbone.
    """

    closed = ("SwinEmbeddings", "SwinLayer", "SwinPatchMerging")
    inside: ClassVar[str] = "swin"
    """The name of the module that holds stem and stages."""
    asked: ClassVar[Mapping[str, bool]] = {"always_partition": True}
    """What a block is told beside its map."""

    def __init__(self, backbone: Any) -> None:
        super().__init__(backbone)
        self.body["embeddings"].register_forward_hook(_embedded)
        for stage in self.stages():
            for block in stage["blocks"].values():
                _on_maps(block, _attended)
            if "downsample" in stage:
                _on_maps(stage["downsample"], _merged)

    @property
    def body(self) -> Any:
        """Stem and stages."""
        return self[self.inside]

    def stages(self) -> list[Any]:
        """Each with its blocks, and all but the last with what merges places after them."""
        return list(self.body["encoder"]["layers"].values())

    def states(self, pixels: Tensor) -> Iterator[Tensor]:
        found = self.body["embeddings"](pixels, interpolate_pos_encoding=False)
        yield found
        for stage in self.stages():
            for block in stage["blocks"].values():
                found = block(found, **self.asked)
            yield found
            if "downsample" in stage:
                found = stage["downsample"](found)

    def normed(self, name: str, state: Tensor) -> Tensor:
        norms: Any = self["hidden_states_norms"]
        found: Tensor = norms[self.norm_of(name)](state.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return found

    def norm_of(self, name: str) -> str:
        """The name of what normalises the map after the stage `name`."""
        return name


class MaskFormerSwinEncoder(SwinEncoder):
    """Swin as MaskFormer has it: windows always keep their size, and every stage has a normalisation, by number."""

    closed = ("MaskFormerSwinEmbeddings", "MaskFormerSwinLayer", "MaskFormerSwinPatchMerging")
    inside = "model"
    asked: ClassVar[Mapping[str, bool]] = {}

    def norm_of(self, name: str) -> str:
        return str(self.names.index(name) - 1)


_ENCODERS: Mapping[str, type[Encoder]] = {
    "ConvNextBackbone": ConvNextEncoder,
    "ConvNextV2Backbone": ConvNextEncoder,
    "MaskFormerSwinBackbone": MaskFormerSwinEncoder,
    "ResNetBackbone": ResNetEncoder,
    "SwinBackbone": SwinEncoder,
}
"""By the name of the class of a backbone in transformers."""


def encoder_of(backbone: Any, staged: bool) -> tuple[nn.Module, tuple[type[nn.Module], ...]]:
    """`backbone`, taken apart where it is `staged` and known here, and the types in it that no trace looks into.

    Any other is one stage, frozen or tuned as a whole. Both give ``feature_maps``, from fine to coarse.
    """
    known = _ENCODERS.get(type(backbone).__name__) if staged else None
    if known is None:
        return backbone, (type(backbone),)
    encoder = known(backbone)
    return encoder, encoder.closed_types()


def _opened(module: nn.Module, closed: tuple[str, ...]) -> nn.Module:
    """`module` without its own forward, down to the types named `closed`."""
    if type(module).__name__ in closed or not any(module.children()):
        return module
    return Opened({name: _opened(child, closed) for name, child in module.named_children()})


def _blocks(stage: Opened) -> Iterator[nn.Module]:
    """What a stage calls, in order."""
    for part in stage.values():
        yield from part.values() if isinstance(part, Opened) else [part]


def _on_maps(layer: nn.Module, gives: Callable[..., Tensor]) -> None:
    """Let `layer`, which takes places in a row (N, h · w, C) and their (h, w), take a map (N, C, h, w) and give one.

    By hooks, since a module around it would change the names of its weights.
    """
    layer.register_forward_pre_hook(_in_a_row)
    layer.register_forward_hook(gives)


def _in_a_row(layer: nn.Module, given: tuple[Tensor]) -> tuple[Tensor, tuple[int, int]]:
    places = given[0].flatten(2).transpose(1, 2)
    return places, (int(given[0].shape[2]), int(given[0].shape[3]))


def _embedded(layer: nn.Module, given: tuple[Tensor], output: tuple[Tensor, tuple[int, int]]) -> Tensor:
    return _as_a_map(*output)


def _attended(layer: nn.Module, given: tuple[Tensor, tuple[int, int]], output: tuple[Tensor, ...]) -> Tensor:
    return _as_a_map(output[0], given[1])


def _merged(layer: nn.Module, given: tuple[Tensor, tuple[int, int]], output: Tensor) -> Tensor:
    height, width = given[1]
    return _as_a_map(output, ((height + 1) // 2, (width + 1) // 2))


def _as_a_map(places: Tensor, size: tuple[int, int]) -> Tensor:
    """Places in a row (N, h · w, C) and their (h, w) → a map (N, C, h, w)."""
    return places.transpose(1, 2).reshape(places.shape[0], places.shape[2], *size)
