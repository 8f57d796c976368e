import json

import pytest

from pipelines.cluster.step import Step
from watermark.errors import CorpusError


class Fails(Step):
    name = "fails"

    def __init__(self, folder, error):
        super().__init__(folder)
        self.error = error

    def do(self, rank, n_tasks):
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "fixable"), [(CorpusError("line 3: is no document"), True), (OSError("full"), False)]
)
def test_a_task_that_fails_leaves_its_message_and_whether_the_user_can_fix_it(
    tmp_path, error, fixable
):
    with pytest.raises(RuntimeError, match=f"(?s)fails, task 4: .*{error}"):
        Fails(tmp_path, error).run(rank=4, world_size=5)
    said = json.loads((tmp_path / "fails-4.failed").read_text())
    assert said["fixable"] is fixable
    assert said["message"].strip().endswith(str(error))


def test_a_task_that_succeeds_removes_the_message_of_the_time_before(tmp_path):
    (tmp_path / "fails-4.failed").touch()
    Fails(tmp_path, None).run(rank=4, world_size=5)
    assert not any(tmp_path.iterdir())
