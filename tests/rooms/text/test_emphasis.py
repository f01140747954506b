"""Emphasis begins and ends beside Chinese, Japanese and Korean punctuation, and elsewhere as in CommonMark."""

import random

import pytest
from markdown_it import MarkdownIt

from proj.rooms.text.emphasis import State
from proj.rooms.text.markup import render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**注意：**请重启", "<strong>注意：</strong>请重启"),
        ("这是**「重点」**内容", "这是<strong>「重点」</strong>内容"),
        ("这是**“重点”**内容", "这是<strong>“重点”</strong>内容"),
        ('**Note:**请**"重"**看', "<strong>Note:</strong>请<strong>&quot;重&quot;</strong>看"),
        ("**（a）**b", "<strong>（a）</strong>b"),
        ("価格は**￥100**です。", "価格は<strong>￥100</strong>です。"),
        ("**스크립트(script)**라고", "<strong>스크립트(script)</strong>라고"),
        ("葛\U000e0100**「城」**x", "葛\U000e0100<strong>「城」</strong>x"),
        ("*注意：*请 ~~删除：~~请 _注意：_请", "<em>注意：</em>请 <s>删除：</s>请 <em>注意：</em>请"),
        ("报告_最终_版.docx **x**", "报告_最终_版.docx <strong>x</strong>"),
        ("太**好了！**🎉ok", "太<strong>好了！</strong>🎉ok"),
    ],
)
def test_emphasis_stands_beside_cjk_punctuation(text: str, html: str) -> None:
    assert render(text).html == f"<p>{html}</p>"


@pytest.mark.parametrize("text", ['a**"b"**c', "**a:**b", "2 * 3 * 4", "snake_case_name"])
def test_other_scripts_are_read_as_before(text: str) -> None:
    assert render(text).html == ""


def test_text_without_cjk_characters_is_read_as_commonmark_says(monkeypatch: pytest.MonkeyPatch) -> None:
    commonmark = MarkdownIt("commonmark")
    dice = random.Random(7)
    for _ in range(2_000):
        text = "".join(
            dice.choices(["*", "**", "_", "__", "a", "é", " ", ".", '"', "«", "(", ")", "🎉", "\n", "£"], k=12)
        )
        library = commonmark.render(text)
        with monkeypatch.context() as patch:
            patch.setattr("markdown_it.parser_inline.StateInline", State)
            assert commonmark.render(text) == library, text
