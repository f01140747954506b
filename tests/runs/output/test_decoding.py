"""Output in the encoding of its service: decoded at any cut, shown and found as text, kept as bytes."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from proj.accounts.models import User
from proj.runs import loading
from proj.runs.catalog import encodings
from proj.runs.models import Service
from proj.runs.output import decoding, reading, searching
from proj.runs.running import cleanup
from proj.runs.running.runner import Runner
from tests.runs.conftest import Make
from tests.runs.running.turns import did

GBK = "".join(f"第{n}步：正在安装软件包…完成\n" for n in range(3000)) + "::progress 40 复制文件\n\x1b[31m错误\x1b[0m"


@pytest.mark.parametrize(
    "name", ["gbk", "GB18030", "shift_jis", "latin-1", "cp1251", "euc_kr", "big5", "utf-8", "UTF8"]
)
def test_an_encoding_in_which_ascii_is_ascii_is_taken(name: str) -> None:
    assert encodings.problem(name) == ""


@pytest.mark.parametrize("name", ["utf-16", "utf-32-le", "cp500", "iso2022_jp", "hz", "utf-7", "unicode_escape"])
def test_an_encoding_with_other_newlines_or_escapes_is_refused(name: str) -> None:
    assert encodings.problem(name).startswith(f"Output cannot be in {name}: its newlines")


@pytest.mark.parametrize("name", ["", "klingon", "base64", "rot13"])
def test_an_encoding_that_python_does_not_know_is_refused(name: str) -> None:
    assert encodings.problem(name).startswith(f"{name!r} is no encoding")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gbk", "安装a完成"),
        ("gb18030", "安装𠀀€完"),
        ("shift_jis", "ソース表示"),
        ("euc_jp", "完了です"),
        ("latin-1", "déjà"),
    ],
)
def test_any_cut_gives_the_same_text(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    for size in range(4, len(data)):
        rest, found = data, ""
        while rest:
            end = decoding.complete(rest[:size], encoding) if len(rest) > size else len(rest)
            found, rest = found + decoding.text(rest[:end], encoding), rest[end:]
        assert found == text


def test_bytes_that_are_none_in_the_encoding_are_shown_and_newlines_stay() -> None:
    assert decoding.text(b"\x81\nok\xff\n\x00", "gbk") == "\\x81\nok\\xff\n\\x00"


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        ("gbk", "gbk"),
        ("latin-1", "iso-8859-1"),
        ("cp1251", "windows-1251"),
        ("shift_jis", "shift_jis"),
        ("UTF8", "utf-8"),
    ],
)
def test_browsers_know_the_encoding_of_a_raw_log(encoding: str, charset: str) -> None:
    assert decoding.charset(encoding) == charset


@pytest.mark.django_db
def test_a_file_with_a_wrong_encoding_is_refused_with_a_sentence(tmp_path: Path, make: Make) -> None:
    file = tmp_path / "services.toml"
    file.write_text('[old]\ncommand = ["true"]\nencoding = "utf-16"\n')
    with pytest.raises(loading.BadFile, match="old: encoding: Output cannot be in utf-16"):
        loading.load(file)
    file.write_text('[old]\ncommand = ["true"]\nencoding = "gbk"\n')
    loading.load(file)
    assert Service.objects.get(uid="old").encoding == "gbk"
    with pytest.raises(ValidationError, match="is no encoding"):
        make("new", encoding="gkb")


@pytest.mark.django_db(transaction=True)
def test_output_in_gbk_is_shown_searched_and_kept(tmp_path: Path, make: Make, client: Client, alice: User) -> None:
    runner = Runner(16, lambda run: cleanup.clean_up(run.pk))
    (tmp_path / "printed").write_bytes(GBK.encode("gbk"))
    run = did(runner, make, ["cat", str(tmp_path / "printed")], encoding="gbk")
    assert (run.progress, run.progress_text) == (40, "复制文件")
    assert searching.find(run, "第2999步").numbers == [3000]
    position, read = 0, ""
    while (piece := reading.after(run, position, 1001))[0]:
        read, position = read + decoding.text(piece[0], "gbk"), piece[1]
    assert read == GBK
    client.force_login(alice)
    assert '<span class="ansi-ink-1">错误</span>' in client.get(f"/runs/{run.pk}/").content.decode()
    assert client.get(f"/runs/{run.pk}/lines/?from=2").json()["lines"][0] == "第1步：正在安装软件包…完成"
    raw = client.get(f"/runs/{run.pk}/raw/")
    assert raw["Content-Type"] == "text/plain; charset=gbk"
    assert b"".join(raw.streaming_content) == GBK.encode("gbk")  # type: ignore[attr-defined]
