"""Classes of characters for regular expressions, by the way in which scripts part their words."""

# Scripts that put no space between a word and the next one, or between a name and its particle: Han with its
# extensions, kana, Hangul, Thai, Lao, Myanmar, Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
COMBINING = "\u0300-\u036f\u0653-\u0655\u3099\u309a"  # marks that compose with a letter to one letter of a name
# Punctuation that stands in no address: of Chinese, Japanese and Korean, full-width forms, quotation marks, dashes and
# dots of all scripts, commas and question marks of others. Marks that names of pages hold are left out: `–`, `’`, `・`.
PUNCTUATION = (
    "\u00ab\u00bb\u037e\u0387\u0589\u060c\u061b\u061f\u06d4\u0964\u0965\u1361-\u1368\u17d4\u17d5"
    "\u200b\u200e\u200f\u2014-\u2018\u201a-\u201f\u2022\u2024-\u2026\u2028-\u202e\u2039\u203a\u2060-\u206f\u2190-\u21ff"
    "\u3000-\u3004\u3008-\u301b\u301d-\u3020\u3030\u303d\ufe10-\ufe1f\ufe30-\ufe6f\ufeff"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5d\uff5f-\uff64"
)
