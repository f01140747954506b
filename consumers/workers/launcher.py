"""The launcher's address before it moved to proj/runs/running: run workers from before the move start it here.

`git pull` moves the file under workers that go on until ./deploy/up restarts them, and runs begin in between. This
file may go when no installation is left that was last upgraded before the move.
"""

import os
import sys

MOVED_TO = "../../proj/runs/running/launcher.py"

if __name__ == "__main__":
    launcher = os.path.join(os.path.dirname(os.path.abspath(__file__)), MOVED_TO)  # noqa: PTH100, PTH118, PTH120
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-E", "-X", "utf8", launcher, *sys.argv[1:]])  # noqa: S606
