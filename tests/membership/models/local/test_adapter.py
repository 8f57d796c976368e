import json
import shutil
import warnings

import numpy as np
import peft
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from membership.models.local.adapter import adapter_fingerprint, is_adapter, load_adapter
from membership.models.local.inference_settings import InferenceSettings
from membership.traces.trace import Query
from tests.support.tiny import save_tiny_model
from watermark.errors import ModelError

TEXT = "It is not the case that the statement with a class is a try."
RUN = InferenceSettings(dtype="float32", device="cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "tiny", "llama")


def make_adapter(base, folder, **settings):
    """Save an adapter with random numbers; return the logits of the model that it makes."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    options = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], **settings}
    changed = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **options))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in changed.named_parameters():
            if "lora_" in name:
                weight.normal_(0, 0.2, generator=generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the head is saved as well
        changed.save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    ids = [tokenizer.bos_token_id, *tokenizer(TEXT, add_special_tokens=False)["input_ids"]]
    with torch.inference_mode():
        rows = changed.eval()(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return rows[range(len(ids) - 1), ids[1:]].numpy()


def edit(folder, **changes):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"use_rslora": True, "rank_pattern": {"q_proj": 2}},
        {"target_modules": ["q_proj", "lm_head"]},
        {"use_dora": True},
    ],
    ids=["plain", "rslora", "head", "dora"],
)
def test_an_adapter_scores_as_peft_has_it(base, tmp_path, settings):
    wanted = make_adapter(base, tmp_path / "adapter", **settings)
    assert is_adapter(tmp_path / "adapter")
    model = load_adapter(tmp_path / "adapter", None, RUN)
    assert "adapter on tiny" in model.settings
    ((_, trace),) = model.trace([Query(TEXT)])
    np.testing.assert_allclose(trace.logprob, wanted, atol=1e-4)


def test_the_fingerprint_is_of_adapter_and_base(base, tmp_path):
    make_adapter(base, tmp_path / "adapter")
    other = save_tiny_model(tmp_path / "other", "llama", seed=1)
    first = adapter_fingerprint(tmp_path / "adapter", base)
    assert adapter_fingerprint(tmp_path / "adapter", other) != first
    weights = load_file(tmp_path / "adapter/adapter_model.safetensors")
    save_file(
        {k: v + 1 for k, v in weights.items()}, tmp_path / "adapter/adapter_model.safetensors"
    )
    assert adapter_fingerprint(tmp_path / "adapter", base) != first


def test_a_base_may_be_named_and_a_missing_one_says_how(base, tmp_path):
    folder = tmp_path / "adapter"
    make_adapter(base, folder)
    moved = shutil.copytree(base, tmp_path / "moved")
    edit(folder, base_model_name_or_path="/no/such/folder")
    with pytest.raises(ModelError, match="--base"):
        load_adapter(folder, None, RUN)
    assert load_adapter(folder, str(moved), RUN).settings.count("adapter on moved") == 1
    edit(folder, base_model_name_or_path=None)
    with pytest.raises(ModelError, match="names no base"):
        load_adapter(folder, None, RUN)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: edit(f, megatron_config={"a": 1}, megatron_core="os"), "megatron_"),
        (lambda f: edit(f, peft_type="PREFIX_TUNING"), "of type 'PREFIX_TUNING'"),
        (
            lambda f: (f / "adapter_model.safetensors").rename(f / "adapter_model.bin"),
            "a pickle could run any code",
        ),
        (lambda f: (f / "adapter_model.safetensors").write_bytes(b"x"), "cannot be loaded as"),
        (lambda f: edit(f, target_modules=["q_proj"]), "do not fit the base"),
        (lambda f: edit(f, target_modules=["q_proj", "v_proj", "down_proj"]), "do not fit"),
        (lambda f: edit(f, target_modules=["nothing"]), "cannot be loaded as an adapter"),
    ],
    ids=["foreign code", "prefix", "pickle", "garbage", "too many", "too few", "no module"],
)
def test_a_bad_adapter_is_one_message(base, tmp_path, spoil, words):
    make_adapter(base, tmp_path / "adapter")
    spoil(tmp_path / "adapter")
    with pytest.raises(ModelError, match=words):
        load_adapter(tmp_path / "adapter", None, RUN)


def test_the_wrong_base_is_refused(base, tmp_path):
    make_adapter(base, tmp_path / "adapter")
    other = save_tiny_model(tmp_path / "other", "gpt_neox")
    with pytest.raises(ModelError):
        load_adapter(tmp_path / "adapter", str(other), RUN)
