"""Written text as a voice should read it: signs and jargon that voices mangle, spelled by sound."""

from __future__ import annotations

import re
from typing import Final

# What espeak-ng and its like say wrong; acronyms in capitals they mostly spell out by themselves.
SPELLINGS: Final = {
    "ALiBi": "alibi",
    "AWQ": "A. W. Q.",
    "ColBERT": "coal bert",
    "GLU": "G L U",
    "IO": "I O",
    "LLaMA": "llama",
    "LoRA": "Lora",
    "MoE": "M O E",
    "QLoRA": "cue Lora",
    "RLAIF": "R L A. I. F",
    "ReAct": "ree-act",
    "ReLU": "ray-loo",
    "RoPE": "rope",
    "SwiGLU": "Swish G L U",
    "YaRN": "yarn",
    "vs": "versus",
}
_WORDS: Final = re.compile(r"\b(" + "|".join(sorted(SPELLINGS, key=len, reverse=True)) + r")\b")
_SIGNS: Final = (
    (re.compile(r"(?<=\d)\s*[x\N{MULTIPLICATION SIGN}]\s*(?=\d)"), " by "),
    (re.compile(r"\bO\((\w+)²\)"), r"order \1 squared"),
    (re.compile(r"\bO\((\w+)\)"), r"order \1"),
    (re.compile(r"²|\^2\b"), " squared"),
    (re.compile(r"\^(\d+)"), r" to the power of \1"),
    (re.compile(r"(?<=\d)B\b"), " billion"),
    (re.compile(r"(?<=\d)M\b"), " million"),
    (re.compile(r"\s*%"), " percent"),
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"\bvs\."), "versus"),
    (re.compile(r"[*_`$#|<>{}\\]+"), " "),
)


def speakable(text: str) -> str:
    """The text with signs written out and jargon spelled as it sounds; spaces set to one."""
    for sign, words in _SIGNS:
        text = sign.sub(words, text)
    text = _WORDS.sub(lambda found: SPELLINGS[found[0]], text)
    return " ".join(text.split())
