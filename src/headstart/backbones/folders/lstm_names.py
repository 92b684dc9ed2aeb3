"""Stacks of LSTM layers in weights without a config.json, told by names and shapes of tensors; loads no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headstart.backbones.folders.tensor_header import tensor_shapes
from headstart.core.errors import HeadstartError

KIND = "stacked_lstm"
"""The key of the configuration that such weights would have."""

Shapes = Mapping[str, tuple[int, ...]]

_FORMS = ("lstm.{kind}_l{place}{way}", "rnn_{number}.{kind}_l0{way}")
"""How layers are named: as one module of PyTorch with all of them, or as a module each, counted from 1."""

_EMBEDDING, _BACK = "embedding.weight", "_reverse"
_ATTENTION = "attention.weight"
"""Weighs each token by its vector and its states in every layer, side by side; left out, but it tells of them."""

_KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_HEADS = ("mlp.", "output.", "fc.", "linear.", "classifier.", "head.", "decoder.")
"""What begins the names of the layers that it was pretrained to answer with; they are left out."""

_GATES = 4
"""Input, forget, cell and output gate: the rows of an LSTM's weights for each number of its state."""


@dataclass(frozen=True)
class Sizes:
    """Of a stack.

    Parameters
    ----------
    known, embedding : how many tokens there are, and how many numbers the vector of one has.
    hidden : the width of each layer's states, in one direction.
    both_ways : whether texts are read backward too.
    keeps : whether the states of a token are in the end its vector and those of every layer, not of the last alone.
    """

    known: int
    embedding: int
    hidden: tuple[int, ...]
    both_ways: bool = False
    keeps: bool = False

    def inputs(self) -> list[int]:
        """The width of what each layer reads, and last that of what the last one gives."""
        return [self.embedding, *(hidden * (1 + self.both_ways) for hidden in self.hidden)]

    def width(self) -> int:
        """The width of the states in the end."""
        return sum(self.inputs()) if self.keeps else self.inputs()[-1]

    def to_json(self) -> dict[str, Any]:
        """A plain object."""
        return {**asdict(self), "hidden": list(self.hidden)}


def unsaid_stack(file: Path) -> dict[str, Any] | None:
    """What ``config.json`` would say of the weights in `file`, where they are a stack of LSTM layers."""
    form = _form(tensor_shapes(file))
    return None if form is None else {KIND: form, "pretraining": "unknown: LSTM layers, told by their tensors' names"}


def sizes_in(file: Path) -> tuple[Sizes, dict[str, str]]:
    """The sizes of the stack in `file`, and where each of its tensors lies: own name → name in the file.

    Raises
    ------
    HeadstartError : tensors are missing, of other shapes, or of layers that are not known here; names them.
    """
    shapes = tensor_shapes(file)
    form = _form(shapes)
    if form is None:
        raise HeadstartError(f"{file}: holds no {_EMBEDDING} beside LSTM layers.")
    sizes = _sizes(shapes, form)
    expected = {own: (name, shape) for own, name, shape in _tensors(sizes, form)}
    weighed = {_ATTENTION: (1, sizes.width())} if sizes.keeps else {}
    mistakes = _mistakes(shapes, {**dict(expected.values()), **weighed})
    if mistakes:
        raise HeadstartError(f"{file}: is no whole stack of {len(sizes.hidden)} LSTM layers: {'; '.join(mistakes)}.")
    return sizes, {own: name for own, (name, _) in expected.items()}


def _form(shapes: Shapes) -> str | None:
    """How the layers are named; None where they are not LSTM layers over an embedding."""
    if len(shapes.get(_EMBEDDING, ())) != 2:
        return None
    return next((form for form in _FORMS if _hidden(shapes, form, 0)), None)


def _name(form: str, kind: str, place: int, way: str = "") -> str:
    return form.format(kind=kind, place=place, number=place + 1, way=way)


def _sizes(shapes: Shapes, form: str) -> Sizes:
    known, embedding = shapes[_EMBEDDING]
    hidden: list[int] = []
    while size := _hidden(shapes, form, len(hidden)):
        hidden.append(size)
    both = any(_name(form, kind, 0, _BACK) in shapes for kind in _KINDS)
    return Sizes(known, embedding, tuple(hidden), both, _ATTENTION in shapes)


def _hidden(shapes: Shapes, form: str, place: int) -> int:
    """The width of the states of the layer at `place`; 0 where there is none."""
    within = shapes.get(_name(form, "weight_hh", place), ())
    if len(within) == 2:
        return within[1]
    entering = shapes.get(_name(form, "weight_ih", place), ())
    return entering[0] // _GATES if entering else 0


def _tensors(sizes: Sizes, form: str) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Own name, name in the file and shape of every tensor."""
    yield "embedding.weight", _EMBEDDING, (sizes.known, sizes.embedding)
    ways = {"ahead": "", "back": _BACK} if sizes.both_ways else {"ahead": ""}
    for place, (width, hidden) in enumerate(zip(sizes.inputs(), sizes.hidden, strict=False)):
        rows = _GATES * hidden
        kinds = zip(_KINDS, [(rows, width), (rows, hidden), (rows,), (rows,)], strict=True)
        for kind, shape in kinds:
            for own, way in ways.items():
                yield f"layers.{place}.{own}.{kind}_l0", _name(form, kind, place, way), shape


def _mistakes(shapes: Shapes, expected: Shapes) -> list[str]:
    missing = [f"{name} is missing" for name in expected if name not in shapes]
    others = [
        f"{name} is {shapes[name]}, not {shape}"
        for name, shape in expected.items()
        if shapes.get(name, shape) != shape
    ]
    unknown = [f"{name} is not known" for name in shapes if name not in expected and not name.startswith(_HEADS)]
    return missing + others + unknown
