"""Runs one command to its end, whatever becomes of the worker that started it: `python -ISE -X utf8 launcher.py DIR`.

The folder holds `spec.json` (command, directory, timeout, grace, limit, over_limit, locale), and gets
- `launcher.json`: who runs it; made once, so that a command never runs twice
- `started.json`: the command's pid, when it runs
- `output`: what it prints, standard output and error in the order in which they came
- `exit.json`: how it ended, by rename, after everything else is on the disk
A file `cancel` and the signal USR1 end the command; TERM does too. Its environment is the launcher's own.

Standard library only, and little of it: this starts in front of every command.
"""

import json
import os
import resource
import select
import signal
import sys
import time

TYPE_CHECKING = False  # typing's own would take longer to import than everything else here
if TYPE_CHECKING:
    from typing import Any, NoReturn

DRAIN = 2.0  # seconds that output may stay open behind a command that has ended
LOOK = 0.1  # seconds between two looks at what is left of a command that is being ended
FILES = 1024  # descriptors that a command may open, as a login has it; the worker's own limit is higher
EARLY = 1 << 20  # bytes of output that the disk is given at once: all of it at the end would hold up everybody there
RESERVED = 4096  # bytes on the disk for exit.json, which must be written on a full one too


def stat(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on, as proc(5) numbers them; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - pathlib takes as long to import as all of this
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def others(group: int) -> bool:
    """Whether any process of this group is alive."""
    found = (stat(pid) for pid in os.listdir("/proc") if pid.isdigit())  # noqa: PTH208
    return any(fields and fields[0] not in "ZX" and int(fields[2]) == group for fields in found)


def write(name: str, content: "dict[str, Any]", *, last: bool = False) -> None:
    """Have `name` hold `content` from one moment to the next; `last`: and on the disk, in the space reserved for it."""
    handle = os.open(f"{name}.new", os.O_RDWR | os.O_CREAT, 0o600)
    data = json.dumps(content).encode()
    os.pwrite(handle, data, 0)
    os.ftruncate(handle, len(data))
    if last:
        os.fsync(handle)
    os.close(handle)
    os.rename(f"{name}.new", name)  # noqa: PTH104
    if last:
        folder = os.open(".", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def first() -> bool:
    """Whether this is the launcher of this folder: a link can be made only once."""
    mine = f"launcher.{os.getpid()}"
    with open("/proc/sys/kernel/random/boot_id") as file:  # noqa: PTH123
        boot = file.read().strip()
    with open(mine, "w") as file:  # noqa: PTH123
        json.dump({"pid": os.getpid(), "start": int(stat("self")[19]), "boot": boot}, file)
    try:
        os.link(mine, "launcher.json")
    except FileExistsError:
        return False
    finally:
        os.unlink(mine)  # noqa: PTH108
    return True


class Launch:
    """One command. Everything that happens to it comes through one poll."""

    def __init__(self, spec: "dict[str, Any]") -> None:
        self.spec = spec
        self.why = self.detail = ""  # why it is being ended
        self.kill_at = self.over_at = 0.0
        self.left = int(spec["limit"])  # bytes of output that may still be kept; below 0: nothing is any more
        self.written = self.given = 0  # bytes of output in the spool, and how many of them the disk has been given
        self.newline = True  # whether the output ends with one
        self.poll = select.poll()
        self.spool = os.open("output", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.woken = self._watched_signals()
        self.output, into = os.pipe()
        self.report, reporting = os.pipe()
        for handle in (self.woken, self.output, self.report):
            self.poll.register(handle, select.POLLIN)
        self.timeout_at = time.monotonic() + spec["timeout"]
        self.pid = os.fork()
        if self.pid == 0:
            self._become(into, reporting)
        os.close(into)
        os.close(reporting)
        self.open = True

    def _watched_signals(self) -> int:
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        for number in (signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # what counts is the byte that the wake-up pipe gets
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        return woken

    def _become(self, into: int, reporting: int) -> "NoReturn":
        """In the child: be the command, or report why not."""
        step = "directory"
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_DFL)
            for handle, place in ((os.open("/dev/null", os.O_RDONLY), 0), (into, 1), (into, 2)):
                os.dup2(handle, place)
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard) if hard > 0 else FILES, hard))
            os.umask(0o022)
            # A worker of before an upgrade does not say it. Python has set it for itself, where there was none.
            if not self.spec.get("locale", True):
                os.environ.pop("LC_CTYPE", None)
            os.chdir(self.spec["directory"])
            step = "command"
            os.execvp(self.spec["command"][0], self.spec["command"])  # noqa: S606 - no shell is what is wanted
        except BaseException as error:
            os.write(reporting, f"{step}: {getattr(error, 'strerror', None) or error}".encode())
        os._exit(127)

    def run(self) -> "dict[str, Any]":
        """Wait for its end, and for that of what must end with it. Returns the content of exit.json."""
        if os.path.exists("cancel"):  # noqa: PTH110
            self.end("canceled")
        while not self.over():
            for handle, _ in self.poll.poll(self.patience()):
                if handle == self.output:
                    self.copy()
                elif handle == self.report:
                    self.reported()
                else:
                    self.signaled(os.read(self.woken, 100))
            self.on_time()
        self.catch_up()
        if self.open:
            self.say("Something that it started still holds its output; what that prints from here on is not kept.")
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if self.why != "disk":
            try:
                os.fsync(self.spool)
            except OSError as error:  # some disks say only now that they are full
                self.not_kept(error)
        return {
            "exit_code": code if code >= 0 and self.why != "exec" else None,
            "signal": -code if code < 0 else None,
            "why": self.why,
            "detail": self.detail,
            "at": time.time(),
        }

    def patience(self) -> float:
        """Milliseconds until something is due."""
        now = time.monotonic()
        due = [0 if self.ending() or self.over_at else self.timeout_at, self.kill_at, self.over_at]
        soonest = min((at for at in due if at > 0), default=now + 60)
        if self.over_at and self.ending():
            soonest = min(soonest, now + LOOK)
        return max(1.0, (soonest - now) * 1000)

    def ending(self) -> bool:
        return self.kill_at > 0

    def over(self) -> bool:
        """Whether nothing is left to wait for."""
        if not self.over_at:
            return False
        if self.ending() and others(self.pid):
            return False
        return not self.open or time.monotonic() >= self.over_at

    def end(self, why: str, detail: str = "") -> None:
        """TERM to the command's whole group now, KILL after the grace time."""
        if not self.why or self.why == "disk":
            self.why, self.detail = why, detail
            self.kill_at = time.monotonic() + self.spec["grace"]
            self.signal_group(signal.SIGTERM)

    def signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)  # its leader is not waited for before the end, so the number stays its own
        except ProcessLookupError:
            os.kill(self.pid, number)  # it has not made its group yet
        except PermissionError:  # sudo, all of it: who is in the group must end by themselves
            if number == signal.SIGTERM:
                self.say("It cannot be ended from here: it became another user. It is waited for.")

    def on_time(self) -> None:
        """Do what is due by now."""
        now = time.monotonic()
        if not self.over_at and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            self.over_at = now + DRAIN
        if not self.over_at and now >= self.timeout_at:
            self.end("timed_out")
        if self.ending() and now >= self.kill_at:
            self.signal_group(signal.SIGKILL)
            self.kill_at = now + LOOK  # again, for those that were just being born

    def signaled(self, numbers: bytes) -> None:
        if signal.SIGUSR1 in numbers and os.path.exists("cancel"):  # noqa: PTH110
            self.end("canceled")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number in numbers:
                self.end("stopped", signal.Signals(number).name)

    def reported(self) -> None:
        """The command runs (nothing to read, and the other end is closed), or it says why it cannot."""
        said = os.read(self.report, 1000).decode()
        if said:
            self.why, self.detail = "exec", said
            return
        self.poll.unregister(self.report)
        if self.why == "exec":
            return
        start = int((stat(self.pid) or ["0"] * 20)[19])
        try:  # noqa: SIM105 - contextlib would have to be imported
            write("started.json", {"pid": self.pid, "start": start, "at": time.time()})
        except OSError:
            pass  # the disk is full; nobody is told when it began, and it is watched all the same

    def copy(self) -> None:
        """From the command to the spool, as much as is kept."""
        data = os.read(self.output, 1 << 16)
        if not data:
            self.open = False
            self.poll.unregister(self.output)
            return
        if self.left < 0:
            return
        if self.left:
            self.keep(data[: self.left])
        self.left -= len(data)
        if self.left < 0 and self.why != "disk":
            self.say(f"The output has reached its limit of {self.spec['limit']} bytes; what follows is not kept.")
            if self.spec["over_limit"] == "end":
                self.end("output_limit", f"It printed more than {self.spec['limit']} bytes, and was ended for it.")

    def catch_up(self) -> None:
        """Take what was printed in time and not read: this process may have been held up, by the disk perhaps."""
        for _ in range(2):  # a pipe holds no more than one copy() takes; behind that is its end
            if self.open and select.select((self.output,), (), (), 0)[0]:
                self.copy()

    def say(self, sentence: str) -> None:
        """A line of our own in the output."""
        if self.why != "disk":
            self.keep(f"{'' if self.newline else chr(10)}[signalbox] {sentence}\n".encode())

    def keep(self, data: bytes) -> None:
        self.newline = data.endswith(b"\n")
        try:
            while data:
                size = os.write(self.spool, data)
                self.written, data = self.written + size, data[size:]
        except OSError as error:
            self.not_kept(error)
        if self.written - self.given >= EARLY:  # the kernel writes it from now on, and nobody waits for that
            os.posix_fadvise(self.spool, self.given, self.written - self.given, os.POSIX_FADV_DONTNEED)
            self.given = self.written

    def not_kept(self, error: OSError) -> None:
        """The command goes on: cutting off a roll-out half-way is worse than not seeing its output."""
        self.left = -1
        if not self.why:
            self.why, self.detail = "disk", f"{error.strerror}: not all of its output could be kept."


def main(folder: str) -> None:
    os.chdir(folder)
    with open("spec.json") as file:  # noqa: PTH123
        spec = json.load(file)
    if not first():
        return
    reserved = os.open("exit.json.new", os.O_RDWR | os.O_CREAT, 0o600)
    os.posix_fallocate(reserved, 0, RESERVED)
    os.close(reserved)
    write("exit.json", Launch(spec).run(), last=True)


if __name__ == "__main__":
    main(sys.argv[1])
