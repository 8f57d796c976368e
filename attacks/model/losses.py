"""Losses that the training attacks minimise; all take logits and labels of one batch.

T is time, B the batch, V the vocabulary. A label of -100 is not learned.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

IGNORED = -100
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From the ids of a batch, its labels and the model's logits to a number to minimise."""


def token_losses(logits_BTV: Tensor, labels_BT: Tensor) -> Tensor:
    """Return the loss of each token, shape [B, T - 1]; 0 where a label is ignored."""
    return torch.nn.functional.cross_entropy(
        logits_BTV[:, :-1].transpose(1, 2), labels_BT[:, 1:], ignore_index=IGNORED, reduction="none"
    )


def mean_loss(ids_BT: Tensor, labels_BT: Tensor, logits_BTV: Tensor) -> Tensor:
    """Return the mean loss of the learned tokens."""
    n = (labels_BT[:, 1:] != IGNORED).sum().clamp_min(1)
    return token_losses(logits_BTV, labels_BT).sum() / n


def teacher_divergence(
    logits_BTV: Tensor, teacher_BTV: Tensor, labels_BT: Tensor, temperature: float
) -> Tensor:
    """Return the mean divergence of a student from its teacher over the learned tokens, in nats.

    Args:
        logits_BTV: Of the student.
        teacher_BTV: Of the teacher.
        labels_BT: Says which tokens are learned.
        temperature: Divides both logits; the divergence is multiplied by its square, which keeps
            the size of the gradient.
    """
    student = torch.log_softmax(logits_BTV[:, :-1] / temperature, -1)
    teacher = torch.log_softmax(teacher_BTV[:, :-1] / temperature, -1)
    divergence_BT = (teacher.exp() * (teacher - student)).sum(-1)
    learned_BT = labels_BT[:, 1:] != IGNORED
    return temperature**2 * (divergence_BT * learned_BT).sum() / learned_BT.sum().clamp_min(1)


def goldfish(k: int = 4, context: int = 13) -> Loss:
    """Return the mean loss without one token in k, chosen by a hash of the tokens before it.

    Source: Hans et al., "Be like a goldfish, don't memorize!", NeurIPS 2024, with hashed masks of
    the last h = 13 tokens. Ours hashes with SHA-256.
    """

    def loss(ids_BT: Tensor, labels_BT: Tensor, logits_BTV: Tensor) -> Tensor:
        return mean_loss(ids_BT, goldfish_labels(ids_BT, labels_BT, k, context), logits_BTV)

    return loss


def goldfish_labels(ids_BT: Tensor, labels_BT: Tensor, k: int, context: int) -> Tensor:
    """Return the labels with those of the dropped tokens ignored."""
    kept = labels_BT.clone()
    for row, ids in enumerate(ids_BT.tolist()):
        for place in range(context, len(ids)):
            if _hashed(tuple(ids[place - context : place])) % k == 0:
                kept[row, place] = IGNORED
    return kept


@lru_cache(maxsize=1_000_000)
def _hashed(ids: tuple[int, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr(ids).encode()).digest()[:8], "big")


def negative_preference(forget: Tensor, reference: Tensor, beta: float) -> Tensor:
    """Return the NPO loss from the log-likelihoods of texts, shape [B].

    Source: Zhang et al., "Negative preference optimization", COLM 2024:
    (2 / beta) E log(1 + (p / p_ref)^beta), with the likelihood of whole texts.

    Args:
        forget: Log-likelihoods under the model.
        reference: The same under the model before unlearning.
        beta: Inverse temperature; towards 0 it becomes gradient ascent.
    """
    ratio = forget - reference
    return 2 / beta * torch.nn.functional.softplus(beta * ratio).mean()
