import struct

import pytest

from membership.models.gguf_header import check_gguf_header
from membership.models.local.gguf import load_gguf
from membership.models.local.inference_settings import InferenceSettings
from tests.support.tiny_gguf import save_tiny_gguf
from watermark.errors import ModelError

RUN = InferenceSettings(dtype="float32", device="cpu")


def gguf(entries=b"", n_tensors=0, n_entries=0, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_entries) + entries


def text(content, length=None):
    return struct.pack("<Q", len(content) if length is None else length) + content


LIST = struct.pack("<I", 9)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        gguf(version=99),
        gguf(n_tensors=2**60),
        gguf(n_entries=2**60),
        gguf(text(b"a", 2**60), n_entries=1),
        gguf(text(b"a", 2**20), n_entries=1),
        gguf(text(b"a") + struct.pack("<I", 77), n_entries=1),
        gguf(text(b"a") + LIST + struct.pack("<IQ", 4, 2**60), n_entries=1),
        gguf(text(b"a") + LIST + struct.pack("<IQ", 8, 10**6), n_entries=1),
        gguf(text(b"a") + LIST + struct.pack("<IQ", 9, 10**6), n_entries=1),
        gguf(text(b"llama.block_count") + struct.pack("<II", 4, 10**7), n_entries=1),
        gguf(text(b"general.alignment") + struct.pack("<II", 4, 0), n_entries=1),
        gguf((text(b"a") + struct.pack("<II", 4, 1)) * 2, n_entries=2),
        gguf(text(b"a") + struct.pack("<If", 6, float("nan")), n_entries=1),
        gguf(text(b"t") + struct.pack("<I", 2**31), n_tensors=1),
        gguf(text(b"t") + struct.pack("<I2QIQ", 2, 2**40, 2**40, 0, 0), n_tensors=1),
        gguf(text(b"t") + struct.pack("<IQIQ", 1, 4, 0, 2**62), n_tensors=1),
    ],
    ids=range(18),
)
def test_a_gguf_header_that_claims_too_much_is_refused(tmp_path, content):
    file = tmp_path / "bad.gguf"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="is not a GGUF file"):
        load_gguf(file, RUN)


def test_a_file_that_is_right_passes(tmp_path):
    check_gguf_header(save_tiny_gguf(tmp_path / "tiny.gguf"))
