"""The numbers of the released LexiMark code."""

from pipelines.training.presets import FINETUNE, INSTRUCT, INSTRUCT_QLORA, PRETRAIN, for_model


def test_finetune():
    assert (FINETUNE.learning_rate, FINETUNE.schedule, FINETUNE.warmup_steps) == (
        3e-4,
        "cosine",
        20,
    )
    assert (FINETUNE.batch_size, FINETUNE.gradient_accumulation, FINETUNE.epochs) == (2, 1, 1)
    assert (FINETUNE.optimizer, FINETUNE.precision) == ("paged_adamw_8bit", "float16")
    adapter = FINETUNE.adapter
    assert adapter is not None
    assert (adapter.rank, adapter.alpha, adapter.dropout, adapter.quantize) == (16, 16, 0.05, True)


def test_the_layers_of_llama_and_of_pythia():
    llama = for_model(FINETUNE, "llama").adapter
    assert llama is not None
    assert set(llama.targets) == {
        "k_proj", "q_proj", "v_proj", "o_proj", "gate_proj", "down_proj", "up_proj", "lm_head",
    }  # fmt: skip
    pythia = for_model(FINETUNE, "gpt_neox").adapter
    assert pythia is not None
    assert set(pythia.targets) == {
        "dense", "dense_h_to_4h", "dense_4h_to_h", "embed_in", "lm_head",
    }  # fmt: skip
    assert pythia.rank == 16
    assert for_model(PRETRAIN, "gpt_neox") == PRETRAIN


def test_pretrain():
    assert (PRETRAIN.learning_rate, PRETRAIN.schedule, PRETRAIN.epochs) == (1e-4, "linear", 1)
    assert (PRETRAIN.batch_size, PRETRAIN.gradient_accumulation, PRETRAIN.max_tokens) == (2, 2, 512)
    assert (PRETRAIN.adapter, PRETRAIN.precision) == (None, "float32")


def test_instruct():
    assert (INSTRUCT.learning_rate, INSTRUCT.batch_size, INSTRUCT.gradient_accumulation) == (
        1e-5,
        8,
        8,
    )
    assert (INSTRUCT.epochs, INSTRUCT.max_tokens, INSTRUCT.precision) == (1, 512, "float16")
    qlora = INSTRUCT_QLORA
    assert (qlora.learning_rate, qlora.batch_size, qlora.gradient_accumulation) == (1e-4, 2, 8)
    assert qlora.adapter == FINETUNE.adapter
