import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM

from membership.models.marking.masked import RUNS, load_masked, whole_words
from tests.support.tiny import save_tiny_model, tiny_tokenizer
from tests.support.tiny_masked import COLOURS, SIZES, masked_tokenizer, save_masked_model
from watermark.errors import ModelError
from watermark.substitution.target import TargetContext

BIG = "the big dog ran far ."
RED = "the red paint dried soon ."
WAYS = ("lexsub_dropout", "lexsub_concatenation")


def context(text, word):
    start = text.index(word)
    return TargetContext(text, start, start + len(word))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_masked_model(tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="module")
def model(folder):
    return load_masked(folder)


@pytest.mark.parametrize("way", WAYS)
def test_words_of_the_kind_are_proposed_without_the_original(model, way):
    found = model.propose([context(BIG, "big"), context(RED, "red")], way, 2)
    assert [{p.word for p in some} for some in found] == [
        set(SIZES) - {"big"},
        set(COLOURS) - {"red"},
    ]
    for first, second in found:
        assert first.score >= second.score


def dense(folder, way, place):
    """What one sentence alone gives, computed anew."""
    tokenizer = masked_tokenizer()
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    words = place.text.split()
    index = words.index(place.text[place.start : place.end])
    with torch.no_grad():
        if way == "lexsub_concatenation":
            hidden = " ".join([*words[:index], "[MASK]", *words[index + 1 :]])
            logits = model(**tokenizer(place.text, hidden, return_tensors="pt")).logits[0]
            probs = torch.softmax(logits[len(words) + 2 + index], -1)
        else:
            batch = tokenizer(place.text, return_tensors="pt")
            rng, runs = torch.Generator().manual_seed(0), []
            for _ in range(RUNS):
                embedded = model.get_input_embeddings()(batch["input_ids"]).clone()
                embedded[0, index + 1, torch.rand(32, generator=rng) < 0.3] = 0
                out = model(inputs_embeds=embedded, attention_mask=batch["attention_mask"])
                runs.append(torch.softmax(out.logits[0, index + 1], -1))
            probs = torch.stack(runs).mean(0)
    own = probs[tokenizer.convert_tokens_to_ids(words[index])]
    return {
        word: float(torch.log(probs[number] / (1 - own)))
        for word, number in tokenizer.get_vocab().items()
        if word.isalpha() and word != words[index]
    }


@pytest.mark.parametrize("way", WAYS)
def test_scores_are_those_of_the_sentence_alone(folder, model, way):
    long = "the big dog ran far . the large cat ran far . the gigantic horse ran far ."
    slots = [context(BIG, "big"), context(long, "cat"), context(RED, "paint")]
    for place, found in zip(slots, model.propose(slots, way, 99), strict=True):
        wanted = dense(folder, way, place)
        assert {p.word: p.score for p in found} == pytest.approx(wanted, abs=1e-4)


def test_likeness_weighs_cosines_by_the_attention_to_the_word(folder, model):
    one, other = context(BIG, "big"), context("the large dog ran far .", "large")
    reader = AutoModelForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        mine, theirs = (
            reader(
                **masked_tokenizer()(text, return_tensors="pt"),
                output_hidden_states=True,
                output_attentions=True,
            )
            for text in (one.text, other.text)
        )
    weights = np.mean([a[0].mean(0)[:, 2].numpy() for a in mine.attentions], axis=0)
    ours, others = (
        np.concatenate([h[0].numpy() for h in m.hidden_states[-4:]], -1) for m in (mine, theirs)
    )
    cosines = (
        (ours * others).sum(-1) / np.linalg.norm(ours, axis=-1) / np.linalg.norm(others, axis=-1)
    )
    (found,) = model.likeness([(one, other)])
    assert found == pytest.approx(float((weights * cosines).sum() / weights.sum()), abs=1e-5)


def test_likeness_is_greatest_for_the_sentence_itself_and_greater_within_a_kind(model):
    one = context(BIG, "big")
    same, near, far = model.likeness(
        [(one, one)] + [(one, context(BIG.replace("big", w), w)) for w in ("large", "paint")]
    )
    assert same == pytest.approx(1.0, abs=1e-5)
    assert same > near > far


def test_words_of_other_lengths_are_compared(model):
    long = "the big dog ran far . " * 2
    one, other = context(long, "dog"), context(long.replace("dog", "cat horse", 1), "cat horse")
    (found,) = model.likeness([(one, other)])
    assert 0 < found < 1


def test_what_is_read_together_does_not_matter(model):
    pairs = [
        (context(t, w), context(t.replace(w, o, 1), o))
        for t, w, o in ((BIG, "big", "large"), (RED * 3, "red", "purple"), (RED, "paint", "ink"))
    ]
    alone = [value for pair in pairs for value in model.likeness([pair])]
    assert model.likeness(pairs) == pytest.approx(alone, abs=1e-5)


def test_whole_words_are_told_from_pieces():
    marked = tiny_tokenizer(vocab_size=800)
    found = whole_words(marked)
    vocabulary = marked.get_vocab()
    assert found[vocabulary["\u0120the"]] == "the"
    assert vocabulary["th"] not in found
    assert set(whole_words(masked_tokenizer()).values()) >= {*SIZES, *COLOURS}
    assert "[mask]" not in whole_words(masked_tokenizer()).values()


def test_a_causal_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="mask"):
        load_masked(save_tiny_model(tmp_path / "gpt", "gpt2"))
