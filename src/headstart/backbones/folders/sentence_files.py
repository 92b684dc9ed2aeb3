"""The small files by which sentence-transformers, and headstart, know how a text encoder's vectors are pooled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.core.errors import HeadstartError
from headstart.core.files import read_json

_POOLING, _MODULES, _LENGTH = "1_Pooling", "modules.json", "sentence_bert_config.json"
_MODES = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "last": "pooling_mode_lasttoken"}
_TYPES = {"": "Transformer", _POOLING: "Pooling", "2_Normalize": "Normalize"}
_SINCE_6 = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
"""Ways of pooling by the names that sentence-transformers gives them since its version 6, and ours."""


def sentence_files(
    sentences: bool, pooling: str, width: int, longest: int | None, normalised: bool
) -> dict[str, Any]:
    """Path → content, as JSON.

    Parameters
    ----------
    sentences : whether cosines are trained to tell what texts mean, which ``modules.json`` says.
    pooling : ``mean``, ``cls`` or ``last``. width : of the vectors. longest : tokens of a text, None for any number.
    normalised : whether vectors are brought to norm 1 for cosines.
    """
    modes = {mode: name == pooling for name, mode in _MODES.items()}
    found: dict[str, Any] = {f"{_POOLING}/config.json": {"word_embedding_dimension": width, **modes}}
    if longest is not None:
        found[_LENGTH] = {"max_seq_length": longest, "do_lower_case": False}
    if sentences:
        paths = [*list(_TYPES)[:2], *(["2_Normalize"] if normalised else [])]
        found[_MODULES] = [
            {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{_TYPES[path]}"}
            for place, path in enumerate(paths)
        ]
    return found


def is_sentence_encoder(folder: Path) -> bool:
    """Whether cosines of its pooled tokens were trained to tell what texts mean.

    sentence-transformers writes down the modules of its other models too: of classifiers of pairs, of sparse vectors
    and of many vectors a text; and of sentence encoders that go on with a layer of their own, which is not read here.
    """
    modules = _modules(folder)
    return "Pooling" in modules and modules <= set(_TYPES.values())


def is_normalised(folder: Path) -> bool:
    """Whether vectors are brought to norm 1 for cosines."""
    return "Normalize" in _modules(folder)


def pooling_of(folder: Path) -> str:
    """``mean``, ``cls`` or ``last``, as a sentence encoder's own file says; ``mean`` where there is none.

    Raises
    ------
    HeadstartError : it says another way, or several at once.
    """
    file = folder / _POOLING / "config.json"
    given = read_json(file, {})
    named = given.get("pooling_mode") or [
        key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        for key, value in given.items()  # before version 6 each way was a key of its own, true or not
        if key.startswith("pooling_mode_") and value
    ]
    named = [named] if isinstance(named, str) else named or ["mean"]
    if len(named) > 1 or named[0] not in _SINCE_6:
        raise HeadstartError(
            f"{file}: pools tokens by {' and '.join(map(str, named))}, which is not built here. Take an encoder that "
            f"pools by one of {', '.join(_SINCE_6)}."
        )
    return _SINCE_6[named[0]]


def longest_of(folder: Path) -> int | None:
    """How many tokens a sentence encoder was trained on, from its own file."""
    longest: int | None = read_json(folder / _LENGTH, {}).get("max_seq_length")
    return longest


def _modules(folder: Path) -> set[str]:
    """Kinds of the modules that its vectors go through, without the packages that they are of."""
    return {str(module.get("type")).rpartition(".")[2] for module in read_json(folder / _MODULES, [])}
