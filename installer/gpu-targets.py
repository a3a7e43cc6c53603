#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares what `gptq bench ... --json` printed with what an H100 must reach, and says so, a line a target.

Usage: gpu-targets.py FOLDER, with the outputs of gpu-check.sh's part `targets` as FOLDER/NAME.json. Exit status 1: a target that must
be reached was missed, or a product is wrong.
"""
import json
import pathlib
import statistics
import sys

SHAPES = {(12288, 4096): "qkv", (4096, 4096): "o", (22016, 4096): "gate/up", (4096, 11008): "down"}
LARGE = [shape for shape in SHAPES if shape != (4096, 4096)]
# What one token takes at most with 4 bits, in microseconds.
ONE_TOKEN = {(12288, 4096): (12.2, 10.3), (4096, 4096): (5.8, 4.3), (22016, 4096): (20.8, 18.0), (4096, 11008): (11.2, 9.3)}
# How many times as fast as cuBLAS products of several tokens are at least, at the large shapes.
SEVERAL = {16: (2.8, 3.4), 64: (1.5, 2.2), 256: (0.7, 1.0), 2048: (0.8, 1.0)}
# What one token takes at most with fewer bits, as a share of 4 bits' time, at the large shapes: medians of several rounds.
FEWER_BITS = {3: 0.85, 2: 0.68}
# What decoding as an sm_86, whose kernels cannot be chained, reaches at least of the card's own speed, at the worst of the contexts.
AS_OLDER = 0.85
DECODED = ("llama-2-7b", "llama-3-8b", "smollm2-135m", "qwen2.5-7b", "llama-3-70b")
# Up to these many tokens weights are exact until they are scaled, and errors those of float32 sums; above, weights are rounded to float16,
# whose last bit is 4.9e-4 of a number.
EXACT_TOKENS, EXACT_ERROR, ROUNDED_ERROR = 16, 2e-6, 4.9e-4


class Rows:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def of(self, name):
        path = self.folder / f"{name}.json"
        lines = path.read_text().splitlines() if path.exists() else []
        return [row for row in (json.loads(line) for line in lines if line.startswith("{")) if "bench" not in row]

    def products(self, name):
        return {(row["N"], row["K"], row["M"]): row for row in self.of(name)}

    def rounds(self, bits):
        names = sorted(path.stem for path in self.folder.glob(f"one-token-{bits}-bit-*.json"))
        return [self.products(name) for name in names]

    def decoded(self, name):
        return {row["context"]: row["tok/s"] for row in self.of(name) if row["scheme"].startswith("4-bit")}

    def first(self, name, scheme, key):
        return next((row[key] for row in self.of(name) if row["scheme"].startswith(scheme)), None)


class Report:
    def __init__(self):
        self.missed = 0
        self.count = 0

    def line(self, what, value, unit, must, stretch=None, least=True):
        def reached(limit):
            return value >= limit if least else value <= limit

        self.count += 1
        if value is None:
            verdict, shown = "NOT MEASURED", "-"
        else:
            shown = f"{value:.4g}"
            verdict = "MISSED" if not reached(must) else "stretch" if stretch is not None and reached(stretch) else "must"
        self.missed += verdict in ("MISSED", "NOT MEASURED")
        goal = f"{must:g}" + (f", {stretch:g}" if stretch is not None else "")
        print(f"{what:44} {shown:>8} {unit:6} {goal:>12}  {verdict}")


def ratio(value, base):
    return None if value is None or not base else value / base


def median_us(rounds, key):
    times = [products[key]["us"] for products in rounds if key in products]
    return statistics.median(times) if times else None


def is_right(row):
    limit = EXACT_ERROR if row["M"] <= EXACT_TOKENS else ROUNDED_ERROR
    return row["error"] is not None and row["error"] <= limit


def main(folder):
    rows, report = Rows(folder), Report()
    four, one_token = rows.products("kernels"), {bits: rows.rounds(bits) for bits in (4, *FEWER_BITS)}
    print(f"{'':44} {'value':>8} {'':6} {'must, stretch':>12}")
    for shape, (must, stretch) in ONE_TOKEN.items():
        row = four.get((*shape, 1))
        report.line(f"4-bit, 1 token, {SHAPES[shape]} {shape[0]} x {shape[1]}", row and row["us"], "us", must, stretch, least=False)
    for bits, must in FEWER_BITS.items():
        for shape in LARGE:
            value = ratio(median_us(one_token[bits], (*shape, 1)), median_us(one_token[4], (*shape, 1)))
            report.line(f"{bits}-bit, 1 token, {SHAPES[shape]}", value, "x 4-bit", must, least=False)
    for tokens, (must, stretch) in SEVERAL.items():
        for shape in LARGE:
            row = four.get((*shape, tokens))
            report.line(f"4-bit, {tokens} tokens, {SHAPES[shape]}", row and row["x dense"], "x cuBLAS", must, stretch)

    report.line("decode, Llama-2-7B, 4-bit", rows.first("decode-llama-2-7b", "4-bit", "tok/s"), "tok/s", 480, 620)
    report.line("decode, Llama-2-7B, float16", rows.first("decode-llama-2-7b", "float16", "tok/s"), "tok/s", 180, 205)
    report.line("decode, Llama-3-8B, 4-bit", rows.first("decode-llama-3-8b", "4-bit", "tok/s"), "tok/s", 390, 500)
    report.line("decode, SmolLM2-135M, 4-bit", rows.first("decode-smollm2-135m", "4-bit", "tok/s"), "tok/s", 2000, 3500)
    report.line("decode, Qwen2.5-7B, 4-bit", rows.first("decode-qwen2.5-7b", "4-bit", "share"), "bound", 0.6, 0.8)
    report.line("decode, Llama-3-70B, 4-bit", rows.first("decode-llama-3-70b", "4-bit", "tok/s"), "tok/s", 0, 60)
    for shape in DECODED:
        old, own = (rows.decoded(f"decode-{kind}{shape}") for kind in ("sm86-", ""))
        ratios = [ratio(old.get(context), speed) for context, speed in own.items()]
        worst = None if not ratios or None in ratios else min(ratios)
        report.line(f"decode, {shape}, 4-bit, as sm_86", worst, "x own", AS_OLDER)
    prompt = ratio(rows.first("prefill-llama-2-7b", "4-bit", "tok/s"), rows.first("prefill-llama-2-7b", "float16", "tok/s"))
    report.line("prefill of 2,048 tokens, Llama-2-7B, 4-bit", prompt, "x float16", 0.85, 1.0)

    rounds = [products for of in one_token.values() for products in of]
    products = [row for of in (four, *rounds) for row in of.values()]
    wrong = [row for row in products if not is_right(row)]
    for row in wrong:
        print(f"WRONG: {row['N']} x {row['K']}, {row['M']} tokens: error {row['error']}")
    print(f"{report.count} targets, {report.missed} missed; {len(products)} products, {len(wrong)} wrong")
    return 1 if report.missed or wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
