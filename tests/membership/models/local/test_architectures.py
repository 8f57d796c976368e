"""Nearly all causal architectures of transformers, tiny and random, against their own library."""

import numpy as np
import peft
import pytest
import torch
import transformers

from membership.models.local.adapter import load_adapter
from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from tests.support.architectures import COMPUTED, REFUSED, save_tiny
from tests.support.dense import traces
from tests.support.tiny import TEXTS
from watermark.errors import ModelError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

RUN = InferenceSettings(dtype="float32", device="cpu")
LOST_BY_PEFT = ("laguna",)
"""Peft saves some weights of their adapters under names that it does not find again."""
READ = (
    "The class statement is huge and the import fails quickly.",
    "a",
    "for x in y: try it",
    TEXTS[0][:560],
    TEXTS[1][:90],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = save_tiny(tmp_path_factory.mktemp("model") / kind, kind)
        return made[kind]

    return of


@torch.inference_mode()
def dense(library, tokenizer, text):
    """Read a text alone in the model as its library has it."""
    ids = torch.tensor([[*tokenizer.start, *tokenizer.encode([text])[0].ids]])
    rows = library(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
    return rows[:-1].gather(1, ids[0, 1:, None])[:, 0].numpy()


def assert_the_library_s_numbers(model, library):
    mixed = traces(model, READ)
    for text, trace in zip(READ, mixed, strict=True):
        wanted = dense(library.eval(), model.tokenizer, text)
        np.testing.assert_allclose(trace.logprob, wanted, atol=1e-4)
        np.testing.assert_allclose(traces(model, [text])[0].logprob, wanted, atol=1e-4)


@pytest.mark.parametrize("kind", COMPUTED)
def test_a_model_has_the_numbers_of_its_library_alone_and_in_mixed_batches(folder, kind):
    model = load_huggingface(folder(kind), InferenceSettings(dtype="float32", device="cpu"))
    library = transformers.AutoModelForCausalLM.from_pretrained(folder(kind), dtype=torch.float32)
    assert_the_library_s_numbers(model, library)


@pytest.mark.parametrize("kind", COMPUTED)
def test_an_adapter_has_the_numbers_of_peft_alone_and_in_mixed_batches(folder, tmp_path, kind):
    base = folder(kind)
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    head = model.get_output_embeddings()
    (place,) = (name.split(".")[-1] for name, part in model.named_modules() if part is head)
    linear = {
        name.split(".")[-1]
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear | transformers.pytorch_utils.Conv1D)
    }
    config = peft.LoraConfig(
        task_type="CAUSAL_LM", r=4, init_lora_weights=False, target_modules=sorted({*linear, place})
    )
    try:
        peft.get_peft_model(model, config).save_pretrained(tmp_path / "adapter")
        library = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        library = peft.PeftModel.from_pretrained(library, tmp_path / "adapter")
        library.eval()(input_ids=torch.tensor([[1, 2, 3]]), use_cache=False)
    except (ValueError, RuntimeError, TypeError, AttributeError, KeyError) as error:
        pytest.skip(f"peft cannot do it: {type(error).__name__}: {error!s:.80}")
    if kind in LOST_BY_PEFT:
        with pytest.raises(ModelError, match="do not fit the base"):
            load_adapter(tmp_path / "adapter", str(base), RUN)
        return
    assert_the_library_s_numbers(load_adapter(tmp_path / "adapter", str(base), RUN), library)


@pytest.mark.parametrize("kind", REFUSED)
def test_an_architecture_that_is_not_read_is_refused_with_a_message(folder, kind):
    with pytest.raises(ModelError, match=kind):
        load_huggingface(folder(kind), InferenceSettings(dtype="float32", device="cpu"))
