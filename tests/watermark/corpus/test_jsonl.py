"""JSON Lines: nothing but the text changes, and what is not JSON is named by file and line."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watermark.corpus import open_corpus
from watermark.corpus.jsonl import _members
from watermark.document import Document
from watermark.errors import CorpusError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def rewritten(path: Path, texts: dict[str, str], **columns: str) -> bytes:
    corpus = open_corpus(path, **columns)
    edited = (texts.get(d.text, d.text) for d in corpus.documents())
    corpus.rewrite(path.parent / "out", edited)
    return (path.parent / "out" / path.name).read_bytes()


def test_only_the_characters_of_the_text_are_replaced(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"b" :1.50, "meta": {"text": "old"},\t"text":"old",  "a": [1E5,NaN, -0.0] } \r\n'
        b'{"z": 12345678901234567890, "text": "left", "\\u0061": "\\/"}\n'
    )
    assert rewritten(path, {"old": 'new "x"\n'}) == (
        b'{"b" :1.50, "meta": {"text": "old"},\t"text":"new \\"x\\"\\n",'
        b'  "a": [1E5,NaN, -0.0] } \r\n'
        b'{"z": 12345678901234567890, "text": "left", "\\u0061": "\\/"}\n'
    )


def test_a_file_without_edits_is_kept_to_the_byte(tmp_path):
    path = tmp_path / "a.jsonl"
    content = '\ufeff{"text": "\\u00e9\\/ é \u2028 \x7f"}\r\n\r\n  \n{"text": ""}'.encode()
    path.write_bytes(content)
    assert rewritten(path, {}) == content


def test_characters_are_escaped_as_the_line_escapes_them(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "caf\\u00e9"}\n{"text": "naïve"}\n'.encode())
    assert rewritten(path, {"café": "cafés", "naïve": "naïf"}) == (
        '{"text": "caf\\u00e9s"}\n{"text": "naïf"}\n'.encode()
    )


def test_ids_may_be_whole_numbers_and_stay_numbers(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": 7, "text": "a"}\n{"id": "x", "text": "a"}\n')
    corpus = open_corpus(path, id_column="id")
    assert list(corpus.documents()) == [Document("7", "a"), Document("x", "a")]
    assert rewritten(path, {}, id_column="id") == path.read_bytes()


def test_a_text_column_of_another_name_is_read_and_written(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": 0, "body": "a"}\n')
    assert rewritten(path, {"a": "b"}, text_column="body") == b'{"text": 0, "body": "b"}\n'


@settings(deadline=None, max_examples=50)
@given(
    before=st.dictionaries(st.text(max_size=5), VALUES),
    after=st.dictionaries(st.text(max_size=5), VALUES),
    spaced=st.booleans(),
    escaped=st.booleans(),
)
def test_members_are_those_that_the_json_module_finds(before, after, spaced, escaped):
    whole = {**before, **after}
    separators = (" ,\t", " : ") if spaced else (",", ":")
    raw = json.dumps(whole, separators=separators, ensure_ascii=escaped) + "\r\n"
    members = _members(raw)
    assert [member.key for member in members] == list(whole)
    for member in members:
        assert repr(member.value) == repr(json.loads(raw)[member.key])
        assert repr(json.loads(raw[member.start : member.end])) == repr(member.value)


@settings(deadline=None)
@given(
    place=st.integers(0, 40),
    length=st.integers(0, 3),
    put=st.text('{}[]",: \\x1e\n', max_size=2),
)
def test_what_the_json_module_refuses_is_refused(place, length, put):
    raw = '{"a": [1, {"text": "x"}], "text": "\\u00e9"}\n'
    raw = raw[:place] + put + raw[place + length :]
    try:
        wanted = json.loads(raw, object_pairs_hook=list)
    except ValueError:
        wanted = None
    if wanted is None or not raw.lstrip().startswith("{"):
        with pytest.raises(ValueError, match=r"."):
            _members(raw)
    else:
        assert [member.key for member in _members(raw)] == [key for key, _ in wanted]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b'{"text": "a"', "wanted a JSON object on a line of its own"),
        (b'[{"text": "a"}]', "wanted a JSON object on a line of its own"),
        (b'{"text": "a"} {"text": "b"}', "and more follows"),
        (b"[" * 100_000, "wanted a JSON object on a line of its own"),
        (b'{"text": ' + b"[" * 100_000, "wanted a JSON object on a line of its own"),
        (b'{1: 2, "text": "a"}', "character 2 begins no key"),
        ("\u2028".encode(), "wanted a JSON object on a line of its own"),
        (b"{}", "no column 'text'; there are no columns"),
        (b'{"body": "a"}', "no column 'text'; the columns are 'body'"),
        (b'{"text": "a", "text": "b"}', "2 columns are named 'text'"),
        (b'{"text": null}', "must hold a string, got nothing"),
        (b'{"text": 12}', r"must hold a string, got 12 \(int\)"),
        (b'{"text": "a\\ud800b"}', r"character 2 is half of a surrogate pair \(\\ud800\)"),
        (b'{"text": "\xff"}', "not UTF-8: byte 0xff at position 11 of the line"),
        (b'{"text": "a\tb"}', "Invalid control character"),
        (b'{"text": "a", "deep": ' + b"[" * 70 + b"0" * 2**20 + b"]" * 70 + b"}", "nested 71 deep"),
        (b'{"text": "a", "wide": [' + b"0," * 2_100_000 + b"0]}", "at most 2,000,000 are read"),
    ],
)
def test_a_line_that_is_no_document_is_named(tmp_path, line, complaint):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a"}\n\n' + line + b"\n")
    corpus = open_corpus(path)
    with pytest.raises(CorpusError, match=rf"a\.jsonl:3: .*{complaint}"):
        list(corpus.documents())


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ('[{"text": "a"}, {"text": "b"}]', "one JSON array; .* jq -c '.\\[\\]' a.json > a.jsonl"),
        ('\ufeff[\n  {"text": "a"}\n]\n', "one JSON array"),
        ('{\n  "text": "a"\n}\n', "one JSON object over several lines; .* jq -c '.' a.json"),
        ('{\n  "data": [{"text": "a"}]\n}\n', "one JSON object over several lines"),
    ],
)
def test_a_file_that_is_one_json_value_is_refused_with_the_remedy(tmp_path, content, remedy):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(CorpusError, match=remedy):
        list(open_corpus(tmp_path / "a.json").documents())


@pytest.mark.parametrize("value", ["null", '""', "true", "1.5", "[1]", "{}"])
def test_a_value_that_is_no_id_is_named(tmp_path, value):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "id": ' + value + "}\n")
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: column 'id' must hold an id"):
        open_corpus(path, id_column="id")


@pytest.mark.parametrize("line", [r'{"text": "a", "id": "\udfff"}', r'{"text": "\udfff", "id": 1}'])
def test_half_a_surrogate_pair_is_named_beside_an_id_too(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: character 1 is half of a surrogate"):
        open_corpus(path, id_column="id")


@settings(deadline=None, max_examples=40)
@given(old=st.text(st.characters(codec="utf-8")), new=st.text(st.characters(codec="utf-8")))
def test_any_text_is_replaced_by_any_other(tmp_path_factory, old, new):
    path = tmp_path_factory.mktemp("any") / "a.jsonl"
    path.write_bytes(json.dumps({"a": old, "text": old}).encode() + b"\n")
    assert json.loads(rewritten(path, {old: new})) == {"a": old, "text": new}
