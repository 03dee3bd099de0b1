"""Generated texts that are hard to tokenise: many scripts, code, long runs, and what only looks like a token."""

from hypothesis import strategies as st

SCRIPTS = [
    "abcdefgh xyz",
    "ABCXYZ",
    "aAbBcC",
    "0123456789",
    "٣٤½²Ⅻ",
    "日本語漢字中文的一是",
    "ひらがなカタカナー",
    "안녕하세요ᄀᄁ",
    "ภาษาไทยสวัสดี",
    "नमस्ते दुनिया",
    "مرحبا بالعالم",
    "עברית שלום",
    "Ελληνικά",
    "Кириллица",
    "éèñßüÅ",
    "ǅʰªºﬁ\u017f",
    "e\u0301a\u0308\u0303",
    "👩\u200d👧🇫🇷🏳️🌈👍🏽😀",
    "\U0001d518\U0001d52b\U0001d7d9\U0001d7da🀄",
    ".,;:!?'\"()[]{}<>",
    "/\\|_-+*=~`@#$%^&",
    " ",
    "\n",
    "\r\n",
    "\t",
    " \n\t\r",
    "\u00a0\u2003\u3000\u0085\u2028\u2029",
    "\ufeff\u200b\u200c\u200d\u2060\u180e\u00ad",
    "\x00\x01\x1c\x1d\x1f\x0b\x0c\x7f",
]
SNIPPETS = [
    "I'll we've DON'T CAN'T they'RE O'Reilly it'\u017f 'rx x's'S",
    "<|endoftext|>",
    "<|endofprompt|><|im_start|>user",
    "def f(x):\n\treturn {'a': [1, 2.5]}  # ok\n\n\n",
    "    if (a && b !== c) {\n        return `${d}//e`;\n    }\n",
    "SELECT * FROM t WHERE a<>b AND c IS NOT NULL;--x\r\n",
    'std::vector<std::pair<int,int>>& v = *p; /* "q" */',
    'fn main() -> Result<(), Box<dyn Error>> { println!("{:?}", x)?; }',
    '{"arguments":"{\\"q\\": \\"a \\u003c b\\"}","name":"search"}',
    "https://e.invalid/a/b?c=d&e=%20f#g//h",
    "| a | b |\n|---|:-:|\n| `x` | **y** |\n",
    "line  \n  \n\n  next \t \n",
    "x();\n//y {\n// z",
    "A\u0301B\u0308C O\u0308L",
    "コンピューター サーバー データー",
]

_run = st.builds(lambda script, times: (script * times)[:times], st.sampled_from(SCRIPTS), st.integers(1, 120))
_letter_run = st.builds(lambda letter, times: letter * times, st.sampled_from("".join(SCRIPTS)), st.integers(1, 120))
_mixed = st.sampled_from(SCRIPTS).flatmap(lambda script: st.text(st.sampled_from(script), max_size=12))
# Characters that this Python's Unicode does not know yet, other tables may know.
_any = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=12)

TEXTS = st.lists(st.one_of(_mixed, _mixed, _any, st.sampled_from(SNIPPETS), _run, _letter_run), max_size=8).map("".join)
BROKEN_TEXTS = st.lists(
    st.one_of(_mixed, st.sampled_from(["\ud800", "\udfff", "\ud83d", "\ude00", "\ud83d\ude00", "\ude00\ud83d"])),
    max_size=6,
).map("".join)
"""Texts with halves of characters; two halves that meet are one character."""
