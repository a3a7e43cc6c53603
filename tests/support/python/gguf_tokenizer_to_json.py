#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the byte-level BPE tokenizer inside a GGUF file as a Hugging Face tokenizer.json.

A GGUF file carries tokens, merges and token types, but names its pre-tokenizer only by a word
(`tokenizer.ggml.pre`), so the rules behind that word are spelled out here.

Needs: pip install gguf
Usage: gguf_tokenizer_to_json.py MODEL.gguf tokenizer.json[.gz]
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

from gguf import GGUFReader, TokenType

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}

# By the name in tokenizer.ggml.pre.
PRE_TOKENIZERS = {
    "gpt-2": BYTE_LEVEL,
    "smollm": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]},
}


def field(reader, name):
    found = reader.get_field(name)
    if found is None:
        sys.exit(f"{name} is missing: this GGUF file has no byte-level BPE tokenizer")
    return found.contents()


def added_token(token_id, content, special):
    return {
        "id": token_id,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }


def convert(reader):
    model = field(reader, "tokenizer.ggml.model")
    if model != "gpt2":
        sys.exit(f"tokenizer.ggml.model is {model!r}; only 'gpt2' (byte-level BPE) can be converted")
    pre = field(reader, "tokenizer.ggml.pre")
    if pre not in PRE_TOKENIZERS:
        sys.exit(f"tokenizer.ggml.pre is {pre!r}; known: {', '.join(sorted(PRE_TOKENIZERS))}")

    tokens = field(reader, "tokenizer.ggml.tokens")
    types = field(reader, "tokenizer.ggml.token_type")
    merges = field(reader, "tokenizer.ggml.merges")
    vocab = {token: token_id for token_id, token in enumerate(tokens)}
    if len(vocab) != len(tokens):
        sys.exit("the token list names a token twice")

    # Control tokens are special; user-defined ones are matched in the text too, but are ordinary text.
    added = [
        added_token(token_id, tokens[token_id], special=kind == TokenType.CONTROL)
        for token_id, kind in enumerate(types)
        if kind in (TokenType.CONTROL, TokenType.USER_DEFINED)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": PRE_TOKENIZERS[pre],
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            # The file does not say; with null, a byte that has no token of its own is dropped.
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": [merge.split(" ", 1) for merge in merges],
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("output", type=Path, help="ends in .json or .json.gz")
    arguments = parser.parse_args()

    document = json.dumps(convert(GGUFReader(arguments.gguf)), ensure_ascii=False, separators=(",", ":"))
    data = document.encode("utf-8")
    if arguments.output.suffix == ".gz":
        data = gzip.compress(data, compresslevel=9, mtime=0)
    arguments.output.write_bytes(data)
    print(f"{arguments.output}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
