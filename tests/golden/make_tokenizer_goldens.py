#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the golden token ids of tests/golden/text with the reference libraries.

Each golden file holds one case per line: `text`, its `ids` without BOS or EOS, and `decoded`, the text of
those ids. The cases are every line, paragraph and the whole of multilingual.txt, and the edge cases below.
`wikitext2_1mb` covers the first 1,000,000 bytes of a large text, cut at a character boundary, by the count
of ids and the SHA-256 of the ids as little-endian uint32.

Needs: pip install sentencepiece tokenizers
Usage: make_tokenizer_goldens.py --wikitext wiki.valid.raw [--demo tokenizer.model] [--llama2 tokenizer.model]
           [--gpt2 FOLDER] [--tinyllama tokenizer.json] [--smollm2 tokenizer.json[.gz]]
Only the files of the tokenizers named are written.
"""

import argparse
import gzip
import hashlib
import json
import struct
from pathlib import Path

import sentencepiece
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

TEXT_FOLDER = Path(__file__).resolve().parent / "text"
LARGE_TEXT_BYTES = 1_000_000

EDGE_CASES = {
    "empty": "",
    "one space": " ",
    "two spaces": "  ",
    "many spaces": " " * 70,
    "three leading spaces": "   three",
    "three trailing spaces": "three   ",
    "space on both sides": " a ",
    "newline": "\n",
    "newlines": "\n\n\n\n\n",
    "newline between words": "a\nb",
    "spaces and newlines": " \n  \n\n   a \n b\n ",
    "trailing newline": "a line with its newline\n",
    "CRLF": "a\r\nb\r\n\r\nc\r",
    "tabs": "\t\t\ta\tb \t c\t",
    "one letter": "a",
    "letters in a row": "a" * 300,
    "digits in a row": "1234567890" * 12,
    "punctuation in a row": "!" * 67 + "=" * 67 + "-" * 67,
    "contractions": "I'm you're he's they'LL WE'VE I'd don't 'S 's's 't 'tis \u2019s rock'n'roll",
    "control characters": "\x01\x02\x03\x04\x05\x06 \x10\x13\x14\x16\x1a\x1d \x7f\x80\x9f",
    "white space": "a\x0bb\x0cc\x1cd\x1ff\x85g\xa0h\u1680i\u180ej\u2003k\u2028l\u2029m\u202fn\u205fo\u3000p",
    "not white space": "a\u200bb\u200cc\u2060d\ufeffe\u00adf",
    "byte order mark": "\ufeffHello",
    "noncharacters": "\ufdd0\ufffe\uffff\U0001fffe\U0010ffff",
    "replacement character": "a\ufffdb\ufffd\ufffd",
    "private use": "\ue000\uf8ff\U000f0000\U00100000",
    "every UTF-8 length": "$\u00a3\u20ac\U00010348" * 3,
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "flags and skin tones": "\U0001f1eb\U0001f1f7\U0001f44d\U0001f3fe\U0001f926\U0001f3fd\u200d\u2642\ufe0f",
    "composed": "\u00e9\u00c5\u1ed9\ud55c",
    "decomposed": "e\u0301A\u030ao\u0323\u0302\u1112\u1161\u11ab",
    "combining marks alone": "\u0301\u0323\u0302 \u0301",
    "singletons of NFC": "\u212b\u2126\uf900\u0958\u0344",
    "numbers that are not digits": "\u00bd\u00b2\u2167\u2460\u0661\u0967\u3007\u3220\U0001d7d9\u4e94",
    "letters of every case": "aA\u01c5\u02b0\u05d0\u4e00\u00aa\u0130\u0131\u00df\u1e9e",
    "meta symbol": "\u2581",
    "meta symbols in text": "\u2581\u2581a\u2581 \u2581b \u2581",
    "look like byte pieces": "<0x0A><0xFF><0x41>",
    "look like control pieces": "<s>hello</s> <unk><pad>",
    "look like special tokens": "<|endoftext|><|im_start|>user\nHi<|im_end|> <|eot_id|>[INST]<repo_name>x<file_sep>",
    "special token amid spaces": "a  <s>  b </s>",
}


def text_cases():
    text = (TEXT_FOLDER / "multilingual.txt").read_bytes().decode("utf-8")
    for number, line in enumerate(text.split("\n"), start=1):
        if line:
            yield f"line {number}", line
    for number, paragraph in enumerate(text.split("\n\n"), start=1):
        if "\n" in paragraph:  # one line is a case already
            yield f"paragraph {number}", paragraph
    yield "whole text", text
    yield from EDGE_CASES.items()


def large_text(path):
    data = path.read_bytes()
    if len(data) < LARGE_TEXT_BYTES:
        raise SystemExit(f"{path} is shorter than {LARGE_TEXT_BYTES:,} bytes")
    end = LARGE_TEXT_BYTES
    while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
        end -= 1
    return data[:end].decode("utf-8")


def write_golden(name, library, notes, encode, decode, wikitext):
    cases = []
    for case, text in text_cases():
        ids = encode(text)
        cases.append({"name": case, "text": text, "ids": ids, "decoded": decode(ids)})

    ids = encode(wikitext)
    stream = struct.pack(f"<{len(ids)}I", *ids)
    large = {"bytes": len(wikitext.encode("utf-8")), "ids": len(ids), "sha256": hashlib.sha256(stream).hexdigest()}

    # ASCII only, so that no editor and no tool can change a character unseen; one case per line.
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
    path = TEXT_FOLDER / f"{name}.json"
    path.write_text(
        "{\n"
        f'"library": {json.dumps(library)},\n'
        f'"notes": {json.dumps(notes)},\n'
        f'"wikitext2_1mb": {json.dumps(large)},\n'
        f'"cases": [\n{lines}\n]\n'
        "}\n",
        encoding="ascii",
        newline="\n",
    )
    changed = [case["name"] for case in cases if case["decoded"] != case["text"]]
    print(f"{path.name}: {path.stat().st_size:,} bytes, {len(cases)} cases, {large['ids']:,} ids of the large text")
    print(f"  decoded differs from text in {len(changed)}: {', '.join(changed) or 'none'}")


def write_sentencepiece(name, path, wikitext):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    write_golden(
        name,
        f"sentencepiece {sentencepiece.__version__}",
        "encode(text) without BOS and EOS; control pieces in the text are ordinary text",
        processor.encode,
        processor.decode,
        wikitext,
    )


def write_tokenizers(name, tokenizer, notes, wikitext):
    write_golden(
        name,
        f"tokenizers {tokenizers.__version__}",
        notes,
        lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
        lambda ids: tokenizer.decode(ids, skip_special_tokens=False),
        wikitext,
    )


def gpt2(folder):
    tokenizer = tokenizers.Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def from_json(path):
    data = path.read_bytes()
    return tokenizers.Tokenizer.from_buffer(gzip.decompress(data) if path.suffix == ".gz" else data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wikitext", type=Path, required=True, help="WikiText-2's raw validation text")
    parser.add_argument("--demo", type=Path, help="the demo model's tokenizer.model")
    parser.add_argument("--llama2", type=Path, help="Llama 2's tokenizer.model")
    parser.add_argument("--gpt2", type=Path, help="folder with GPT-2's vocab.json and merges.txt")
    parser.add_argument("--tinyllama", type=Path, help="TinyLlama's tokenizer.json")
    parser.add_argument("--smollm2", type=Path, help="tokenizer.json[.gz] made by gguf_tokenizer_to_json.py")
    arguments = parser.parse_args()

    wikitext = large_text(arguments.wikitext)
    with_special = "without the post-processor's tokens; special tokens in the text are matched, decode keeps them"
    if arguments.demo:
        write_sentencepiece("demo_sentencepiece", arguments.demo, wikitext)
    if arguments.llama2:
        write_sentencepiece("llama2_sentencepiece", arguments.llama2, wikitext)
    if arguments.gpt2:
        no_special = "byte-level, no prefix space, no added tokens: <|endoftext|> in the text is ordinary text"
        write_tokenizers("gpt2_bpe", gpt2(arguments.gpt2), no_special, wikitext)
    if arguments.tinyllama:
        write_tokenizers("tinyllama_tokenizer", from_json(arguments.tinyllama), with_special, wikitext)
    if arguments.smollm2:
        write_tokenizers("smollm2_bpe", from_json(arguments.smollm2), with_special, wikitext)


if __name__ == "__main__":
    main()
