"""What a model is told and shown. A change of wording is a new version: it changes the answers."""

from membership.choices.question import BLANK, Question

VERSION = 1
"""Goes up with any change of wording; plans and reports name it."""

SYSTEM = (
    "You fill a gap in a passage. Answer with the one word or phrase from the list that the author "
    "wrote, exactly as it is listed, and nothing else."
)


def chat_messages(question: Question) -> list[dict[str, str]]:
    """Return the messages that ask a chat model one question."""
    listed = "\n".join(f"- {option}" for option in question.options)
    asked = f"{question.cloze}\n\nWhich of these belongs in {BLANK}?\n{listed}"
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked}]


def completion_prompt(question: Question) -> str:
    """Return the text that a completion model continues: all before the word, without the space.

    Tokenizers join a space to the word after it, so a prompt that ends in one is out of
    distribution.
    """
    return question.left.rstrip()
