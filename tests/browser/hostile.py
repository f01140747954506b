"""Print output that a page must survive, and show literally."""

import sys

out = sys.stdout.buffer
for line in (
    b"<script>alert(1)</script><img src=x onerror=alert(2)>",
    b"\x1b]0;title\x07after the title",
    b"\x1b]8;;javascript:alert(1)\x1b\\a link\x1b]8;;\x1b\\",
    b"\x1b]52;c;ZXZpbA==\x07clipboard",
    b"\x1b]0;unterminated",
    b"\x1b[2J\x1b[999;999Hcursor\x1b[" + b"9" * 5000 + b"mhuge",
    b"\x1b[38;5;1mone of 256\x1b[38;2;1;2;3mone of millions\x1b[0;1;4;31;42mmany\x1b[m none",
    b"\x1bPdevice\x1b\\control \x1b_app\x1b\\ \x1b",
    b"nul\x00 \xff\xfe bell\x07 back\x08\x7f\xc2\x9b31m",
    "\u202etxt.exe\u2066 right to left".encode(),
    b"10%\r\x1b[31m50%\r100%\r",
    b"\x1b[31m" * 2500 + b"too many",
    b"x" * 20_000,
    "运维\t检查 \U0001f600".encode(),
    b"::group <b>a group</b>",
    b"::endgroup",
    b"::progress 30 <i>progress</i>",
    b"no newline",
):
    out.write(line + (b"" if line == b"no newline" else b"\n"))
