"""Output is the same by byte and by line, from the chunks and later from the archive."""

import gzip
import os
import random
import zlib
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from proj.accounts.models import User
from proj.runs import actions
from proj.runs.models import Archive, Chunk, Run
from proj.runs.output import archive, decoding, reading
from proj.runs.output.decoding import complete
from proj.runs.publishing import frames
from proj.runs.states import State
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

TEXT = "".join(f"zeile {n} — {'🚀' * (n % 7)}\n" for n in range(1, 9001)) + "no newline here"
DATA = TEXT.encode()


def cut(data: bytes, size: int) -> list[bytes]:
    """Return `data` in pieces as the worker cuts it: never inside a character."""
    pieces = []
    while data:
        end = complete(data[:size]) if len(data) > size else len(data)
        pieces.append(data[:end])
        data = data[end:]
    return pieces


def store(run: Run, pieces: list[bytes]) -> None:
    offset, line = 0, 1
    for seq, piece in enumerate(pieces, 1):
        Chunk.objects.create(run=run, seq=seq, offset=offset, line=line, data=piece)
        offset, line = offset + len(piece), line + piece.count(b"\n")
    Run.objects.filter(pk=run.pk).update(chunks=len(pieces), bytes=offset, lines=line - 1, state="succeeded")


@pytest.fixture(params=["chunks", "archive"])
def run(request: pytest.FixtureRequest, make: Make, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that has printed DATA."""
    monkeypatch.setattr(archive, "PART_BYTES", 20_000)
    run = actions.start(make(), None, {})
    store(run, cut(DATA, 5000))
    run = Run.objects.get(pk=run.pk)
    if request.param == "archive":
        archive.keep(run)
        assert not Chunk.objects.exists()
        assert len(Archive.objects.get().index) > 5
    return run


def test_all_of_it_can_be_streamed(run: Run) -> None:
    assert b"".join(reading.stream(run)) == DATA


def test_it_can_be_read_from_any_byte_in_pieces_that_cut_no_character(run: Run) -> None:
    offset, read = 0, b""
    while True:
        data, offset = reading.after(run, offset, 7001)
        if not data:
            break
        assert len(data) <= 7001
        data.decode()
        read += data
    assert read == DATA
    for place in random.Random(5).sample(range(len(DATA)), 20):
        assert b"".join(reading.pieces(run, place)) == DATA[place:]
    assert reading.after(run, len(DATA) + 9, 10) == (b"", len(DATA) + 9)


def test_what_is_archived_while_it_is_read_is_read_whole(make: Make) -> None:
    run = actions.start(make(), None, {})
    store(run, cut(DATA, 5000))
    run = Run.objects.get(pk=run.pk)
    looked: list[str] = []

    def archiving(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Delete the first chunks between the query for the chunk of a byte and the read from there."""
        found = execute(sql, params, many, context)
        if not looked and "DESC" in sql and "runs_chunk" in sql:
            looked.append(sql)
            archive._store(run, "between.log.gz")
            Chunk.objects.filter(run=run, seq__lte=7).delete()
        return found

    with connection.execute_wrapper(archiving):
        assert b"".join(reading.pieces(run, 5500)) == DATA[5500:]
    assert looked


@pytest.mark.parametrize("first", [1, 2, 500, 4321, 8999, 9000, 9001, 9002])
def test_any_line_can_be_read_without_all_of_it(run: Run, first: int) -> None:
    expected = DATA.split(b"\n")[first - 1 : first + 2]
    found = reading.lines(run, first, 3)
    assert [line.data for line in found] == expected
    assert [line.number for line in found] == list(range(first, first + len(expected)))
    for line in found:
        assert DATA[line.offset : line.offset + len(line.data)] == line.data


def test_a_line_without_an_end_is_given_as_far_as_it_is_bearable(make: Make) -> None:
    run = actions.start(make(), None, {})
    store(run, cut(b"a\n" + b"x" * 500_000 + b"\nb\n", 32_768))
    run = Run.objects.get(pk=run.pk)
    first, long, last = reading.lines(run, 1, 9)
    assert (first.data, long.data, last.data) == (b"a", b"x" * reading.MAX_LINE_BYTES, b"b")
    assert last.offset == 500_003


def test_the_archive_is_one_file_that_zcat_reads(run: Run) -> None:
    archive.keep(run)
    kept = Archive.objects.get()
    with default_storage.open(kept.file) as file:
        assert gzip.decompress(file.read()) == DATA
    assert kept.size == default_storage.size(kept.file) < len(DATA) / 3


def test_the_archive_is_one_gzip_member_because_browsers_read_no_more(run: Run) -> None:
    archive.keep(run)
    with default_storage.open(Archive.objects.get().file) as file:
        unpacker = zlib.decompressobj(31)
        assert unpacker.decompress(file.read()) == DATA
    assert unpacker.eof
    assert not unpacker.unused_data


def test_archiving_can_be_done_again_after_any_interruption(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(*_: Any) -> None:
        raise OSError("no more power")

    if Archive.objects.exists():
        archive.keep(run)
        assert b"".join(reading.stream(run)) == DATA
        return
    with monkeypatch.context() as broken:
        broken.setattr(archive, "_sync", cut_short)  # the file exists, and no row names it
        with pytest.raises(OSError, match="no more power"):
            archive._store(run, "runs/2026/01/x.log.gz")
    assert b"".join(reading.stream(run)) == DATA
    archive._store(run, "runs/2026/01/x.log.gz")
    Chunk.objects.filter(run=run, seq__lt=9).delete()
    assert b"".join(reading.stream(run)) == DATA
    archive.keep(run)
    assert not Chunk.objects.exists()
    assert b"".join(reading.stream(run)) == DATA
    folder, name = Archive.objects.get().file.rsplit("/", 1)
    assert default_storage.listdir(folder)[1] == [name]


def test_what_is_forgotten_leaves_no_file(run: Run) -> None:
    archive.keep(run)
    file = Archive.objects.get().file
    archive.forget(run)
    assert not Run.objects.exists()
    assert not default_storage.exists(file)


def test_a_run_that_has_not_ended_is_not_forgotten(make: Make) -> None:
    run = actions.start(make(), None, {})
    archive.forget(run)
    assert Run.objects.get().state == "queued"


@pytest.mark.parametrize(
    "data", ["é".encode(), "€".encode(), "🚀".encode(), b"\xff\xfe", b"\x80\x80\x80\x80", b"a\xc3"]
)
def test_at_most_three_bytes_are_held_back_and_only_those_of_a_character_that_may_come(data: bytes) -> None:
    for size in range(len(data) + 1):
        held = size - complete(data[:size])
        assert held <= 3
        if held:
            assert data[size - held] >= 0xC2


def test_a_chunk_is_packed_where_that_makes_it_smaller(make: Make) -> None:
    run = Run.objects.create(service=make(), number=1, command=["true"], state=State.RUNNING)
    for seq, said in enumerate((b"a line\n" * 1000, b"short\n", os.urandom(5000))):
        Chunk.of(run, seq, 0, 1, said).save()
        kept = Chunk.objects.get(seq=seq)
        assert (kept.packed, kept.output) == (seq == 0, said)
        assert len(kept.data) <= len(said)


def test_what_is_no_utf8_is_shown_as_such() -> None:
    assert decoding.text(b"ok \xff\xfe \x00 \xe2\x82") == "ok \\xff\\xfe \\x00 \\xe2\\x82"


def test_a_runs_state_says_what_a_page_and_a_card_need(make: Make, alice: User) -> None:
    run = actions.start(make(parameters=[{"name": "v"}], command=["x", "{v}"]), alice, {"v": "1.4"})
    state = frames.state(run)
    assert (state["service"], state["number"], state["state"], state["person"]) == ("web1", 1, "queued", "alice")
    assert (state["parameters"], state["duration"], state["cancelable"]) == ({"v": "1.4"}, None, True)
    Run.objects.move(State.RUNNING, claimed_at=run.created_at)
    actions.cancel(run, alice)
    state = frames.state(Run.objects.get())
    assert (state["cancelable"], state["canceling"]) == (False, True)
    assert state["duration"] is not None and state["duration"] >= 0
