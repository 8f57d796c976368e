"""Tiny random models of nearly all causal architectures of transformers."""

import inspect
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.support.tiny import tiny_tokenizer

COMPUTED = tuple(
    """
    afmoe apertus arcee aria_text axk1 axk2 bailing_hybrid bamba bart beam bert-generation
    bigbird_pegasus biogpt bitnet blenderbot blenderbot-small bloom codegen cohere cohere2
    cohere2_moe ctrl cwm deepseek_v2 deepseek_v3 deepseek_v32 deepseek_v4 diffllama doge dots1
    ernie4_5 ernie4_5_moe exaone4 exaone_moe falcon falcon_h1 falcon_mamba flex_olmo flint gemma
    gemma2 gemma3_text gemma4_unified_text glm glm4 glm4_moe glm4_moe_lite glm_moe_dsa gpt-sw3
    gpt2 gpt_bigcode gpt_neo gpt_neox gpt_neox_japanese gpt_oss gptj granite granite_swa
    granitemoe granitemoe_swa granitemoehybrid granitemoeshared helium hrm_text hunyuan_v1_dense
    hunyuan_v1_moe hy_v3 hy_v4 hyperclovax inkling2_text inkling_text internlm3 iquestcoder
    jais2 jamba jetmoe kolibri1 laguna lfm2 lfm2_moe lfm3 llama llama4_text mamba mamba2 marian
    mbart mellum mimo_v2_flash minicpm3 minimax minimax_m2 minimax_m3_vl_text ministral
    ministral3 mistral mixtral moshi mpt mvp nanochat nemotron nemotron_h olmo olmo2 olmo3
    olmo_hybrid olmoe openai-gpt opt pegasus persimmon phi phi3 phimoe plbart qwen2 qwen2_moe
    qwen3 qwen3_5_moe_text qwen3_5_text qwen3_moe qwen3_next qwen4_exp_text recurrent_gemma rwkv
    seed_oss smollm3 solar_open stablelm starcoder2 trocr vaultgemma whisper xglm xlstm youtu
    zaya
    """.split()  # noqa: SIM905 - a list of words reads better as one
)
"""Architectures (`model_type`) whose numbers must be those of transformers."""
REFUSED = tuple(
    """
    bert big_bird camembert cpmant data2vec-text electra ernie megatron-bert modernbert-decoder
    prophetnet rembert roberta roberta-prelayernorm roformer xlm xlm-roberta xlm-roberta-xl
    xlnet xmod
    """.split()  # noqa: SIM905
)
"""Architectures that are refused: masked ones with a head of several layers, and the like."""

_SMALL = {
    "vocab_size": 600,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 256,
    "n_ctx": 256,
    "d_model": 32,
    "n_layers": 2,
    "n_heads": 4,
    "ffn_dim": 48,
    "decoder_layers": 2,
    "decoder_attention_heads": 4,
    "decoder_ffn_dim": 48,
    "encoder_layers": 2,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
    "moe_intermediate_size": 24,
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "top_k": 2,
    "n_shared_experts": 1,
    "shared_expert_intermediate_size": 24,
    "n_group": 1,
    "topk_group": 1,
    "q_lora_rank": 16,
    "kv_lora_rank": 8,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 4,
    "qk_head_dim": 8,
    "v_head_dim": 8,
    "first_k_dense_replace": 1,
    "sliding_window": 32,
    "state_size": 8,
    "d_inner": 64,
    "rotary_dim": 4,
    "emb_dim": 32,
    "is_decoder": True,
    "max_seq_len": 256,
    "dim_model": 32,
    "dim_head": 8,
    "dim_ff": 48,
    "num_heads": 4,
    "embedding_size": 32,
    "word_embed_proj_dim": 32,
    "mamba_d_state": 8,
    "mamba_n_heads": 4,
    "mamba_d_head": 16,
    "mamba_d_conv": 4,
    "mamba_expand": 2,
    "mamba_n_groups": 1,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "n_inner": 48,
    "dff": 48,
    "ffn_hidden_size": 48,
    "lru_width": 32,
    "attention_window_size": 32,
    "chunk_size": 16,
    "decoder_start_token_id": 1,
}
_SMALL_LATENT = {"num_key_value_heads": 4}
"""Latent attention has as many keys as queries, and heads of two parts."""
_OTHERWISE: dict[str, dict[str, Any]] = {
    "falcon_h1": {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1},
    "roc_bert": {"enable_pronunciation": False, "enable_shape": False},
    "whisper": {"max_target_positions": 256},
    "zaya": {"num_experts_per_tok": 1},
}


def save_tiny(folder: Path, kind: str) -> Path:
    """Save a random model of an architecture and its tokenizer; return the folder."""
    model = transformers.AutoModelForCausalLM.from_config(_configuration(kind), dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in filter(torch.is_floating_point, model.parameters()):
            if weight.dim() > 1:  # far enough from zero that predictions are not all alike
                weight.normal_(0, 0.25 if weight.dim() == 2 else 0.15, generator=generator)
            else:
                weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.1)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def _configuration(kind: str) -> transformers.PreTrainedConfig:
    family = transformers.CONFIG_MAPPING[kind]
    fields = getattr(family, "__dataclass_fields__", {})
    known = {*inspect.signature(family.__init__).parameters, *fields, *family().to_dict()}
    settings = {name: size for name, size in _SMALL.items() if name in known}
    if {"kv_lora_rank", "qk_rope_head_dim"} <= known:
        settings |= _SMALL_LATENT if kind != "mimo_v2_flash" else {}
        settings.pop("head_dim", None)
    return family(**settings | _OTHERWISE.get(kind, {}))
