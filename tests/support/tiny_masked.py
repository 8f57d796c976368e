"""A tiny masked language model that has learned which words may stand in which place."""

from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SIZES = ("big", "large", "gigantic")
COLOURS = ("red", "purple", "crimson")
ANIMALS = ("dog", "cat", "horse")
THINGS = ("paint", "cloth", "ink")
WORDS = (*SIZES, *COLOURS, *ANIMALS, *THINGS, "the", "ran", "dried", "far", "soon", ".")
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def masked_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words that joins pairs as BERT's does."""
    ids = {word: number for number, word in enumerate((*SPECIALS, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def sentence(rng: np.random.Generator) -> str:
    """Return "the SIZE ANIMAL ran far ." or "the COLOUR THING dried soon ."."""
    if rng.random() < 0.5:
        return f"the {rng.choice(SIZES)} {rng.choice(ANIMALS)} ran far ."
    return f"the {rng.choice(COLOURS)} {rng.choice(THINGS)} dried soon ."


def save_masked_model(folder: Path, steps: int = 250) -> Path:
    """Train on sentences, alone and behind a copy of themselves, with a word masked; return folder.

    In the copy another word of the kind stands: so the model learns that it need not repeat.
    """
    tokenizer, rng = masked_tokenizer(), np.random.default_rng(0)
    transformers.set_seed(0)
    model = transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=5,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(steps):
        texts = [sentence(rng) for _ in range(16)]
        hidden = [_mask(text, rng) for text in texts]
        first = [text.replace(*_other(text, rng), 1) for text in texts]
        before = [first] if step % 2 else []
        batch = tokenizer(*before, hidden, return_tensors="pt", padding=True)
        whole = tokenizer(*before, texts, return_tensors="pt", padding=True)
        labels = whole["input_ids"].clone()
        labels[batch["input_ids"] != tokenizer.mask_token_id] = -100
        loss = model(**batch, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _mask(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    words[rng.integers(1, 3)] = "[MASK]"
    return " ".join(words)


def _other(text: str, rng: np.random.Generator) -> tuple[str, str]:
    word = text.split()[1]
    kind = SIZES if word in SIZES else COLOURS
    return word, rng.choice([other for other in kind if other != word])
