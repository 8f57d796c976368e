"""The data types a local model runs in; apart from torch, for what only needs the names."""

from typing import Literal

DType = Literal["auto", "float32", "bfloat16", "float16"]
