#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden/text/bpe_variants.json: what the reference library makes of tokenizer.json's components.

Each variant is one of two tokenizers with some of its parts replaced: SmolLM2's, and a small one in SentencePiece's style that
this script trains on multilingual.txt and that the file holds. The texts are those of smollm2_bpe.json. A variant's `digests`
are, for each text in order, the first 8 hexadecimal digits of the SHA-256 of the ids as little-endian uint32, and of the text
that they decode to. `special` says whether special tokens in a text are matched ("parse") or are text.

Needs: pip install tokenizers
Usage: make_bpe_variant_goldens.py
"""

import copy
import gzip
import hashlib
import json
import struct
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TEXT_FOLDER = Path(__file__).resolve().parent / "text"

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
OTHER_EXPRESSIONS = [
    r"\S+", r"[\S]", r"[^\S\n]+|\n", r"\d+|\D+", r"[\s-]+", r"[\s\-x]+", r"[a-z]++|.", r"(a|b)c|\p{^L}+?",
    r"\p{Han}+|\p{Latin}+", r"(?<=a)b|(?<!a)B|.", r"\u4e16+|\x{754c}", r"\s+$|x", "(?i:stra\u00dfe|k|\u00df|ss)", r"(?>a|ab)c|.",
    r"[^\p{L}]{2,4}|\p{Lu}", r"\v|\t|\f", r"[\p{L}-]+", r"[^ \p{P}\p{S}\d]+", r".", r"\p{Zs}|\p{M}+|\p{Cc}", r"\p{P}\P{P}",
]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


def byte_level(use_regex=True, add_prefix_space=False):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def to_bytes(*steps):
    return {"pre_tokenizer": sequence(*steps, byte_level(use_regex=False))}


def added(token, content, **properties):
    default = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"id": token, "content": content, **default, **properties}


def byte_level_variants(first_new):
    digits = {"type": "Digits", "individual_digits": True}
    tokens = [
        added(0, "<|endoftext|>", special=True),
        added(2, "<|im_end|>", special=True, rstrip=True),
        added(first_new, "<s>", special=True, lstrip=True),
        added(first_new + 1, "</s>", single_word=True),
        added(first_new + 2, "quick brown", single_word=True, normalized=True),
        added(first_new + 3, "o\u0323\u0302", normalized=True),
        added(first_new + 4, "  "),
        added(first_new + 5, "   t"),
        added(first_new + 6, "\u00e9t\u00e9", lstrip=True, rstrip=True),
    ]
    yield "as it is", {}
    yield "GPT-2", {"pre_tokenizer": byte_level()}
    yield "GPT-2 with a space in front", {"pre_tokenizer": byte_level(add_prefix_space=True)}
    yield "bytes alone", {"pre_tokenizer": byte_level(use_regex=False)}
    yield "Llama 3", {**to_bytes(split(LLAMA3)), "model": {"ignore_merges": True}}
    yield "Qwen2", {**to_bytes(split(QWEN2)), "normalizer": {"type": "NFC"}}
    yield "o200k", to_bytes(split(O200K))
    yield "DeepSeek", {
        **to_bytes(split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), split(DEEPSEEK)),
        "normalizer": {"type": "Sequence", "normalizers": []},
    }
    yield "matches alone", to_bytes(split(GPT2, "Removed", True))
    yield "digits in runs", {"pre_tokenizer": sequence({"type": "Digits", "individual_digits": False}, byte_level())}
    yield "digits afterwards", to_bytes(split(LLAMA3), digits)
    yield "an unknown token", {"model": {"unk_token": "<|endoftext|>", "fuse_unk": True}}
    yield "unknown tokens one by one", {"model": {"unk_token": "<|endoftext|>", "fuse_unk": False}}
    yield "added tokens", {"normalizer": {"type": "NFC"}, "added_tokens": tokens}
    for behavior in BEHAVIORS:
        for invert in (False, True):
            turn = " inverted" if invert else ""
            yield f"split {behavior}{turn}", to_bytes(split(r"\s+|\p{P}", behavior, invert))
            yield f"split at spaces {behavior}{turn}", to_bytes(split(" ", behavior, invert, "String"))
    for expression in OTHER_EXPRESSIONS:
        yield f"split at {expression}", to_bytes(split(expression))


def sentencepiece_variants(small):
    decoders = small["decoder"]["decoders"]
    vocabulary = small["model"]["vocab"]
    first_new = len(vocabulary)
    no_fallback = {"byte_fallback": False}
    partial = {"zz" + piece if piece in ("<0xE4>", "<0xF0>", "<0xCC>") else piece: i for piece, i in vocabulary.items()}
    with_crossing = {**vocabulary, "e\u2581": first_new, "<0xF0><0x9F>": first_new + 1}
    crossing = [["e", "\u2581"]] + small["model"]["merges"]
    of_bytes = small["model"]["merges"] + [["<0xF0>", "<0x9F>"]]
    tokens = small["added_tokens"] + [
        added(first_new, "[INST]"),
        added(first_new + 1, "quick brown", normalized=True),
        added(first_new + 2, "<|im_end|>", special=True, normalized=True, lstrip=True),
    ]
    yield "as it is", {}
    yield "added tokens", {"added_tokens": tokens}
    yield "without bytes", {"model": no_fallback}
    yield "without bytes, unknown ones by one", {"model": {**no_fallback, "fuse_unk": False}}
    yield "without bytes or an unknown token", {"model": {**no_fallback, "unk_token": None}}
    yield "some bytes", {"model": {"vocab": partial}}
    yield "some bytes, unknown ones by one", {"model": {"vocab": partial, "fuse_unk": False}}
    yield "whole pieces first", {"model": {"ignore_merges": True}}
    yield "merges across spaces", {"model": {"vocab": with_crossing, "merges": crossing}}
    yield "merges of bytes", {"model": {"vocab": with_crossing, "merges": of_bytes}}
    yield "Gemma", {
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        "pre_tokenizer": split(" ", "MergedWithPrevious", kind="String"),
        "decoder": {"type": "Sequence", "decoders": decoders[:3]},
    }
    for scheme in ("first", "always", "never"):
        for splits in (False, True):
            step = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": splits}
            name = f"Metaspace {scheme}, {'split' if splits else 'whole'}"
            yield name, {"normalizer": None, "pre_tokenizer": step, "decoder": step}


# Llama's components around a vocabulary that does not fit most of the texts, so that bytes and unknown tokens come up.
def small_tokenizer():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=1000, limit_alphabet=150, special_tokens=special, min_frequency=1, show_progress=False
    )
    tokenizer.train([str(TEXT_FOLDER / "multilingual.txt")], trainer)
    small = json.loads(tokenizer.to_str())
    small["added_tokens"] = small["added_tokens"][:3]
    small["pre_tokenizer"] = None
    small["normalizer"] = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        ],
    }
    small["decoder"] = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    return small


def patched(base, patch):
    document = copy.deepcopy(base)
    for key, value in patch.items():
        if key == "model":
            document["model"].update(value)
        else:
            document[key] = value
    return document


def digests(tokenizer, texts):
    result = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        for content in struct.pack(f"<{len(ids)}I", *ids), tokenizer.decode(ids, skip_special_tokens=False).encode():
            result.append(hashlib.sha256(content).hexdigest()[:8])
    return "".join(result)


def main():
    texts = [case["text"] for case in json.loads((TEXT_FOLDER / "smollm2_bpe.json").read_text())["cases"]]
    smollm2 = json.loads(gzip.decompress((TEXT_FOLDER / "smollm2_tokenizer.json.gz").read_bytes()))
    small = small_tokenizer()
    small["model"]["merges"] = [list(pair) for pair in small["model"]["merges"]]
    lines = []
    for base, document, variants in (
        ("smollm2", smollm2, byte_level_variants(len(smollm2["model"]["vocab"]))),
        ("small", small, sentencepiece_variants(small)),
    ):
        for name, patch in variants:
            tokenizer = Tokenizer.from_str(json.dumps(patched(document, patch)))
            for special in ("parse", "text") if "added" in name or not patch else ("parse",):
                tokenizer.encode_special_tokens = special == "text"
                entry = {"name": f"{base}: {name}, {special}", "base": base, "special": special, "patch": patch}
                lines.append(json.dumps({**entry, "digests": digests(tokenizer, texts)}, separators=(",", ":")))
    path = TEXT_FOLDER / "bpe_variants.json"
    path.write_text(
        "{\n"
        f'"library": {json.dumps("tokenizers " + tokenizers.__version__)},\n'
        f'"small": {json.dumps(small, separators=(",", ":"))},\n'
        '"variants": [\n' + ",\n".join(lines) + "\n]\n}\n",
        encoding="ascii",
        newline="\n",
    )
    print(f"{path.name}: {path.stat().st_size:,} bytes, {len(lines)} variants of {len(texts)} texts")


if __name__ == "__main__":
    main()
