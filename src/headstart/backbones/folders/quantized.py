"""Refuses folders whose configuration says that the weights are quantized: only full precision can be learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headstart.core.errors import HeadstartError

SETTING = "quantization_config"


def check_full_precision(config: Any, where: str) -> None:
    """Raise ``HeadstartError`` where the configuration of `where`, or one within it, says that weights are quantized.

    transformers would obey the setting, with kernels of further packages; and where tensors are put into a network
    one by one, nothing would tell whole numbers from the weights that they stand for.
    """
    for path, given in _settings(config):
        method = given.get("quant_method") if isinstance(given, dict) else None
        raise HeadstartError(
            f"{where}: its config.json holds {path}{f' ({method})' if method else ''}: the weights are quantized, "
            "and only weights in full precision can be learnt from. Take the model that this one was made from, or "
            "write this one anew without quantization (transformers: model.dequantize(), then save_pretrained)."
        )


def _settings(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each that is not null, by where it stands: ``text_config.quantization_config``."""
    if isinstance(config, list):
        for value in config:
            yield from _settings(value, path)
    if isinstance(config, dict):
        if config.get(SETTING) is not None:
            yield path + SETTING, config[SETTING]
        for name, value in config.items():
            yield from _settings(value, f"{path}{name}.")
