"""A transformers masked language model: proposes words and compares contexts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from membership.models.checkpoint import find_checkpoint
from watermark.errors import ModelError, as_model_error
from watermark.substitution.sources.masked import Proposal, Way
from watermark.substitution.target import TargetContext

REACH = 350
"""Characters used on either side of the word: two copies fit into 512 tokens."""
BATCH = 16
"""Sentences per batch."""
DROPOUT, RUNS = 0.3, 5
"""Share of the original's embedding that is zeroed, and the number of random patterns."""
LAYERS = 4
"""Number of last layers that are compared."""


@dataclass(frozen=True)
class MaskedLanguageModel:
    """A masked language model in memory; see `load_masked`."""

    name: str
    tokenizer: Any = field(repr=False)
    model: Any = field(repr=False)
    words: dict[int, str] = field(repr=False)
    """The tokens that are whole words, lower case."""

    def propose(self, contexts: Sequence[TargetContext], way: Way, n: int) -> list[list[Proposal]]:
        """Return n whole words for the target of each passage, the likeliest first.

        The original is left out. The proposals for a passage do not depend on the others.

        Args:
            contexts: Sentences with their target words.
            way: `lexsub_dropout` zeroes 30 % of the original's embedding, five times over, and
                averages the probabilities; `lexsub_concatenation` reads the sentence followed
                by a copy with a mask for the word.
            n: Number of words.
        """
        read = self._dropped if way == "lexsub_dropout" else self._concatenated
        clipped = [_clip(context) for context in contexts]
        found: list[list[Proposal]] = []
        for first in range(0, len(clipped), BATCH):
            batch = clipped[first : first + BATCH]
            for context, probs_V in zip(batch, read(batch), strict=True):
                found.append(self._best(context, probs_V, n))
        return found

    def _best(self, context: TargetContext, probs_V: Tensor, n: int) -> list[Proposal]:
        """Return the likeliest whole words other than the original."""
        original = context.text[context.start : context.end].lower()
        whole = torch.tensor(list(self.words))
        own = torch.tensor([word == original for word in self.words.values()])
        of_original = probs_V[whole[own]].sum().clamp_max(1 - 1e-6)
        scores = probs_V[whole].log() - torch.log1p(-of_original)
        best = scores.masked_fill(own, -torch.inf).topk(min(n, len(whole) - int(own.sum())))
        return [
            Proposal(self.words[int(whole[index])], float(score))
            for index, score in zip(best.indices, best.values, strict=True)
        ]

    @torch.inference_mode()
    def _concatenated(self, contexts: Sequence[TargetContext]) -> Tensor:
        """Return probabilities [passages, vocabulary] at the mask."""
        mask = self.tokenizer.mask_token
        masked = [f"{p.text[: p.start]}{mask}{p.text[p.end :]}" for p in contexts]
        batch = self.tokenizer(
            [p.text for p in contexts], masked, padding=True, return_tensors="pt"
        )
        logits_BTV = self.model(**batch).logits
        is_mask_BT = batch["input_ids"] == self.tokenizer.mask_token_id
        return torch.softmax(logits_BTV[_first(is_mask_BT)].float(), -1)

    @torch.inference_mode()
    def _dropped(self, contexts: Sequence[TargetContext]) -> Tensor:
        """Return mean probabilities [passages, vocabulary] at the first token of the word."""
        batch, word_BT = self._tokenize(contexts)
        whole_BTD = self.model.get_input_embeddings()(batch.pop("input_ids"))
        rng = torch.Generator().manual_seed(0)
        runs = []
        for _ in range(RUNS):  # one pattern for all words, so that passages are independent
            kept_D = torch.rand(whole_BTD.shape[-1], generator=rng) >= DROPOUT
            blurred_BTD = torch.where(word_BT[..., None], whole_BTD * kept_D, whole_BTD)
            logits_BTV = self.model(inputs_embeds=blurred_BTD, **batch).logits
            runs.append(torch.softmax(logits_BTV[_first(word_BT)].float(), -1))
        return torch.stack(runs).mean(0)

    def likeness(self, pairs: Sequence[tuple[TargetContext, TargetContext]]) -> list[float]:
        """Return the similarity of the contexts of each original and its substitute, in [-1, 1].

        The cosine of each token's last four layers in the one sentence to the same in the other,
        averaged with weights from each token's attention to the word in the original sentence.

        Source: Zhou et al. (ACL 2019), section 2.2. Ours differs: a word of several tokens is
        represented by their mean, and the weights sum to 1, so the length of a sentence has no
        effect. If the tokens of neighbours change as well, they are paired from the ends.
        """
        found: list[float] = []
        for first in range(0, len(pairs), BATCH):
            batch = pairs[first : first + BATCH]
            ones = self._read([_clip(one) for one, _ in batch])
            others = self._read([_clip(other) for _, other in batch])
            found += map(_compare, ones, others)
        return found

    @torch.inference_mode()
    def _read(self, contexts: Sequence[TargetContext]) -> list["_Read"]:
        batch, word_BT = self._tokenize(contexts)
        out = self.model(**batch, output_hidden_states=True, output_attentions=True)
        hidden_BTD = torch.cat(out.hidden_states[-LAYERS:], -1).float()
        to_word_BT = (torch.stack(out.attentions).mean((0, 2)) * word_BT[:, None, :]).sum(-1)
        lengths = batch["attention_mask"].sum(1).tolist()
        return [
            _Read(hidden_BTD[i, :length], to_word_BT[i, :length], word_BT[i, :length])
            for i, length in enumerate(lengths)
        ]

    def _tokenize(self, contexts: Sequence[TargetContext]) -> tuple[Any, Tensor]:
        """Return a batch, padded on the right, and which of its tokens are the word's."""
        batch = self.tokenizer(
            [context.text for context in contexts],
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        spans_BT2 = batch.pop("offset_mapping")
        bounds = torch.tensor([(p.start, p.end) for p in contexts])
        return batch, (spans_BT2[..., 0] < bounds[:, 1:]) & (spans_BT2[..., 1] > bounds[:, :1])


@dataclass(frozen=True)
class _Read:
    """The model's representation of a sentence."""

    hidden: Tensor
    """Vectors [tokens, width]."""
    to_word: Tensor
    """Attention [tokens] that each token pays to the word."""
    is_word: Tensor
    """Which tokens are the word's."""

    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the vectors left of the word, the mean of the word, the vectors right of it."""
        first, last = _ends(self.is_word)
        word_1D = self.hidden[first:last].mean(0, keepdim=True)
        return self.hidden[:first], word_1D, self.hidden[last:]


def _compare(one: _Read, other: _Read) -> float:
    first, last = _ends(one.is_word)
    weights = (one.to_word[:first], one.to_word[first:last].mean()[None], one.to_word[last:])
    total = weight = 0.0
    for side, mine, theirs, own in zip(
        (1, 1, -1), one.parts(), other.parts(), weights, strict=True
    ):
        n = min(len(mine), len(theirs))
        part = slice(0, n) if side > 0 else slice(len(mine) - n, len(mine))
        same = slice(0, n) if side > 0 else slice(len(theirs) - n, len(theirs))
        cosine = torch.cosine_similarity(mine[part], theirs[same], dim=-1)
        total += float((own[part] * cosine).sum())
        weight += float(own[part].sum())
    return total / weight


def _ends(chosen_T: Tensor) -> tuple[int, int]:
    places = chosen_T.nonzero().flatten()
    return int(places[0]), int(places[-1]) + 1


def _first(chosen_BT: Tensor) -> tuple[Tensor, Tensor]:
    """Return the index of the first chosen token of each row."""
    return torch.arange(len(chosen_BT)), chosen_BT.int().argmax(1)


def _clip(context: TargetContext) -> TargetContext:
    """Keep the text near the word."""
    first = max(0, context.start - REACH)
    text = context.text[first : context.end + REACH]
    return TargetContext(text, context.start - first, context.end - first)


def load_masked(name_or_folder: str | Path) -> MaskedLanguageModel:
    """Load a masked language model from a folder or the hub; safetensors only, no code is run.

    Raises:
        ModelError: It cannot be loaded, is unsafe, or is not a masked language model.
    """
    folder = find_checkpoint(name_or_folder)
    with as_model_error(f"{name_or_folder}: cannot be loaded as a masked language model"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, padding_side="right"
        )
        model, loaded = transformers.AutoModelForMaskedLM.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            attn_implementation="eager",  # the other implementations return no attention weights
            output_loading_info=True,
        )
    if tokenizer.mask_token_id is None or loaded["missing_keys"]:
        lacks = "mask token" if tokenizer.mask_token_id is None else "head of a masked model"
        raise ModelError(f"{name_or_folder}: has no {lacks}; wanted a model such as roberta-base")
    words = whole_words(tokenizer)
    return MaskedLanguageModel(folder.name, tokenizer, model.float().eval(), words)


def whole_words(tokenizer: Any) -> dict[int, str]:
    """Return the tokens of a vocabulary that are whole words of letters, lower case.

    In a vocabulary that marks where a word begins (RoBERTa, SentencePiece) these are the tokens
    with that mark, else (BERT) those without the mark of a continuation.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    begins = tuple(mark for mark in ("\u0120", "\u2581") if any(mark in t for t in vocabulary))
    special = set(tokenizer.all_special_ids)
    found: dict[int, str] = {}
    for token, index in sorted(vocabulary.items(), key=lambda item: item[1]):
        word = token[1:] if begins and token.startswith(begins) else token
        if index not in special and word.isalpha() and (not begins or token.startswith(begins)):
            found[index] = word.lower()
    return found
