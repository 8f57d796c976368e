"""Find the parts of a text that are not natural-language prose and must not be changed."""

import re
from collections.abc import Iterable, Iterator

from watermark.text.code_lines import code_spans
from watermark.text.line_ends import BYTE_ORDER_MARK, with_line_feeds_in_place
from watermark.text.markup_blocks import block_spans

Span = tuple[int, int]

_CHAT_TOKEN = re.compile(
    r"<[|\uff5c][^|\uff5c<>\n]{1,40}[|\uff5c]>|</?start_of_turn>|</?end_of_turn>|</?s>"
    r"|<</?[A-Z_]+>>|\[/?[A-Z_]{2,}\]"
)
_ROLE = re.compile(
    r"(?:<\|(?:im_start|start_header_id|start|im_middle)\|>|<start_of_turn>)[ \t]*\w[\w-]*"
)
_BLOCKS = [
    r"<(?P<tag>pre|code|script|style|kbd|samp|math|svg|textarea|syntaxhighlight|source)\b[^>]*>"
    r".*?(?:</(?P=tag)\s*>|\Z)",
    r"<(?P<heading>h[1-6]|title)\b[^>]*>.*?</(?P=heading)\s*>",
    r"<!--.*?(?:-->|\Z)",
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)",
    r"<![a-z][^>]*>",
    r"<\?.*?(?:\?>|\Z)",
    r"<%.*?%>",
    r"\{%-?\s*(?P<raw>raw|highlight|verbatim|code)\b.*?\{%-?\s*end(?P=raw)\s*-?%\}",
    r"^[ \t]*\#\+begin_(?P<org>src|example|export)\b.*?^[ \t]*\#\+end_(?P=org)\b",
    r"\[code\b[^\]\n]*\].*?\[/code\]",
    r"^\[(?:source|listing)\b[^\]\n]*\]\n(?P<rule>-{4,}|\.{4,})[ \t]*\n.*?^(?P=rule)[ \t]*$",
    r"\$\$.+?\$\$",
    r"\\begin\{(?P<env>\w+\*?)\}.*?\\end\{(?P=env)\}",
]
_LINES = [
    r"^[ \t]*(?:>>>|\.\.\.|\$|#!|//|/\*|\*/|@)[^\n]*$",  # prompts, comments, decorators
    r"^[^\n]*\|[^\n]*\|[^\n]*$",  # table rows
    r"^[^\S\n]*\S[^\n]*\t[^\n]*\t[^\n]*$",  # columns; tabs before the first word are an indent
    r"^[ \t]*[-=+*_~#|:.]{3,}[ \t]*$",  # rulers
    r"^[ \t>]*(?:\#{1,6}[ \t]*)?[A-Z]\w*(?:[ -]\w+)?:(?=\s)",  # labels: a role, a field, a warning
]
_INLINE = [
    r"(?P<tick>`+)[^\n]*?(?P=tick)",
    r"(?<![\w$])\$[^$\n]+\$(?![\w$])",
    r"</?[a-zA-Z](?:\"[^\"<]{0,999}\"|'[^'<]{0,999}'|[^<>\"'])*>|</?[a-zA-Z][^<>]*>",
    r"&#?\w+;",
    r"\]\([^)\n]*\)",  # the target of a Markdown link
    r"\]\[[^\]\n]*\]",  # the label of one
    r"\[\[(?:[^\]|\n]*\||[^\]|\n]*\]\])",  # the page that a wiki links to
    r"\{[^{}\n]*\}",
    r"\\[a-zA-Z]+\*?(?:\[[^\]\n]*\])?(?:\{[^{}\n]*\})?",
    r"\b[a-z][a-z0-9+.-]*://[^\s<>\"')\]]+",
    r"\b(?:mailto|tel|doi):\S+",
    r"\bwww\.\S+",
    r"\b[\w-]+(?:\.[\w-]+)+/[^\s<>\"')\]]*",  # an address without its scheme
    r"\b[\w.-]+(?:==|[<>~!]=)[\w.*]+",  # a package and its version
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    r"(?<!\w)[@#]\w+",
    r"(?<!\w)(?:[~.]{0,2}/|[A-Za-z]:\\)?(?:[\w.-]+[/\\]){2,}[\w.-]*",  # paths
    r"(?<!\w)--?[a-zA-Z][\w-]*",  # options
    r"\b\w+(?:[._:]\w+)+\b(?:\(\))?",  # dotted names: os.path, example.org, e.g.
    r"\b\w*(?:_\w+|\w\(\))",  # snake_case, calls()
    r"\b(?:[a-z]+[A-Z]|[A-Z][a-z]+[A-Z])\w*",  # camelCase
    r"\b\w*\d\w*\b",
]
_DEFINITION = re.compile(
    r"^[ \t>]*\[(?P<label>[^\]\n]+)\]:[ \t]*(?:\n[ \t]+)?[^\n]*"
    r"(?:\n[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^)\n]*\))[ \t]*)?$",
    re.MULTILINE,
)
_LABEL = re.compile(r"\[(?P<label>[^\[\]]{1,999})\]")
_CODE = re.compile("|".join(f"(?:{p})" for p in _BLOCKS), re.DOTALL | re.MULTILINE | re.IGNORECASE)
_LINE = re.compile("|".join(f"(?:{p})" for p in _LINES), re.MULTILINE)
_WORDS = re.compile("|".join(f"(?:{p})" for p in _INLINE))
_QUOTES = re.compile(
    r"\"(?:[^\"\n]|\n(?![ \t]*\n)){2,}(?:\"|(?=\n[ \t]*\n)|\Z)"
    r"|\u201c[^\u201c\u201d]{2,}?(?:\u201d|(?=\n[ \t]*\n)|\Z)"
    r"|(?<!\w)\u2018(?:[^\u2018\u2019\n]|\u2019(?=\w)|\n(?![ \t]*\n)){2,}\u2019(?!\w)"
    r"|\u00ab[^\u00bb]{2,}\u00bb|\u201e[^\u201c\u201d]{2,}[\u201c\u201d]|\u300c[^\u300d]{2,}\u300d"
    r"|<(?P<quote>blockquote|q)\b[^>]*>.*?</(?P=quote)\s*>|^[ \t]{0,3}>[^\n]*$",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


def protected_spans(text: str, *, quotations: bool = False) -> list[Span]:
    """Return the spans that are not prose, merged and in order.

    Front matter, code blocks and inline code, lines of code, markup, headings, tables, URLs, mail
    addresses and headers, link labels, paths, identifiers, formulas, the tokens and roles of chat
    templates, and whatever contains a digit. Line ends may be LF, CR LF or CR.

    Args:
        text: The text.
        quotations: Also protect text in double quotation marks and quoted lines.
    """
    skipped = len(text) - len(text.removeprefix(BYTE_ORDER_MARK))
    plain = with_line_feeds_in_place(text[skipped:])
    spans = [match.span() for match in _ROLE.finditer(plain)]
    spans += [match.span() for match in _CHAT_TOKEN.finditer(plain)]
    plain = _CHAT_TOKEN.sub(lambda token: " " * len(token.group()), plain)  # its bars are no table
    patterns = [_CODE, _LINE, _WORDS] + ([_QUOTES] if quotations else [])
    spans += [match.span() for pattern in patterns for match in pattern.finditer(plain)]
    blocks = list(block_spans(plain))
    code = code_spans(_without_long_blocks(plain, blocks))
    merged = _merge([*spans, *blocks, *code, *_label_spans(plain)])
    return [(start + skipped, end + skipped) for start, end in merged]


def _without_long_blocks(text: str, blocks: Iterable[Span]) -> str:
    """Blank front matter, fences and the like, which say nothing about the lines beside them."""
    pieces, done = [], 0
    for start, end in _merge([span for span in blocks if text.count("\n", *span) >= 2]):
        pieces += [text[done:start], re.sub(r"[^\n]", " ", text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def quotation_spans(text: str) -> list[Span]:
    """Return the spans of text in quotation marks and of quoted lines, in order."""
    return [match.span() for match in _QUOTES.finditer(with_line_feeds_in_place(text))]


def _label_spans(text: str) -> Iterator[Span]:
    """Yield link definitions, and the labels that refer to one: they must stay the same."""
    labels = set()
    for definition in _DEFINITION.finditer(text):
        labels.add(_normal(definition["label"]))
        yield definition.span()
    for label in _LABEL.finditer(text) if labels else ():
        if _normal(label["label"]) in labels:
            yield label.span()


def _normal(label: str) -> str:
    return " ".join(label.lower().split())


def _merge(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
