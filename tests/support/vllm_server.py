"""Run a real vLLM server on loopback, from an environment of its own.

    tests/support/install_vllm.sh ENVIRONMENT                     # once: 3.4 GB
    LEXIMARK_VLLM=ENVIRONMENT/bin/python python -m tests.support.vllm_server MODEL_FOLDER

prints the address that `verify --model` takes, and serves until it is interrupted.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

VARIABLE = "LEXIMARK_VLLM"
"""Environment variable with the Python of vLLM's environment."""
NAME = "suspect"


@contextmanager
def serve(folder: Path, dtype: str = "bfloat16", max_length: int = 1024) -> Iterator[str]:
    """Serve the model of a folder for the length of a block; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    python = os.environ[VARIABLE]
    arguments = ["--model", folder, "--served-model-name", NAME, "--dtype", dtype]
    arguments += ["--max-model-len", max_length, "--enforce-eager", "--max-num-seqs", 4]
    arguments += ["--host", "127.0.0.1", "--port", port]
    command = [python, "-m", "vllm.entrypoints.openai.api_server", *map(str, arguments)]
    environment = {
        **os.environ,
        "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    server = subprocess.Popen(command, env=environment, stdout=sys.stderr, start_new_session=True)
    try:
        _wait(server, f"http://127.0.0.1:{port}/v1/models")
        yield f"openai+http://127.0.0.1:{port}/v1#{NAME}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def _wait(server: "subprocess.Popen[bytes]", url: str, seconds: float = 600.0) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with status {server.returncode}")
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(1)
    raise RuntimeError(f"the server did not answer in {seconds:.0f} seconds")


if __name__ == "__main__":
    with serve(Path(sys.argv[1])) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        signal.pause()
