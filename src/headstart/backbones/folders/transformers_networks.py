"""Builds and loads transformers models and tokenizers from files only: no network, no code from a folder."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from headstart.backbones.folders.folder import WEIGHTS
from headstart.backbones.folders.quantized import check_full_precision
from headstart.backbones.folders.weights import read_weights
from headstart.core.errors import HeadstartError, first_line, nearest

_LONGEST = 256
_UNBOUNDED = 1_000_000
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")

_TOKENIZERS = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken")
"""Files with the words of a tokenizer. Without any, transformers makes one that knows none."""

_IMPLEMENTATIONS = ("attn_implementation", "experts_implementation")
_NAMES_OF_CODE = ("auto_map", *_IMPLEMENTATIONS, *(f"_{name}" for name in _IMPLEMENTATIONS))
"""Settings by which a configuration chooses code; of some names it would be fetched."""

_ADAPTER = "adapter_config.json"


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Whatever transformers raises of files that make no sense becomes an error that begins with `what`."""
    try:
        yield
    except HeadstartError:
        raise
    except Exception as error:
        raise HeadstartError(f"{what}: {' '.join(str(error).split())}") from error


def make_config(plain: Mapping[str, Any], where: str) -> Any:
    """A transformers configuration from its JSON; what chooses code is dropped, in configurations within it too.

    Raises
    ------
    HeadstartError : this version of transformers does not know the model type, or the weights are quantized.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    check_full_precision(plain, where)
    model_type = str(plain.get("model_type"))
    if model_type not in CONFIG_MAPPING:
        raise HeadstartError(
            f"{where}: transformers knows no model type {model_type!r}."
            f"{nearest(model_type, CONFIG_MAPPING.keys())} Code from a folder is never run."
        )
    config = CONFIG_MAPPING[model_type].from_dict(_without_code(plain))
    config.use_cache = False
    return config


def _without_code(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {key: _without_code(value) for key, value in given.items() if key not in _NAMES_OF_CODE}
    return [_without_code(value) for value in given] if isinstance(given, list) else given


def plain_config(config: Any) -> dict[str, Any]:
    """The configuration as JSON."""
    return json.loads(config.to_json_string(use_diff=False))


def _model_class(config: Any) -> Any:
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    if type(config) not in MODEL_MAPPING:
        raise HeadstartError(f"transformers has no encoder for the model type {config.model_type!r}.")
    found = MODEL_MAPPING[type(config)]
    return found[0] if isinstance(found, list | tuple) else found


def _without_pooler(model_class: Any) -> dict[str, bool]:
    """The argument that leaves BERT's pooler off, where there is one: features are pooled token vectors."""
    return {"add_pooling_layer": False} if "add_pooling_layer" in inspect.signature(model_class).parameters else {}


def make_network(config: Any) -> nn.Module:
    """The architecture with random weights."""
    model_class = _model_class(config)
    network = model_class._from_config(config, dtype=torch.float32, **_without_pooler(model_class))
    return network.eval()


def make_classifier(config: Any) -> nn.Module:
    """The architecture with its classifier, with random weights."""
    network: nn.Module = _classifier_class(config)._from_config(config, dtype=torch.float32)
    return network.eval()


def load_classifier(folder: Path, config: Any) -> nn.Module:
    """The same with the weights of `folder` (safetensors), as float32.

    Raises
    ------
    HeadstartError : weights are missing, or of another shape.
    """
    network = make_classifier(config)
    given, own = read_weights(folder / WEIGHTS), network.state_dict()
    needed = [name for name, _ in network.named_parameters()]
    if wrong := sorted(name for name in needed if name not in given or given[name].shape != own[name].shape):
        raise HeadstartError(
            f"{folder}: the weights do not fit config.json: {len(wrong)} missing or of another shape "
            f"({', '.join(wrong[:5])})."
        )
    network.load_state_dict({name: tensor for name, tensor in given.items() if name in own}, strict=False)
    return network


def _classifier_class(config: Any) -> Any:
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING as MAPPING

    if type(config) not in MAPPING:
        raise HeadstartError(f"transformers has no classifier for the model type {config.model_type!r}.")
    return MAPPING[type(config)]


def load_network(folder: Path, config: Any) -> nn.Module:
    """The encoder with the weights of `folder`; see :func:`load_whole`."""
    model_class = _model_class(config)
    return load_whole(folder, config, model_class, arguments=_without_pooler(model_class))


def load_whole(
    folder: Path,
    config: Any,
    model_class: Any,
    left_out: tuple[str, ...] = (),
    arguments: Mapping[str, bool] | None = None,
) -> nn.Module:
    """A model of `model_class` with the weights of `folder` (safetensors, whole or in shards), as float32.

    Parameters
    ----------
    left_out : paths of modules that need no weights. arguments : of the model's constructor.

    Raises
    ------
    HeadstartError : weights are missing, unexpected or of another shape; heads are left out silently. Or there is an
        adapter beside them, which transformers would put into the network.
    """
    from safetensors import SafetensorError

    if (folder / _ADAPTER).is_file():
        raise HeadstartError(
            f"{folder}: {_ADAPTER} stands beside the weights, and adapters are not read. Merge it into them (peft: "
            "merge_and_unload, then save_pretrained), or take it out of the folder."
        )
    try:
        with quietly():
            network, info = model_class.from_pretrained(
                str(folder),
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # those are named below
                **(arguments or {}),
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise HeadstartError(f"{folder}: its weights could not be loaded: {first_line(error)}") from error
    _check_whole(network, info, left_out, folder)
    return network.eval()


def _check_whole(network: Any, info: Mapping[str, Any], left_out: tuple[str, ...], folder: Path) -> None:
    """Raise ``HeadstartError`` where the loading `info` says that weights do not fit."""
    own = {name for name, _ in network.named_children()}
    prefix = f"{network.base_model_prefix}."
    inside = [key for key in info["unexpected_keys"] if key.removeprefix(prefix).split(".")[0] in own]
    buffers = {name for name, _ in network.named_buffers()}
    found = {
        "missing": [key for key in info["missing_keys"] if key not in buffers],
        "unexpected": [key for key in inside if key.removeprefix(prefix) not in buffers],
        "of another shape": [str(item[0]) for item in info["mismatched_keys"]],
    }
    needless = tuple(f"{path}." for path in left_out)
    kept = {kind: [key for key in keys if not key.startswith(needless)] for kind, keys in found.items()}
    mistakes = [f"{len(keys)} {kind} ({', '.join(sorted(keys)[:5])})" for kind, keys in kept.items() if keys]
    if mistakes:
        raise HeadstartError(f"{folder}: the weights do not fit config.json: {'; '.join(mistakes)}.")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without transformers' own bar and table of left-out heads: what matters is checked and raised here."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def read_tokenizer(folder: Path, where: str) -> Any:
    """The fast tokenizer in `folder`: of the class that its files name, or what ``tokenizer.json`` alone says where
    that class cannot be had or is none of the fast ones, as SigLIP's is.

    Raises
    ------
    HeadstartError : its files are missing or of a kind that cannot be read.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if not any(file.is_file() for pattern in _TOKENIZERS for file in folder.glob(pattern)):
        raise HeadstartError(f"{where}: has no tokenizer files; tokenizer.json is one that holds all of it.")
    try:
        tokenizer = _tokenizer(AutoTokenizer, folder)
        if not getattr(tokenizer, "is_fast", False):
            raise HeadstartError("it is none of the fast ones; save one with tokenizer.json (transformers does)")
    except Exception as error:
        try:
            return _tokenizer(PreTrainedTokenizerFast, folder)
        except Exception:  # what the class of its own says is the better reason
            raise HeadstartError(f"{where}: its tokenizer could not be read: {first_line(error)}") from error
    return tokenizer


def _tokenizer(kind: Any, folder: Path) -> Any:
    return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)


def max_length(network: nn.Module, tokenizer: Any, longest: int | None) -> int:
    """How many tokens a text may have: what model and tokenizer allow, at most 256."""
    config: Any = network.config
    positions = getattr(config, "max_position_embeddings", None) or _UNBOUNDED
    table = next((module for name, module in network.named_modules() if name.endswith("position_embeddings")), None)
    padding = getattr(table, "padding_idx", None)
    if padding is not None:
        # RoBERTa and its kin count positions from behind the padding index, so so many rows are never reached
        positions -= padding + 1
    return int(min(positions, tokenizer.model_max_length or _UNBOUNDED, longest or _UNBOUNDED, _LONGEST))


def inputs_of(network: nn.Module, tokenizer: Any) -> tuple[str, ...]:
    """The tensors that both the tokenizer gives and the model takes."""
    accepted = inspect.signature(network.forward).parameters
    return tuple(
        name
        for name in _INPUTS
        if name in accepted and (name != "token_type_ids" or name in tokenizer.model_input_names)
    )
