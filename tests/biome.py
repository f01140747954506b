"""Run Biome, the linter for JavaScript and CSS, with the given arguments; fetch it into the environment at first.

.ci/run runs this module. biome.json has the rules.
"""

import platform
import subprocess
import sys
from pathlib import Path

from tests.registry import NpmFile

VERSION = "2.6.8"
PACKAGES = {
    "x86_64": NpmFile(
        package="@biomejs/cli-linux-x64",
        version=VERSION,
        sha512="XIk3pLQT56I6Tti+u0DF8FtSNXjCMTPbxVTzfJ9cS2t1ImVKvrqV5b52GuEaJg6/wuiXvz0sjfb5saB4TPRjzA==",
        member="package/biome",
    ),
    "aarch64": NpmFile(
        package="@biomejs/cli-linux-arm64",
        version=VERSION,
        sha512="0Bjim8lKwnrvXUHoI4k3Tb51BjoiLEwDnovCI8nSzkk6wj3dShiuAjrx6+X0Hjf4ejR1sRZgTQiSDHlpy9vB7w==",
        member="package/biome",
    ),
}
PROGRAM = Path(sys.prefix) / f"biome-{VERSION}"

if __name__ == "__main__":
    machine = platform.machine()
    if machine not in PACKAGES:
        sys.exit(f"signalbox: there is no Biome for this machine ({machine})")
    PACKAGES[machine].fetch(PROGRAM, mode=0o755)
    sys.exit(subprocess.run([PROGRAM, *sys.argv[1:]]).returncode)
