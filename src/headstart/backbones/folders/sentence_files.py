"""The small files by which sentence-transformers, and headstart, know how a text encoder's vectors are pooled."""

from __future__ import annotations

from typing import Any

_POOLING = "1_Pooling"
_MODES = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "last": "pooling_mode_lasttoken"}
_TYPES = {"": "Transformer", _POOLING: "Pooling", "2_Normalize": "Normalize"}


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
        found["sentence_bert_config.json"] = {"max_seq_length": longest, "do_lower_case": False}
    if sentences:
        paths = [*list(_TYPES)[:2], *(["2_Normalize"] if normalised else [])]
        found["modules.json"] = [
            {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{_TYPES[path]}"}
            for place, path in enumerate(paths)
        ]
    return found
