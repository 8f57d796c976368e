import numpy as np
import pytest
import torch

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.models.marking.context import ContextLikelihood
from tests.support.tiny import save_tiny_model
from watermark.substitution.target import TargetContext

BEFORE = "The else clause of the statement, if there is one, is "
WORDS = ("executed", "run", "a", "unquestionably extraordinary", "for")


@pytest.fixture(scope="module", params=["llama", "gpt_neox"])
def model(request, tmp_path_factory):
    folder = save_tiny_model(tmp_path_factory.mktemp("lm"), request.param)
    return load_huggingface(folder, InferenceSettings(dtype="float32"))


def context(word, before=BEFORE, after=" when the loop ends"):
    return TargetContext(before + word + after, len(before), len(before) + len(word))


def alone(model, passage):
    """Read a passage by itself, with the library's own pass."""
    (tokens,) = model.tokenizer.encode([passage.text])
    ids = torch.tensor([[*model.tokenizer.start, *tokens.ids]])
    logprobs = model.model(ids).logits[0].double().log_softmax(-1)
    scored = logprobs[:-1].gather(1, ids[0, 1:, None])[:, 0].numpy()[-len(tokens) :]
    first, last = tokens.spans[:, 0], tokens.spans[:, 1]
    word = (first < passage.end) & (last > passage.start)
    return scored[word].sum(), scored[first >= passage.end].sum()


def test_each_passage_is_read_as_if_it_stood_alone(model):
    passages = [context(word) for word in WORDS]
    passages += [context("true", "It is "), context("small", "A rather long and other beginning ")]
    passages += [context(word, "They say that it is ") for word in WORDS[:3]]
    found = ContextLikelihood(model).read(passages)
    wanted = [alone(model, passage) for passage in passages]
    np.testing.assert_allclose([(f.word, f.rest) for f in found], wanted, atol=2e-4)


def test_what_the_passages_share_is_read_once(model, monkeypatch):
    read = []
    base = model.model.base_model
    forward = base.forward

    def counted(**asked):
        read.append(asked["input_ids"])
        return forward(**asked)

    monkeypatch.setattr(base, "forward", counted)
    ContextLikelihood(model).read([context(word) for word in WORDS])
    (ids,) = read
    lengths = [len(tokens) for tokens in model.tokenizer.encode([context(w).text for w in WORDS])]
    assert ids.numel() < 0.75 * sum(lengths)


def test_an_empty_list_is_read_at_once(model):
    assert ContextLikelihood(model).read([]) == []
