"""Classes of characters for regular expressions, by the way in which scripts part their words."""

# Scripts that put no space between a word and the next one, or between a name and its particle: Han with its
# extensions, kana, Hangul, Thai, Lao, Myanmar, Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
COMBINING = "\u0300-\u036f\u0653-\u0655\u3099\u309a"  # marks that compose with a letter to one letter of a name
