"""Makes a tokenizer for texts: pieces of words, learnt from the texts themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PAD, BEGIN, END = "[PAD]", "[BEGIN]", "[END]"


def word_pieces(texts: Iterable[str], most: int) -> Any:
    """A fast tokenizer of transformers with at most `most` tokens, in lower case, with marks around a text.

    Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) of bytes, so that no character is unknown.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=most,
        special_tokens=[PAD, BEGIN, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (BEGIN, END)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A {END}", special_tokens=marks)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        model_input_names=["input_ids", "attention_mask"],
    )
