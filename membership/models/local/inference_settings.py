"""How a model is run: type, device, window, start token."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers

from membership.models.dtype import DType
from watermark.errors import ModelError

_CPUINFO = Path("/proc/cpuinfo")
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class InferenceSettings:
    """How a model is run on this machine.

    Raises:
        ValueError: The data type is unknown, or a batch is empty.
    """

    dtype: DType = "auto"
    """Type of the weights and hidden states; logits are fp32 always. `auto` is bf16 where the
    machine has units for it, else fp32."""
    device: str = "auto"
    """`auto` is the first of CUDA, MPS and CPU that there is."""
    max_length: int | None = None
    """Maximum number of tokens in a window, the start token included. Default: what the model's
    configuration allows, and not above 2,048. A longer document is read in overlapping windows."""
    batch_tokens: int | None = None
    """Maximum number of tokens in a batch, padding included. Default: 2,048 on a CPU, else
    16,384."""
    start_token: str = "auto"
    """What goes before every text; see `membership.traces.tokens.wrap_tokenizer`."""

    def __post_init__(self) -> None:
        if self.dtype != "auto" and self.dtype not in _DTYPES:
            raise ValueError(f"dtype {self.dtype!r} is not auto, {', '.join(_DTYPES)}")
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise ValueError(f"a batch needs at least 1 token, got {self.batch_tokens}")

    @property
    def torch_device(self) -> torch.device:
        """Return the device."""
        return preferred_device(self.device)

    @property
    def torch_dtype(self) -> torch.dtype:
        """Return the data type of weights and hidden states."""
        return auto_dtype(self.torch_device) if self.dtype == "auto" else _DTYPES[self.dtype]

    def describe(self) -> str:
        """Describe everything that determines how a model is run here, before it is loaded."""
        versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
        limits = f"{self.max_length} {self.batch_tokens} {self.start_token}"
        return f"{self.torch_dtype} on {self.torch_device}, {limits}, {versions}"


def preferred_device(device: str = "auto") -> torch.device:
    """Return the named device, or the first available of CUDA, MPS and CPU.

    Raises:
        ModelError: There is no device of that name.
    """
    if device != "auto":
        try:
            return torch.device(device)
        except RuntimeError as error:
            raise ModelError(
                f"device {device!r}: torch knows no such device; choose auto, cpu, cuda or mps"
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def device_of_task(device: str, number: int) -> str:
    """Return the device of one of several processes: the GPUs of its machine take turns."""
    n_gpus = torch.cuda.device_count()
    return f"cuda:{number % n_gpus}" if device in ("auto", "cuda") and n_gpus > 1 else device


def gpu_gigabytes() -> float:
    """Return the memory of the first CUDA device in 10^9 bytes; 0 without one."""
    if not torch.cuda.is_available():
        return 0.0
    return float(torch.cuda.get_device_properties(0).total_memory) / 1e9


def auto_dtype(device: torch.device) -> torch.dtype:
    """Choose bf16 if the hardware has units for it; else it is slower than fp32 and less exact."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bf16() -> bool:
    flags = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    return bool(re.search(r"\b(amx_bf16|avx512_bf16)\b", flags))
