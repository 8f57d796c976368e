"""Find the parts of a text that are not natural-language prose and must not be changed."""

import re

_BLOCKS = [
    r"\A---\n.*?\n---\n",  # front matter
    r"^(?P<fence>```+|~~~+)[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)",  # fenced code
    r"<(?P<tag>pre|code|script|style|kbd|samp|math|svg)\b[^>]*>.*?(?:</(?P=tag)\s*>|\Z)",
    r"<!--.*?(?:-->|\Z)",
    r"\$\$.+?\$\$",
    r"\\begin\{(?P<env>\w+\*?)\}.*?\\end\{(?P=env)\}",
]
_LINES = [
    r"^(?: {4,}|\t)[^\n]*[{}();=<>|\\][^\n]*$",  # indented lines with the signs of code
    r"^[ \t]*(?:>>>|\.\.\.|\$|#!|//|/\*|\*/|@)[^\n]*$",  # prompts, comments, decorators
    r"^[^\n]*\|[^\n]*\|[^\n]*$",  # table rows
    r"^[^\S\n]*\S[^\n]*\t[^\n]*\t[^\n]*$",  # columns; tabs before the first word are an indent
    r"^[ \t]*[-=+*_~#|:.]{3,}[ \t]*$",  # rulers
    r"^[ \t]*\[[^\]\n]+\]:[^\n]*$",  # link definitions
    r"(?:^[A-Z][\w-]*: [^\n]*$\n?){2,}",  # mail headers, and settings one a line
]
_INLINE = [
    r"(?P<tick>`+)[^\n]*?(?P=tick)",
    r"(?<![\w$])\$[^$\n]+\$(?![\w$])",
    r"</?[a-zA-Z][^<>]*>",
    r"&#?\w+;",
    r"\]\([^)\n]*\)",  # the target of a Markdown link
    r"\{[^{}\n]*\}",
    r"\\[a-zA-Z]+(?:\{[^{}\n]*\})?",
    r"\b[a-z][a-z0-9+.-]*://[^\s<>\"')\]]+",
    r"\b(?:mailto|tel|doi):\S+",
    r"\bwww\.\S+",
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    r"(?<!\w)[@#]\w+",
    r"(?<!\w)(?:[~.]{0,2}/|[A-Za-z]:\\)?(?:[\w.-]+[/\\]){2,}[\w.-]*",  # paths
    r"(?<!\w)--?[a-zA-Z][\w-]*",  # options
    r"\b\w+(?:[._:]\w+)+\b(?:\(\))?",  # dotted names: os.path, example.org, e.g.
    r"\b\w*(?:_\w+|\w\(\))",  # snake_case, calls()
    r"\b(?:[a-z]+[A-Z]|[A-Z][a-z]+[A-Z])\w*",  # camelCase
    r"\b\w*\d\w*\b",
]
_CODE = re.compile("|".join(f"(?:{p})" for p in _BLOCKS), re.DOTALL | re.MULTILINE | re.IGNORECASE)
_LINE = re.compile("|".join(f"(?:{p})" for p in _LINES), re.MULTILINE)
_WORDS = re.compile("|".join(f"(?:{p})" for p in _INLINE))
_QUOTES = re.compile(
    r"\"[^\"\n]{2,}\"|\u201c[^\u201d]{2,}\u201d|\u00ab[^\u00bb]{2,}\u00bb|^>[^\n]*$", re.MULTILINE
)

Span = tuple[int, int]


def protected_spans(text: str, *, quotations: bool = False) -> list[Span]:
    """Return the spans that are not prose, merged and in order.

    Code blocks and inline code, markup, tables, URLs, mail addresses and headers, paths,
    identifiers, formulas, and whatever contains a digit.

    Args:
        text: The text.
        quotations: Also protect text in double quotation marks and quoted lines.
    """
    patterns = [_CODE, _LINE, _WORDS] + ([_QUOTES] if quotations else [])
    return _merge([match.span() for pattern in patterns for match in pattern.finditer(text)])


def _merge(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
