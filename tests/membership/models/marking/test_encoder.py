import numpy as np
import pytest
import torch
import transformers

from membership.models.marking import encoder
from membership.models.marking.encoder import load_encoder
from tests.support.tiny import tiny_tokenizer
from watermark.errors import ModelError
from watermark.substitution.target import TargetContext


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
    )
    transformers.set_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def test_vectors_are_means_over_the_tokens_of_sentence_and_word(folder):
    text = "if the suite is executed"
    context = TargetContext(text, 7, 12)
    (found,) = load_encoder(folder).encode([context])
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.BertModel.from_pretrained(folder).eval()
    batch = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    spans = batch.pop("offset_mapping")[0].numpy()
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state[0].numpy()
    inside = (spans[:, 0] < 12) & (spans[:, 1] > 7)
    for vector, rows in ((found.sentence, hidden), (found.word, hidden[inside])):
        mean = rows.mean(0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_batches_change_nothing_and_order_is_kept(folder, monkeypatch):
    texts = ["if " * n + "the suite" for n in (9, 1, 30, 4, 2)]
    contexts = [TargetContext(text, len(text) - 5, len(text)) for text in texts]
    loaded = load_encoder(folder)
    together = loaded.encode(contexts)
    monkeypatch.setattr(encoder, "BATCH_TOKENS", 1)
    alone = loaded.encode(contexts)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.sentence, other.sentence, atol=1e-5)
        np.testing.assert_allclose(one.word, other.word, atol=1e-5)
    assert loaded.encode([]) == []


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError):
        load_encoder(tmp_path)
