"""Unfenced code is found and the prose around it is left."""

import time

import pytest

from watermark.text.code_lines import LineModel, is_code, likeliest_path, load_line_model
from watermark.text.protected_spans import protected_spans

PROSE = (
    "The committee purchased a large building near the old harbour, and the workers began to\n"
    "repair the broken windows. Many people complained that the noise was terrible (it was), and\n"
    "they wanted to finish the difficult job before the first snow fell; nobody was surprised.\n"
)
CODE = {
    "Python": """import random

class Building:
    def destroy(self, workers):
        # the workers were frightened by the enormous storm
        for worker in workers:
            if worker is not None and worker not in answer:
                return answer

print("the enormous storm destroyed the building")
while true and not finished:
    answer = question
""",
    "SQL": """SELECT answer, remark FROM workers WHERE house = 'the enormous house' ORDER BY mood;
UPDATE children SET mood = 'angry' WHERE house = 'huge';
DROP TABLE workers;
""",
    "JavaScript": """const answer = workers.map(worker => worker.answer);
if (answer === true) {
  throw new Error('the enormous storm destroyed the building');
} else {
  console.log("the workers answered quickly");
}
""",
    "shell": """sudo apt install building
cd house && make answer
export answer=true
echo the enormous storm destroyed the building
find building -name answer -delete
""",
    "JSON": """{
  "remark": "the storm destroyed the enormous building and frightened the workers",
  "mood": "angry"
}
""",
    "C": """#include <stdio.h>

static int destroy(struct building *enormous)
{
    if (enormous->frightened)
        return -1;
    enormous->destroyed = true; /* the workers were frightened */
    return 0;
}
""",
    "Go": """func Destroy(building *Building) error {
	if building == nil {
		return errors.New("the enormous building was destroyed")
	}
	return nil
}
""",
    "CSS": """.enormous {
  color: red;
  background: url("storm.png");
}
""",
    "indented": "    big = dog(1)\n    return big\n",
    "OCaml": """val destroy : building -> worker list -> unit
(** Tells the workers that the enormous building was destroyed by the storm.
    The workers are frightened, and they answer as quickly as they can. *)

val answer : worker -> string
(** What a worker answers to a difficult question. *)
""",
    "Ada": """procedure Destroy (House : in out Building) is
   --  The enormous storm destroyed the building, and the workers were
   --  frightened by the noise that they heard from the street.
begin
   House.Mood := Angry;
end Destroy;
""",
    "Vim": """function! s:Destroy(building)
  " The workers were frightened by the enormous storm that had destroyed
  " the building before they could answer the difficult question.
  let g:answer = a:building
endfunction
""",
    "Prolog": """:- module(storm, [destroyed/1]).

% The workers were frightened by the enormous storm that had destroyed
% the building before they could answer the difficult question.
destroyed(Building) :-
    storm(Storm),
    near(Storm, Building),
    frightened(Workers, Storm).
""",
    "Perl": """sub destroy {
    my ($building) = @_;
    return $building->{workers};
}

=head1 NAME

The storm destroyed the enormous building, and the frightened workers answered.

=cut

1;
""",
}


def left_of(text):
    """Return what no span covers."""
    kept, done = [], 0
    for start, end in [*protected_spans(text), (len(text), len(text))]:
        kept.append(text[done:start])
        done = end
    return "".join(kept)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("language", CODE)
def test_code_alone_is_covered_whole(language, end):
    assert left_of(CODE[language].replace("\n", end)).split() == []


@pytest.mark.parametrize("language", CODE)
def test_code_in_prose_is_covered_and_the_prose_is_left(language):
    left = left_of(f"{PROSE}\n{CODE[language]}\n{PROSE}")
    assert left.split() == (PROSE + PROSE).split()


@pytest.mark.parametrize("indent", ["", "    ", "> ", "- "])
def test_prose_is_left_however_it_is_set(indent):
    text = "".join(indent + line for line in PROSE.splitlines(keepends=True))
    assert "".join(left_of(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "* The workers repaired the enormous building before the snow fell.\n"
        "* Many people of the town complained that the noise was terrible.\n",
        '"Did they repair the enormous building before the first snow fell?" he asked.\n'
        '"They did not, and many people of the town complained about it," she said.\n',
        "/* never closed\n\n" + PROSE,
    ],
    ids=["list", "quotations", "open comment"],
)
def test_prose_that_looks_like_comments_is_left(text):
    assert len(left_of(text).split()) > len(text.split()) - 4


def test_a_comment_that_ends_too_late_is_none():
    text = "(* one\n" + PROSE * 200 + "*)\n"
    assert len(left_of(text).split()) > len(text.split()) - 8


def test_a_doubtful_line_goes_with_its_neighbours():
    model = LineModel({}, 0.0, switch=3.0, switch_at_gap=1.0)
    assert likeliest_path([(0, 5.0), (1, -1.0), (2, 5.0)], model) == [True, True, True]
    assert likeliest_path([(0, -5.0), (1, 1.0), (2, -5.0)], model) == [False, False, False]
    assert likeliest_path([(0, 5.0), (2, -1.5), (4, 5.0)], model) == [True, True, True]
    assert likeliest_path([(0, 5.0), (2, -2.5), (4, 5.0)], model) == [True, False, True]


def test_the_path_is_the_best_of_all():
    model = LineModel({}, 0.0, switch=2.0, switch_at_gap=0.5)
    scores = [(0, 1.0), (1, -2.5), (3, 0.7), (4, -0.2), (5, 3.0), (9, -1.0), (10, -0.6)]

    def value(path):
        total = sum(score for (_, score), code in zip(scores, path, strict=True) if code)
        for i in range(1, len(path)):
            gap = scores[i][0] > scores[i - 1][0] + 1
            if path[i] != path[i - 1]:
                total -= model.switch_at_gap if gap else model.switch
        return total

    paths = [[bool(n >> i & 1) for i in range(len(scores))] for n in range(2 ** len(scores))]
    assert likeliest_path(scores, model) == max(paths, key=value)


def test_empty_lines_are_no_code():
    assert is_code(["", "x = f(y);", "", "  "], load_line_model()) == [False, True, False, False]
    assert is_code([], load_line_model()) == []


@pytest.mark.parametrize(
    "piece", ["```python\n", "- ```a\n  b\n", "<!-- ", "[a](", '"', "<a ", "{", "> ```a\n"]
)
def test_the_time_grows_with_the_text_and_not_with_its_square(piece):
    seconds = []
    for n in (1_000, 8_000):
        began = time.process_time()
        protected_spans(piece * n)
        seconds.append(time.process_time() - began)
    assert seconds[1] < 24 * seconds[0] + 0.5
