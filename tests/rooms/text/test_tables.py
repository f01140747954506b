"""Tables and lists of tasks become elements, and text that reads well."""

import pytest

from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain
from proj.rooms.text.tables import MAX_CELLS

OPEN, DONE = '<input type="checkbox" disabled="">', '<input type="checkbox" disabled="" checked="">'


def table(head: str, *rows: str) -> str:
    body = f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody>" if rows else ""
    return f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead>{body}</table></div>'


@pytest.mark.parametrize(
    ("text", "html", "shown"),
    [
        (
            "| name | `state` |\n|---|---|\n| web1 | **up** |\n| a\\|b |\n\nend",
            table(
                "<th>name</th><th><code>state</code></th>",
                "<td>web1</td><td><strong>up</strong></td>",
                "<td>a|b</td><td></td>",
            )
            + "<p>end</p>",
            "name | state\nweb1 | up\na|b | \nend",
        ),
        (
            "so:\na | b\n:-: | --:\n1 | 2",
            "<p>so:</p>"
            + table(
                '<th class="align-center">a</th><th class="align-right">b</th>',
                '<td class="align-center">1</td><td class="align-right">2</td>',
            ),
            "so:\na | b\n1 | 2",
        ),
        ("- a|b\n  -|-", f"<ul><li>{table('<th>a</th><th>b</th>')}</li></ul>", "• a | b"),
        ("> a|b\n> -|-\nend", f"<blockquote>{table('<th>a</th><th>b</th>')}</blockquote><p>end</p>", "“a | b”\nend"),
        (
            "- [ ] buy **milk**\n- [x] done\n  - [X] too\n- no [x] task",
            f'<ul><li class="task"><label>{OPEN} buy <strong>milk</strong></label></li>'
            f'<li class="task"><label>{DONE} done</label><ul><li class="task"><label>{DONE} too</label></li></ul></li>'
            "<li>no [x] task</li></ul>",
            "☐ buy milk\n☑ done\n  ☑ too\n• no [x] task",
        ),
        (
            "1. [ ] a\n2. [x] b",
            f'<ol><li class="task"><label>{OPEN} a</label></li><li class="task"><label>{DONE} b</label></li></ol>',
            "1. ☐ a\n2. ☑ b",
        ),
        (
            "- [x] ```\n  code\n  ```",
            f'<ul><li class="task">{DONE} <pre><code>code</code></pre></li></ul>',
            "☑ \ncode",
        ),
    ],
)
def test_tables_and_tasks(text: str, html: str, shown: str) -> None:
    assert render(text).html == html
    assert plain(text, html) == shown


@pytest.mark.parametrize("text", ["a | b", "a | b\n-----", "-----", "id | name\n---+----\n1 | bob", "[ ] a", "[x] a"])
def test_lookalikes_are_text(text: str) -> None:
    assert render(text).html == ""


def test_a_table_with_too_many_cells_is_shown_as_it_was_written() -> None:
    head, rows = "a|" * 20 + "\n" + "-|" * 20 + "\n", MAX_CELLS // 21 - 2
    assert "<table>" in render(head + "1\n" * rows).html
    assert render(head + "1\n" * (rows + 1)).html == ""


@pytest.mark.parametrize(
    "text", ["a|b\n-|-\nx|y|z", "| cmd |\n|---|\n| `ps | grep x` |", "| a | b |\n|---|---|\n| c | d |\n| e | f | g |"]
)
def test_a_table_whose_lines_have_too_many_cells_is_shown_as_it_was_written(text: str) -> None:
    assert "<table" not in render(f"**see**\n{text}").html
    assert plain(text, render(text).html).count("|") == text.count("|")


def test_a_line_behind_a_table_may_have_more_cells() -> None:
    assert "<table" in render("a|b\n-|-\nc|d\n\ne|f|g").html
    assert "<table" in render("a|b\n-|-\nc|d\n> e|f|g").html
    assert "<table" in render("a|b\n-|-\nc|d\n- e|f|g").html
