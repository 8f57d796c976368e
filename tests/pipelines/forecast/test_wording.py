from pipelines.forecast.forecast import CorpusPlan, Marking, Row
from pipelines.forecast.wording import command, plan_lines

MARKING = Marking(0.6, 2, 3.0, 40, 0.5, 1.2)
ROW = Row("base", "fine-tuning", {0.001: 0.95, 1e-6: 0.4}, {0.001: 40, 1e-6: 450})


def plan(advice, row=ROW):
    return CorpusPlan(
        100, 90, 60, 3.0, 150, 1.6, "stored value", (row,), (MARKING,),
        ("base", "fine-tuning", 0.001, 0.8), advice,
    )  # fmt: skip


def test_the_command_is_one_that_a_shell_takes():
    assert command(MARKING, "my texts.jsonl") == (
        "leximark mark 'my texts.jsonl' --out published/ --vault vault/ --min-fit 0.6 "
        "--words-per-sentence 2 --set share=0.5"
    )
    assert "share" not in command(Marking(0.6, 2, 3.0, 90, 1.0, 1.2), "a")


def test_what_goes_beyond_the_survey_is_called_approximate():
    text = "\n".join(plan_lines(plan(MARKING), "a.jsonl"))
    assert "p < 0.001 needs 40 documents, power here 0.95" in text
    assert "p < 1e-06 needs about 450 documents, power here 0.40" in text
    assert "It marks 50% of the documents" in text


def test_what_cannot_be_won_is_said():
    hopeless = Row("base", "fine-tuning", {0.001: 0.0, 1e-6: 0.0}, {0.001: None, 1e-6: None})
    text = "\n".join(plan_lines(plan(None, hopeless), "a.jsonl"))
    assert "p < 0.001 is out of reach" in text
    assert "No marking that was tried can win" in text
    assert "It needs about 40 documents; 90 would be published." in text
