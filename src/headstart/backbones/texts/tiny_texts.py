"""Miniature text models of every family, with a tokenizer made on the spot; for tests without a network."""

from __future__ import annotations

from typing import Any

_SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "a model learns from a few examples and then reads many more",
    "this film was good , that film was bad , and the third was neither",
    "call now to win a free prize or see you at home tonight",
)

_COMMON = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 64}
_GPT2 = {"n_embd": 32, "n_layer": 4, "n_head": 2, "n_positions": 64}
_RELATIVE = {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"]}
_RELATIVE |= {"norm_rel_ebd": "layer_norm", "share_att_key": True, "position_buckets": 16, "type_vocab_size": 0}
_SHARED = {"embedding_size": 16, "num_hidden_layers": 8, "num_hidden_groups": 4}  # each of four layers runs twice
# three layers of a window, then one without
_WINDOWS = {"num_key_value_heads": 1, "head_dim": 16, "sliding_window": 4, "sliding_window_pattern": 4}

# model_type and configuration, by family
_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("bert", {**_COMMON, "max_position_embeddings": 64}),
    "roberta": ("roberta", {**_COMMON, "max_position_embeddings": 66}),
    "distilbert": ("distilbert", {"dim": 32, "n_layers": 4, "n_heads": 2, "hidden_dim": 64}),
    "minilm": ("bert", {**_COMMON, "num_hidden_layers": 6, "max_position_embeddings": 64}),
    "deberta-v2": ("deberta-v2", {**_COMMON, **_RELATIVE, "max_position_embeddings": 64}),
    "albert": ("albert", {**_COMMON, **_SHARED, "max_position_embeddings": 64}),
    "gpt2": ("gpt2", _GPT2),
    "gemma3": ("gemma3_text", {**_COMMON, **_WINDOWS, "max_position_embeddings": 64}),
    "llama": ("llama", {**_COMMON, "num_key_value_heads": 1, "max_position_embeddings": 64}),
}
_WITHOUT_TYPES = ("roberta", "distilbert", "gpt2", "gemma3_text", "llama")


def families() -> list[str]:
    """Names that :func:`tiny_config` knows."""
    return list(_CONFIGS)


def tiny_config(family: str, tokenizer: Any) -> dict[str, Any]:
    """A configuration of transformers, as JSON, of the family's architecture at four layers and 32 wide."""
    model_type, sizes = _CONFIGS[family]
    special = {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    return {
        "model_type": model_type,
        "vocab_size": len(tokenizer),
        **sizes,
        **special,
        "pad_token_id": tokenizer.pad_token_id,
    }


def tiny_tokenizer(family: str) -> Any:
    """A fast tokenizer of whole words, with special tokens around a text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = sorted({word for sentence in _SENTENCES for word in sentence.split()})
    vocabulary = {word: i for i, word in enumerate(["[UNK]", "[PAD]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inputs = ["input_ids", "attention_mask"] + ["token_type_ids"] * (_CONFIGS[family][0] not in _WITHOUT_TYPES)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        eos_token="[SEP]",
        model_max_length=48,
        model_input_names=inputs,
    )
