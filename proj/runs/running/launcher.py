"""Runs one command to its end, even when the worker that started it ends: `python -ISE -X utf8 launcher.py DIR`.

The folder holds `spec.json` (command, directory, timeout, grace, limit, over_limit, locale, sudo, user, kill). With a
`user` the command becomes that user by sudo, and is ended by kill as that user. The launcher adds
- `launcher.json`: its own identity; made once, so that a command never runs twice
- `started.json`: the command's pid, once the command runs
- `output`: standard output and error of the command, in the order in which they were printed
- `exit.json`: how the command ended, by rename, after everything else is on the disk
A file `cancel` with the signal USR1 ends the command; TERM does too. The command inherits the launcher's environment.

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
    from typing import NoReturn, TypedDict

    class Specification(TypedDict):
        """The content of spec.json. Launchers of other versions read it too: fields are added, never changed."""

        command: list[str]
        directory: str
        timeout: int  # seconds
        grace: int  # seconds
        limit: int  # bytes of output
        over_limit: str
        locale: bool  # whether the command's environment has a LC_CTYPE
        sudo: list[str]  # the arguments in front of the command that make it another user's, or none
        user: str  # that user
        kill: str  # the program that ends it, run as that user

    class StartReport(TypedDict):
        """The content of started.json."""

        pid: int
        start: int  # clock ticks since boot
        at: float  # seconds since the epoch

    class ExitReport(TypedDict):
        """The content of exit.json."""

        exit_code: int | None
        signal: int | None
        why: str  # why the launcher ended the command; empty when it ended by itself
        detail: str
        at: float  # seconds since the epoch


OUTPUT_DRAIN_SECONDS = 2.0  # output may stay open so long after the command has ended
GROUP_POLL_SECONDS = 0.1  # between two looks for processes that remain of a command that is being ended
SUDO_KILL_SECONDS = 1.0  # the same, between two KILLs by sudo
MAX_SUDO_BYTES = 900  # of its words: the report of a failed start has 1000
MAX_OPEN_FILES = 1024  # descriptors of a command, as a login has it; the worker's own limit is higher
WRITEBACK_BYTES = 1 << 20  # of output that goes to the disk at once: all of it at the end would hold up other writers
EXIT_REPORT_BYTES = 4096  # reserved on the disk for exit.json, which must be written on a full one too
PIPE_READ_BYTES = 1 << 16
IDLE_SECONDS = 60.0  # of a poll when nothing is due
FULL_DISK_ERRORS = (28, 122)  # ENOSPC and EDQUOT on Linux
REGULAR_FILE = 0o100000  # the type in a mode, as inode(7) has it
FULL_DISK_RETRY_SECONDS = 1.0  # between two tries to write to a full disk
MAX_FULL_DISK_SECONDS = 3600.0  # of waiting for room on the disk; then the rest of the output is dropped
MAX_UNWRITTEN_BYTES = 1 << 20  # of output that waits for room; beyond it the command waits too


def stat(pid: int | str) -> list[str]:
    """Return the fields of /proc/PID/stat from the third (state) on, as proc(5) has them; none when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - pathlib takes as long to import as all of this
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def group_alive(group: int) -> bool:
    """Return whether any process of this group is alive."""
    found = (stat(pid) for pid in os.listdir("/proc") if pid.isdigit())  # noqa: PTH208
    return any(fields and fields[0] not in "ZX" and int(fields[2]) == group for fields in found)


def write(name: str, content: "StartReport | ExitReport", *, durable: bool = False) -> None:
    """Replace the file `name` atomically; with `durable`, sync it to the disk, in the space reserved for it."""
    handle = os.open(f"{name}.new", os.O_RDWR | os.O_CREAT, 0o600)
    data = json.dumps(content).encode()
    os.pwrite(handle, data, 0)
    os.ftruncate(handle, len(data))
    if durable:
        os.fsync(handle)
    os.close(handle)
    os.rename(f"{name}.new", name)  # noqa: PTH104
    if durable:
        folder = os.open(".", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def claim_folder() -> bool:
    """Return whether this process is the folder's launcher: a link can be made only once."""
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
    """One command. All of its events arrive through one poll."""

    def __init__(self, spec: "Specification") -> None:
        self.spec = spec
        self.why = self.detail = ""  # why the command is being ended
        self.kill_at = self.over_at = 0.0  # on the monotonic clock; 0: not set
        self.left = int(spec["limit"])  # bytes of output that may still be kept; below 0: no more is kept
        self.written = self.flushed = 0  # bytes of output in the spool, and how many of them go to the disk already
        self.newline = True  # whether the output ends with one
        self.unwritten = b""  # output that waits for room on the disk
        self.full_since = self.retry_at = 0.0  # on the monotonic clock; 0: the disk is not full
        self.reading = True  # whether the poll has the command's output
        self.poll = select.poll()
        self.spool = os.open("output", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.woken = self._watched_signals()
        self.output, into = os.pipe()
        self.report, reporting = os.pipe()
        for handle in (self.woken, self.output, self.report):
            self.poll.register(handle, select.POLLIN)
        self.timeout_at = time.monotonic() + spec["timeout"]
        # A worker of an earlier version does not set `sudo`.
        self.sudo = list(spec.get("sudo", []))
        self.killers: list[int] = []  # processes of kill, by sudo
        self.failed_kills = 0
        self.started = False  # whether the command runs, as far as is known
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
            signal.signal(number, lambda *_: None)  # the wake-up pipe gets a byte: that is all
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        return woken

    def _become(self, into: int, reporting: int) -> "NoReturn":
        """In the child process: become the command, or report why it cannot."""
        step = "directory"
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_DFL)
            for handle, place in ((os.open("/dev/null", os.O_RDONLY), 0), (into, 1), (into, 2)):
                os.dup2(handle, place)
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (min(MAX_OPEN_FILES, hard) if hard > 0 else MAX_OPEN_FILES, hard)
            )
            os.umask(0o022)
            # A worker of an earlier version does not set `locale`. Python sets LC_CTYPE for itself where there is none.
            if not self.spec.get("locale", True):
                os.environ.pop("LC_CTYPE", None)
            os.chdir(self.spec["directory"])
            command = self.spec["command"]
            if self.sudo:
                step = "sudo"
                self._ask_sudo(reporting)
                command = [*self.sudo, *command]
            else:
                step = "command"
            os.execvp(command[0], command)  # noqa: S606 - on purpose without a shell
        except BaseException as error:
            os.write(reporting, f"{step}: {getattr(error, 'strerror', None) or error}".encode())
        os._exit(127)

    def _ask_sudo(self, reporting: int) -> None:
        """In the child process: raise OSError with sudo's own words, when it does not let the command run."""
        if not os.path.exists(self.sudo[0]):  # noqa: PTH110
            raise OSError("sudo is not installed")
        asking = [*self.sudo[:-1], "-l", "--", *self.spec["command"]]
        answer, into = os.pipe()
        silent = os.open("/dev/null", os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, silent, 1), (os.POSIX_SPAWN_DUP2, into, 2)]
        pid = os.posix_spawn(asking[0], asking, os.environ, file_actions=actions)
        os.close(into)
        words = b""
        while data := os.read(answer, PIPE_READ_BYTES):
            words += data[: MAX_SUDO_BYTES - len(words)]
        if os.waitpid(pid, 0)[1]:
            lines = words.decode(errors="replace").replace("sudo: ", "").splitlines()
            raise OSError("; ".join(lines[:2]) or "no rule of sudoers allows this command")
        os.close(answer)
        os.close(silent)

    def run(self) -> "ExitReport":
        """Wait until the command, and the processes that end with it, have ended. Return the content of exit.json."""
        if os.path.exists("cancel"):  # noqa: PTH110
            self.end("canceled")
        while not self.over():
            for handle, _ in self.poll.poll(self.poll_milliseconds()):
                if handle == self.output:
                    self.copy()
                elif handle == self.report:
                    self.read_report()
                else:
                    self.signaled(os.read(self.woken, 100))
            self.reap_killers()
            self.act()
        self.catch_up()
        if self.open:
            self.say("Something that it started still holds its output; what that prints from here on is not kept.")
        while self.unwritten:
            time.sleep(FULL_DISK_RETRY_SECONDS)
            self.write_out()
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

    def poll_milliseconds(self) -> float:
        """Return the milliseconds until an action is due."""
        now = time.monotonic()
        timed = not (self.ending() or self.over_at or self.full_since)
        due = [self.timeout_at if timed else 0, self.kill_at, self.over_at, self.retry_at]
        soonest = min((at for at in due if at > 0), default=now + IDLE_SECONDS)
        if self.over_at and self.ending():
            soonest = min(soonest, now + GROUP_POLL_SECONDS)
        return max(1.0, (soonest - now) * 1000)

    def ending(self) -> bool:
        return self.kill_at > 0

    def over(self) -> bool:
        """Return whether nothing is left to wait for."""
        if not self.over_at:
            return False
        if self.ending() and group_alive(self.pid):
            return False
        return not self.open or time.monotonic() >= self.over_at

    def end(self, why: str, detail: str = "") -> None:
        """Send TERM to the command's whole group now, and KILL after the grace time."""
        if not self.why or self.why == "disk":
            self.why, self.detail = why, detail
            self.kill_at = time.monotonic() + self.spec["grace"]
            self.signal_group(signal.SIGTERM)

    def signal_group(self, number: signal.Signals) -> None:
        if self.sudo and self.started:  # a signal to sudo as well would reach the command twice
            self.signal_by_sudo(number)
            return
        try:
            os.killpg(self.pid, number)  # the leader is waited for last, so no other group gets its number
        except ProcessLookupError:
            os.kill(self.pid, number)  # the command has not made its group yet
        except PermissionError:  # sudo: every process of the group is another user's, and must end by itself
            if number == signal.SIGTERM:
                self.say("It cannot be ended from here: it became another user. It is waited for.")

    def signal_by_sudo(self, number: signal.Signals) -> None:
        """Signal the processes of another user in the group. sudo itself is root's, and ends with its command."""
        program = [*self.sudo, self.spec["kill"], f"-{number.name[3:]}", "--", f"-{self.pid}"]
        silent = [(os.POSIX_SPAWN_OPEN, handle, "/dev/null", os.O_RDWR, 0) for handle in range(3)]
        try:
            self.killers.append(os.posix_spawn(program[0], program, os.environ, file_actions=silent))
        except OSError:
            self.failed_kills += 1  # sudo was there when the command began

    def reap_killers(self) -> None:
        """Note the ends of kill; say so when TERM and KILL have failed: nothing can end the command then."""
        for pid in list(self.killers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.killers.remove(pid)
                self.failed_kills += status != 0
                if status and self.failed_kills == 2:
                    user = self.spec["user"]
                    self.say(f"It cannot be ended from here: sudo does not allow kill as {user}. It is waited for.")

    def act(self) -> None:
        """Take the actions that are due."""
        now = time.monotonic()
        if not self.over_at and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            self.over_at = now + OUTPUT_DRAIN_SECONDS
        if self.retry_at and now >= self.retry_at:
            self.write_out()
        if not self.over_at and now >= self.timeout_at and not self.full_since:
            self.end("timed_out")
        if self.ending() and now >= self.kill_at:
            self.signal_group(signal.SIGKILL)
            # again, for processes that were just being forked
            self.kill_at = now + (SUDO_KILL_SECONDS if self.sudo else GROUP_POLL_SECONDS)

    def signaled(self, numbers: bytes) -> None:
        if signal.SIGUSR1 in numbers and os.path.exists("cancel"):  # noqa: PTH110
            self.end("canceled")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number in numbers:
                self.end("stopped", signal.Signals(number).name)

    def read_report(self) -> None:
        """Note that the command runs (the pipe is closed, with nothing in it), or why it cannot."""
        error = os.read(self.report, 1000).decode()
        if error:
            self.why, self.detail = "exec", error
            return
        self.poll.unregister(self.report)
        if self.why == "exec":
            return
        self.started = True
        start = int((stat(self.pid) or ["0"] * 20)[19])
        try:  # noqa: SIM105 - contextlib would have to be imported
            write("started.json", {"pid": self.pid, "start": start, "at": time.time()})
        except OSError:
            pass  # the disk is full: the time of the start stays unknown, and the command is watched all the same

    def copy(self) -> None:
        """Copy output from the command to the spool, up to the limit."""
        data = os.read(self.output, PIPE_READ_BYTES)
        if not data:
            self.open = False
            self.read_on(reading=False)
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
        """Read output that was printed in time: this process may have been held up, by the disk perhaps."""
        for _ in range(2):  # a pipe holds no more than one copy() reads; behind that is its end
            if self.open and select.select((self.output,), (), (), 0)[0]:
                self.copy()

    def say(self, sentence: str) -> None:
        """Write a line of the launcher's own into the output."""
        if self.why != "disk":
            self.keep(f"{'' if self.newline else chr(10)}[signalbox] {sentence}\n".encode())

    def keep(self, data: bytes) -> None:
        """Append `data` to the spool, now or when the disk has room again."""
        self.newline = data.endswith(b"\n")
        self.unwritten += data
        if not self.full_since:
            self.write_out()
        elif len(self.unwritten) >= MAX_UNWRITTEN_BYTES:
            self.read_on(reading=False)

    def write_out(self) -> None:
        """Write the unwritten output. The time until a full disk has room again does not count for the timeout."""
        try:
            while self.unwritten:
                size = os.write(self.spool, self.unwritten)
                self.written, self.unwritten = self.written + size, self.unwritten[size:]
        except OSError as error:
            now = time.monotonic()
            self.full_since = self.full_since or now
            if self.may_get_room(error) and now - self.full_since < MAX_FULL_DISK_SECONDS:
                self.retry_at = now + FULL_DISK_RETRY_SECONDS
                return
            self.unwritten = b""
            self.not_kept(error)
        if self.full_since:
            self.timeout_at += time.monotonic() - self.full_since
            self.full_since = self.retry_at = 0.0
            self.read_on(reading=self.open)
        if self.written - self.flushed >= WRITEBACK_BYTES:
            # the kernel writes it from now on, and nothing waits for that
            os.posix_fadvise(self.spool, self.flushed, self.written - self.flushed, os.POSIX_FADV_DONTNEED)
            self.flushed = self.written

    def may_get_room(self, error: OSError) -> bool:
        """Return whether the disk is full, or the user's part of it, so that a later write may succeed."""
        return error.errno in FULL_DISK_ERRORS and os.fstat(self.spool).st_mode & 0o170000 == REGULAR_FILE

    def read_on(self, *, reading: bool) -> None:
        """Begin or stop to read the command's output. A command that prints more than a pipe holds waits meanwhile."""
        if reading and not self.reading:
            self.poll.register(self.output, select.POLLIN)
        elif self.reading and not reading:
            self.poll.unregister(self.output)
        self.reading = reading

    def not_kept(self, error: OSError) -> None:
        """Keep no more output. The command goes on: a roll-out that is cut off half-way is worse than unseen output."""
        self.left = -1
        if not self.why:
            self.why, self.detail = "disk", f"{error.strerror}: not all of its output could be kept."


def main(folder: str) -> None:
    os.chdir(folder)
    with open("spec.json") as file:  # noqa: PTH123
        spec = json.load(file)
    if not claim_folder():
        return
    reserved = os.open("exit.json.new", os.O_RDWR | os.O_CREAT, 0o600)
    os.posix_fallocate(reserved, 0, EXIT_REPORT_BYTES)
    os.close(reserved)
    write("exit.json", Launch(spec).run(), durable=True)


if __name__ == "__main__":
    main(sys.argv[1])
