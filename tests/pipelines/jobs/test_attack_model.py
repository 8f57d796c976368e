import json

import pytest

from attacks.model.instruction_tuning import InstructionTuning
from attacks.model.instructions import Instruction
from pipelines.loading.model_attacks import make_model_attacks
from tests.support.tiny import save_tiny_model
from watermark.errors import CorpusError


@pytest.fixture
def model(tmp_path):
    return save_tiny_model(tmp_path / "model")


def test_a_model_is_pruned_and_the_old_one_stays(command, model, tmp_path):
    before = (model / "model.safetensors").read_bytes()
    done = command(
        "leximark", "attack-model", "model", "--attack", "pruning", "--set", "share=.5", "--out",
        "out", "--json",
    )  # fmt: skip
    assert (done.status, json.loads(done.out)) == (0, {"model": "out", "attacks": ["pruning"]})
    assert (tmp_path / "out/model.safetensors").read_bytes() != before
    assert (model / "model.safetensors").read_bytes() == before


def test_attacks_follow_each_other(command, model, tmp_path):
    chain = ["--attack", "pruning", "--then", "quantization", "--set", "share=.5"]
    done = command("leximark", "attack-model", "model", *chain, "--out", "both")
    assert (done.status, done.out) == (0, "Model: both\n")
    command("leximark", "attack-model", "model", *chain[:2], *chain[4:], "--out", "pruned")
    command("leximark", "attack-model", "pruned", "--attack", "quantization", "--out", "then")
    both, then = (tmp_path / name / "model.safetensors" for name in ("both", "then"))
    assert both.read_bytes() == then.read_bytes()
    assert both.read_bytes() != (tmp_path / "pruned/model.safetensors").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"model", "both", "pruned", "then"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--attack", "melt"], "--attack melt: choose one of pruning,"),
        (["--attack", "pruning", "--set", "bits=4"], "--set bits: no attack of this run has"),
        (["--attack", "pruning", "--set", "share=3"], "share must lie in [0, 1], got 3.0"),
        (["--attack", "merging"], "needs --set other=VALUE"),
        (["--attack", "merging", "--set", "other=gone"], "gone"),
        (["--attack", "lora", "--set", "texts=gone.jsonl"], "gone.jsonl: no such file"),
        (["--attack", "gguf_quantization", "--set", "format=Q2_K"], "format must be one of Q4_0"),
        (["--attack", "dp_sgd"], "needs --set texts=VALUE"),
        (["--attack", "instruction_tuning", "--set", "instructions=gone.csv"], "gone.csv: no such"),
        (["--attack", "dpo", "--set", "preferences=gone.csv"], "gone.csv: no such file"),
        (
            ["--attack", "dp_sgd", "--set", "texts=rows.jsonl", "--set", "epsilon=1e300"],
            "--attack dp_sgd: epsilon must be above 0 and at most 1,000,000, got 1e+300",
        ),
        (
            ["--attack", "dpo", "--set", "preferences=rows.jsonl"],
            "no column 'prompt'; the columns are 'text', 'instruction': give the preferences the "
            "columns prompt, chosen and rejected, for example the line",
        ),
        (
            ["--attack", "instruction_tuning", "--set", "instructions=rows.jsonl"],
            "name the columns of the instructions, for example with --set prompt_column=question",
        ),
        (
            ["--attack", "lora", "--set", "texts=rows.jsonl", "--text-column", "body"],
            "the columns are 'text', 'instruction': name the column of the texts with "
            "--text-column\n",
        ),
    ],
)
def test_what_the_user_can_fix_is_one_message_and_nothing_is_left(
    command, model, tmp_path, arguments, said
):
    (tmp_path / "rows.jsonl").write_text('{"text": "A b.", "instruction": "Say it."}\n')
    done = command("leximark", "attack-model", "model", "--out", "out", *arguments)
    assert done.status == 2
    assert said in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"model", "rows.jsonl"}


ROWS = [
    {
        "prompt": f"Say {i}",
        "answer": "It rains.",
        "chosen": "Yes.",
        "rejected": "No.",
        "text": "A b",
    }
    for i in range(3)
]


@pytest.mark.parametrize(
    "arguments",
    [
        ["instruction_tuning", "--set", "instructions=rows.jsonl", "--set", "epochs=2"],
        ["dpo", "--set", "preferences=rows.jsonl", "--set", "beta=.3", "--set", "seed=1"],
        ["dp_sgd", "--set", "texts=rows.jsonl", "--set", "epsilon=100", "--set", "batch_size=1"],
        ["logit_distillation", "--set", "texts=rows.jsonl", "--set", "temperature=2"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_model_is_trained_on_rows_of_a_file(command, model, tmp_path, arguments):
    rows = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    done = command("leximark", "attack-model", "model", "--out", "out", "--attack", *arguments)
    assert (done.status, done.out) == (0, "Model: out\n")
    new = (tmp_path / "out/model.safetensors").read_bytes()
    assert new != (model / "model.safetensors").read_bytes()


def test_rows_without_a_prompt_or_an_answer_are_not_learned(tmp_path):
    rows = [*ROWS[:1], {**ROWS[1], "answer": " "}, {**ROWS[2], "prompt": ""}]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (attack,) = make_model_attacks(["instruction_tuning"], {"instructions": str(file)})
    assert isinstance(attack, InstructionTuning)
    assert attack.instructions == [Instruction("Say 0", "It rains.")]
    turned = {"instructions": str(file), "prompt_column": "chosen", "answer_column": "rejected"}
    (attack,) = make_model_attacks(["instruction_tuning"], turned)
    assert isinstance(attack, InstructionTuning)
    assert attack.instructions[1:] == [Instruction("Yes.", "No.")] * 2
    file.write_text(json.dumps({**ROWS[0], "rejected": ""}) + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no row has text in the columns prompt, chosen, rej"):
        make_model_attacks(["dpo"], {"preferences": str(file)})


def test_the_target_must_be_new_and_outside_the_model(command, model):
    inside = command("leximark", "attack-model", "model", "--attack", "pruning", "--out", "model/x")
    assert (inside.status, "lies inside the model" in inside.err) == (2, True)
    same = command("leximark", "attack-model", "model", "--attack", "pruning", "--out", "model")
    assert (same.status, "exists already" in same.err) == (2, True)
