import json
import shutil

import huggingface_hub
import pytest

from membership.models.checkpoint import find_checkpoint, fingerprint
from tests.support.tiny import save_tiny_model, save_to_hub_cache
from watermark.errors import ModelError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def edit(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_model_folder_is_taken(folder):
    assert find_checkpoint(folder) == folder
    assert find_checkpoint(str(folder)) == folder


def test_a_file_is_no_model(folder):
    with pytest.raises(ModelError, match="is a file"):
        find_checkpoint(folder / "model.safetensors")


def test_a_folder_without_a_configuration_is_no_model(folder):
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"no config\.json"):
        find_checkpoint(folder)


@pytest.mark.parametrize("content", ["{", "[1]", "\udcff", "[" * 10**6])
def test_a_configuration_that_is_not_a_json_object_is_refused(folder, content):
    (folder / "config.json").write_text(content, errors="surrogateescape")
    with pytest.raises(ModelError, match="JSON"):
        find_checkpoint(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pth", "weights.ckpt"])
def test_pickled_weights_are_refused(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(ModelError, match=f"{name}, a pickle that could run any code"):
        find_checkpoint(folder)


def test_no_weights_at_all_are_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="found none"):
        find_checkpoint(folder)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_of_its_own_is_refused(folder, file):
    edit(folder / file, auto_map={"AutoModelForCausalLM": "evil.Model"})
    with pytest.raises(ModelError, match="auto_map"):
        find_checkpoint(folder)


def test_code_of_its_own_is_refused_at_any_depth(folder):
    edit(folder / "config.json", text_config=[{"auto_map": {"AutoConfig": "evil.Config"}}])
    with pytest.raises(ModelError, match="auto_map"):
        find_checkpoint(folder)


@pytest.mark.parametrize(
    "setting",
    [
        {"attn_implementation": "someone/kernel"},
        {"_attn_implementation": {"text": "someone/kernel"}},
        {"sub": {"experts_implementation": "someone/kernel"}},
    ],
)
def test_kernels_of_the_hub_are_refused(folder, setting):
    edit(folder / "config.json", **setting)
    with pytest.raises(ModelError, match="fetch code from the hub"):
        find_checkpoint(folder)


def test_an_encoder_decoder_is_refused(folder):
    edit(folder / "config.json", is_encoder_decoder=True)
    with pytest.raises(ModelError, match="encoder-decoder"):
        find_checkpoint(folder)


def test_a_quantized_model_is_refused(folder):
    edit(folder / "config.json", quantization_config={"quant_method": "gptq"})
    with pytest.raises(ModelError, match="quantized"):
        find_checkpoint(folder)


def test_an_adapter_is_refused(folder):
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="adapter"):
        find_checkpoint(folder)


def shard(folder, **weight_map):
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))


def test_a_shard_that_is_missing_is_named(folder):
    (folder / "model.safetensors").unlink()
    shard(folder, a="model-00001-of-00001.safetensors")
    with pytest.raises(ModelError, match=r"model-00001-of-00001\.safetensors are missing"):
        find_checkpoint(folder)


@pytest.mark.parametrize("name", ["../other/model.safetensors", "pytorch_model-1.bin", "/x.bin"])
def test_a_shard_elsewhere_or_of_another_kind_is_refused(folder, name):
    (folder / "model.safetensors").unlink()
    shard(folder, a=name)
    with pytest.raises(ModelError, match="not a file in the folder"):
        find_checkpoint(folder)


@pytest.mark.parametrize("name", ["no/such/folder", "./missing", "has space/x", "someone/tiny@"])
def test_what_is_neither_folder_nor_hub_id_is_refused(name):
    with pytest.raises(ModelError, match="no such folder"):
        find_checkpoint(name)


@pytest.fixture
def hub(saved, tmp_path, monkeypatch):
    """A hub cache with one model in it, and no way out."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return save_to_hub_cache(tmp_path, "someone/tiny", saved)


def test_a_hub_model_is_taken_from_the_cache(hub):
    assert find_checkpoint("someone/tiny") == hub
    assert find_checkpoint(f"someone/tiny@{hub.name}") == hub


def test_a_hub_model_that_runs_code_is_refused(hub):
    edit(hub / "config.json", auto_map={"AutoModelForCausalLM": "evil.Model"})
    with pytest.raises(ModelError, match="auto_map"):
        find_checkpoint("someone/tiny")


@pytest.mark.parametrize("name", ["someone/other", "someone/tiny@v2"])
@pytest.mark.usefixtures("hub")
def test_a_hub_model_that_cannot_be_had_says_how_to_mend(name):
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE=0.*hf auth login.*folder"):
        find_checkpoint(name)


def test_the_fingerprint_does_not_depend_on_where_the_folder_is(saved, folder):
    assert fingerprint(saved) == fingerprint(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_the_fingerprint_depends_on_every_byte_that_matters(saved, folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    assert fingerprint(saved) != fingerprint(folder)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt", "tokenizer_config.json"])
def test_the_fingerprint_depends_on_a_tokenizer_in_several_files(saved, folder, name):
    (folder / name).write_text("{}")
    assert fingerprint(saved) != fingerprint(folder)


def test_the_fingerprint_does_not_depend_on_files_beside(saved, folder):
    (folder / "README.md").write_text("hello")
    assert fingerprint(saved) == fingerprint(folder)
