"""`manage.py bring_over` on trees as teams have them: the report, the exit status, and the files that it writes."""

import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels_legacy.bring_over import tree
from channels_legacy.bring_over.imports import SED

ROUTING = 'from channels.routing import route\nchannel_routing = [route("websocket.connect", "chat.consumers.enter")]\n'
CONSUMERS = "from channels import Group\n\ndef enter(message):\n    Group('all').add(message.reply_channel)\n"
Make = Callable[[dict[str, str | bytes]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write the files of a tree, and return its folder."""

    def write(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "team"
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return root

    return write


def bring(root: Path, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("bring_over", str(root), *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def report(root: Path, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bring(root, "--json", *options)[1])
    return found


def topics(root: Path) -> set[tuple[str, int, str]]:
    return {(one["path"], one["line"], one["topic"]) for one in report(root)["findings"]}


def test_each_import_line_is_shown_with_its_place_and_its_new_text(make: Make) -> None:
    root = make({"chat/__init__.py": "", "chat/routing.py": ROUTING, "chat/consumers.py": CONSUMERS})
    code, text = bring(root)
    assert code == 1
    assert "chat/consumers.py:1\n  - from channels import Group\n  + from channels_legacy import Group\n" in text
    assert "SIGNALBOX_CHANNEL_ROUTING=chat.routing.channel_routing" in text
    assert f"SIGNALBOX_CHANNEL_CODE={root}" in text
    assert SED in text
    assert text.endswith("2 lines to change in 2 files, 0 places to look at (3 files read).\n")


def test_a_tree_that_is_brought_over_has_nothing_in_the_way(make: Make) -> None:
    root = make({"chat/__init__.py": "", "chat/routing.py": ROUTING, "chat/consumers.py": CONSUMERS})
    code, text = bring(root, "--write", "--yes")
    assert code == 0
    assert text.startswith("2 lines changed in 2 files.\nImport lines to change: none.\n")
    assert text.endswith("Nothing is in the way (3 files read).\n")
    assert (root / "chat/routing.py").read_text() == ROUTING.replace("channels.", "channels_legacy.")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.py")}
    assert bring(root, "--write", "--yes")[0] == 0
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*.py")}


def test_the_sed_line_and_the_command_make_the_same_changes(make: Make, tmp_path: Path) -> None:
    lines = [
        *("import channels.signals", "    from channels import Group", "from channels import(Group, Channel)"),
        *("from channels.generic.websockets import *", "from channels_extra import thing", "import channelsx"),
    ]
    root = make({"a.py": "if True:\n" + "\n".join(f"    {line.strip()}" for line in lines) + "\n"})
    by_sed = tmp_path / "by_sed.py"
    by_sed.write_bytes((root / "a.py").read_bytes())
    subprocess.run(["sed", "-i", "-E", SED, str(by_sed)], check=True)
    assert all(change["by_sed"] for change in report(root)["changes"])
    bring(root, "--write", "--yes")
    assert (root / "a.py").read_text() == by_sed.read_text()


def test_names_and_dotted_strings_that_sed_does_not_reach_are_changed_too(make: Make) -> None:
    text = (
        "import os, channels\nimport channels.asgi\nimport channels as ch\n"
        "layer = channels.asgi.channel_layers['default']; é = channels.Group('a')\n"
        "INSTALLED_APPS = ['channels', 'chat']\nCASE = 'channels.test.ChannelTestCase'\nWORDS = 'channels of a river'\n"
        "from channels import \\\n    Group\ntry: from channels import Channel\nexcept ImportError: pass\n"
    )
    root = make({"a.py": text})
    bring(root, "--write", "--yes")
    assert (root / "a.py").read_text() == (
        "import os, channels_legacy\nimport channels_legacy.asgi\nimport channels_legacy as ch\n"
        "layer = channels_legacy.asgi.channel_layers['default']; é = channels_legacy.Group('a')\n"
        "INSTALLED_APPS = ['channels_legacy', 'chat']\nCASE = 'channels_legacy.test.ChannelTestCase'\n"
        "WORDS = 'channels of a river'\n"
        "from channels_legacy import \\\n    Group\n"
        "try: from channels_legacy import Channel\nexcept ImportError: pass\n"
    )


def test_names_that_the_sed_line_left_behind_are_found_after_it(make: Make) -> None:
    root = make({"a.py": "import channels_legacy\nlayer = channels.channel_layers\n"})
    assert [change["new"] for change in report(root)["changes"]] == ["layer = channels_legacy.channel_layers"]


def test_a_variable_called_channels_is_left_alone(make: Make) -> None:
    text = "from channels import Group\n\ndef f(channels):\n    return channels.first, [channels for channels in ()]\n"
    root = make({"a.py": text})
    assert [change["line"] for change in report(root)["changes"]] == [1]


def test_write_asks_first_and_changes_nothing_without_an_answer(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make({"a.py": CONSUMERS})
    with pytest.raises(CommandError, match="add --yes") as refused:
        call_command("bring_over", str(root), "--write")
    assert refused.value.returncode == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return "n"

    monkeypatch.setattr("builtins.input", answer)
    bring(root, "--write")
    assert questions == [f"Change 1 lines in 1 files of {root}? [y/N] "]
    assert (root / "a.py").read_text() == CONSUMERS


def test_a_written_file_keeps_its_mode_its_line_ends_and_its_encoding(make: Make) -> None:
    text = "# -*- coding: koi8-r -*-\r\nfrom channels import Group\r\nname = 'чат'\r\n".encode("koi8-r")
    root = make({"a.py": text, "bom.py": b"\xef\xbb\xbffrom channels import Group\n"})
    (root / "a.py").chmod(0o750)
    bring(root, "--write", "--yes")
    assert (root / "a.py").read_bytes() == text.replace(b"channels", b"channels_legacy")
    assert (root / "a.py").stat().st_mode & 0o777 == 0o750
    assert (root / "bom.py").read_bytes() == b"\xef\xbb\xbffrom channels_legacy import Group\n"
    assert sorted(path.name for path in root.iterdir()) == ["a.py", "bom.py"]


def test_a_path_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot read .*nowhere: No such file") as error:
        call_command("bring_over", str(tmp_path / "nowhere"))
    assert error.value.returncode == 2


def test_an_empty_tree_and_a_tree_without_channels_say_so(make: Make) -> None:
    root = make({})
    assert bring(root) == (0, f"{root} holds no Python file. There is nothing to bring over.\n")
    make({"a.py": "import os\n", "b.py": "from django.core.urlresolvers import reverse\n"})
    assert bring(root) == (0, f"Nothing in {root} imports Channels 1.x (2 files read).\n")


def test_an_address_of_a_page_is_named(make: Make) -> None:
    text = "from channels import include\nchannel_routing = [include('chat.routing.inner', path='^/chat/stream')]\n"
    assert "In the way: Signalbox has pages at this address." in (printed := bring(make({"a.py": text}))[1])
    assert "\n  /chat/stream/\n" in printed


def test_one_file_can_be_read_alone(make: Make) -> None:
    root = make({"a.py": CONSUMERS})
    assert [change["path"] for change in report(root / "a.py")["changes"]] == ["a.py"]


def test_loops_of_links_environments_and_links_out_of_the_tree_are_passed_over(make: Make, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(CONSUMERS)
    root = make({"a.py": CONSUMERS, "env/pyvenv.cfg": "", "env/lib/x.py": CONSUMERS, "node_modules/y.py": CONSUMERS})
    (root / "again").symlink_to(root)
    (root / "out.py").symlink_to(outside)
    assert {change["path"] for change in report(root, "--write", "--yes")["changes"]} == set()
    assert outside.read_text() == CONSUMERS


def test_a_huge_tree_ends_at_its_bound_and_says_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_legacy.bring_over.survey.MAX_TREE_FILES", 3)
    root = make({f"{number}.py": CONSUMERS for number in range(5)})
    assert report(root)["complete"] is False
    assert "Only the first 3 files were read. Name a smaller tree." in bring(root)[1]


def test_files_that_cannot_be_read_are_listed_and_the_others_are_read(make: Make) -> None:
    big = b"#" * (tree.MAX_SOURCE_BYTES + 1)
    root = make({"a.py": CONSUMERS, "big.py": big, "null.py": b"from channels import Group\n\0", "bad.py": b"'\xff'"})
    os.mkfifo(root / "pipe.py")
    found = topics(root)
    assert {("big.py", 0, "unreadable"), ("null.py", 0, "unparsed"), ("bad.py", 0, "encoding")} <= found
    assert {change["path"] for change in report(root)["changes"]} == {"a.py", "null.py"}


def test_a_file_name_cannot_write_to_the_terminal(make: Make) -> None:
    root = make({"\x1b]0;title\x07.py": CONSUMERS.replace("Group\n", "Group  # \x1b[31m\n")})
    assert "\x1b" not in bring(root)[1]
    assert re.search(r"title\ufffd\.py:1", bring(root)[1])
