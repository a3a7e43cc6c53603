#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tiny models with random weights, and the logits that Hugging Face transformers gives for them.

For each case it writes OUTDIR/NAME/ with config.json, the weights in safetensors (one file or shards with an
index) and golden.safetensors: `input_ids` int32 (tokens) and `logits` float32 (tokens, vocab). The logits are
computed in float32 with eager attention from the folder as written, so from the weights as stored.

config.json is rewritten to look like the published checkpoints, which transformers 4 wrote: `rope_theta`,
`rope_scaling` and `torch_dtype` at the top level. The script checks that transformers reads the same model from
both. The case llama-rope-parameters keeps what transformers 5 writes.

A case also says what makes it special (its `without`): the script computes the logits without that, too, and
fails if they hardly differ, since such a golden file would test nothing.

Needs: torch, transformers 5, safetensors. Runs on the CPU in under a minute.
Usage: make_tiny_models.py OUTDIR [NAME...]
"""

import argparse
import json
import platform
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import safetensors
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

VOCAB = 320
MIN_EFFECT = 0.01  # relative to the largest logit; the tests allow 1e-4

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}


@dataclass(frozen=True)
class Case:
    name: str
    model_type: str
    seed: int
    dtype: torch.dtype = torch.float16
    tokens: int = 40
    config: dict = field(default_factory=dict)  # over the defaults of base_config()
    rope: dict = field(default_factory=dict)  # over {"rope_type": "default", "rope_theta": 10000.0}
    max_shard_size: str = "1GB"
    classic_config: bool = True
    extra_keys: dict = field(default_factory=dict)  # added to the classic config.json; must change nothing
    without: Callable | None = None  # takes the model's config and weights away from what the case is about


def base_config():
    return {
        "vocab_size": VOCAB,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "hidden_act": "silu",
        "max_position_embeddings": 256,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def without_rope_scaling(config, weights):
    config.rope_parameters = {"rope_type": "default", "rope_theta": config.rope_parameters["rope_theta"]}


def without_window(config, weights):
    config.sliding_window = None


def without_biases(config, weights):
    for name, tensor in weights.items():
        if name.endswith(".bias"):
            tensor.zero_()


def without_head_norms(config, weights):
    for name, tensor in weights.items():
        if re.search(r"\.[qk]_norm\.weight$", name):
            tensor.fill_(1.0)


CASES = [
    Case("llama-untied", "llama", 101),
    Case(
        "llama-gqa-tied",
        "llama",
        102,
        dtype=torch.bfloat16,
        config={"num_hidden_layers": 3, "num_key_value_heads": 2, "tie_word_embeddings": True},
    ),
    Case(
        "llama3-rope",
        "llama",
        103,
        tokens=200,
        config={
            "head_dim": 32,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "tie_word_embeddings": True,
        },
        rope={**LLAMA3, "rope_theta": 500000.0},
        without=without_rope_scaling,
    ),
    Case(
        "llama-linear-rope",
        "llama",
        104,
        config={"num_key_value_heads": 2, "tie_word_embeddings": True},
        rope={"rope_type": "linear", "factor": 4.0},
        without=without_rope_scaling,
    ),
    Case(
        "llama-yarn-rope",
        "llama",
        105,
        tokens=100,
        # Heads of 32: with 16 only one frequency lies between the two ends of the ramp.
        config={
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": 128,
            "tie_word_embeddings": True,
        },
        rope=YARN,
        without=without_rope_scaling,
    ),
    Case(
        "llama-sharded",
        "llama",
        106,
        dtype=torch.float32,
        config={"num_key_value_heads": 1, "tie_word_embeddings": True},
        max_shard_size="120KB",
    ),
    Case(
        "llama-rope-parameters",
        "llama",
        107,
        tokens=80,
        config={"num_key_value_heads": 2, "max_position_embeddings": 512, "tie_word_embeddings": True},
        rope={**LLAMA3, "rope_theta": 500000.0},
        classic_config=False,
        without=without_rope_scaling,
    ),
    Case(
        "mistral-window",
        "mistral",
        108,
        tokens=64,
        config={"num_key_value_heads": 2, "sliding_window": 16, "tie_word_embeddings": True},
        without=without_window,
    ),
    Case(
        "qwen2-bias",
        "qwen2",
        109,
        dtype=torch.bfloat16,
        config={"num_key_value_heads": 2, "tie_word_embeddings": True, "rms_norm_eps": 1e-6},
        rope={"rope_theta": 1000000.0},
        # Published Qwen2 folders name a window that is switched off.
        extra_keys={"use_sliding_window": False, "sliding_window": 16, "max_window_layers": 1},
        without=without_biases,
    ),
    Case(
        "qwen3-norms",
        "qwen3",
        110,
        config={"head_dim": 32, "num_key_value_heads": 2, "tie_word_embeddings": True, "rms_norm_eps": 1e-6},
        rope={"rope_theta": 1000000.0},
        without=without_head_norms,
    ),
    Case("llama-head-dim-24", "llama", 111, config={"head_dim": 24, "num_key_value_heads": 2}),
]


def dtype_name(case):
    return str(case.dtype).removeprefix("torch.")


def standard_deviation(name):
    """Large enough that attention is sharp and every layer shows in the logits."""
    if re.search(r"\.[qk]_proj\.weight$", name) or name.endswith(("embed_tokens.weight", "lm_head.weight")):
        return 0.2
    return 0.1 if name.endswith(".bias") else 0.08


@torch.no_grad()
def randomize(model, seed):
    # In the order of the names, so that the values do not depend on how a module is built.
    generator = torch.Generator(device="cpu").manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
        if re.search(r"norm\.weight$", name):
            # Without the wide spread of the heads' norms, qwen3-norms would hardly notice them.
            spread = 0.3 if re.search(r"\.[qk]_norm\.weight$", name) else 0.1
            parameter.copy_(1.0 + spread * noise)
        else:
            parameter.copy_(standard_deviation(name) * noise)


def new_model(case):
    settings = base_config() | case.config
    rope = {"rope_type": "default", "rope_theta": 10000.0} | case.rope
    config = AutoConfig.for_model(case.model_type, **settings, rope_parameters=rope)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    randomize(model, case.seed)
    return model.to(case.dtype)


def classic(config, case):
    """The config.json of transformers 4, from that of transformers 5."""
    config = dict(config)
    rope = dict(config.pop("rope_parameters"))
    config["rope_theta"] = rope.pop("rope_theta")
    if rope["rope_type"] == "default":
        config["rope_scaling"] = None
    else:
        config["rope_scaling"] = rope
        if rope["rope_type"] == "linear":
            rope["type"] = "linear"  # the older name, which transformers 4 wrote beside the newer
    config["torch_dtype"] = config.pop("dtype", None) or dtype_name(case)
    config.pop("layer_types", None)
    if "head_dim" not in case.config:
        config.pop("head_dim", None)  # transformers 5 writes it always, most published folders do not have it
    config["tie_word_embeddings"] = bool((base_config() | case.config)["tie_word_embeddings"])
    config.update(case.extra_keys)
    config.pop("transformers_version", None)
    return config


def load(folder):
    model = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation="eager", local_files_only=True
    )
    return model.eval()


@torch.no_grad()
def logits_of(model, input_ids):
    # As ids have no padding, no mask is passed. No cache: one pass over all tokens.
    logits = model(input_ids=input_ids.unsqueeze(0).long(), use_cache=False).logits[0]
    assert logits.dtype == torch.float32 and bool(torch.isfinite(logits).all())
    return logits.contiguous()


def relative_difference(a, b):
    return float((a - b).abs().max() / b.abs().max())


@torch.no_grad()
def effect(case, folder, input_ids, logits):
    """How far the logits move without what the case is about."""
    if case.without is None:
        return None
    model = load(folder)
    config = AutoConfig.from_pretrained(str(folder))
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    case.without(config, weights)
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    plain.load_state_dict(weights)
    return relative_difference(logits_of(plain, input_ids), logits)


def check_weights(case, folder):
    files = sorted(folder.glob("model*.safetensors"))
    names = set()
    for path in files:
        with safe_open(str(path), framework="pt") as shard:
            for name in shard.keys():
                names.add(name)
                assert shard.get_tensor(name).dtype == case.dtype, f"{path.name}: {name} has another dtype"
    tied = bool(case.config.get("tie_word_embeddings", False))
    assert ("lm_head.weight" in names) != tied, f"{case.name}: lm_head.weight is there although tied, or missing"
    if case.name == "llama-sharded":
        assert len(files) >= 3, f"only {len(files)} shards"
        assert (folder / "model.safetensors.index.json").is_file()
    return len(files)


def make(case, out):
    folder = out / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    new_model(case).save_pretrained(str(folder), max_shard_size=case.max_shard_size)
    for extra in ("generation_config.json", "README.md"):
        (folder / extra).unlink(missing_ok=True)
    shards = check_weights(case, folder)

    generator = torch.Generator(device="cpu").manual_seed(case.seed + 1000)
    input_ids = torch.randint(0, VOCAB, (case.tokens,), generator=generator, dtype=torch.int64)

    config_path = folder / "config.json"
    written = json.loads(config_path.read_text(encoding="utf-8"))
    assert "rope_parameters" in written, "expected the config.json of transformers 5"
    logits = logits_of(load(folder), input_ids)
    if case.classic_config:
        config_path.write_text(json.dumps(classic(written, case), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        again = logits_of(load(folder), input_ids)
        assert torch.equal(again, logits), f"{case.name}: transformers reads another model from the classic config"

    moved = effect(case, folder, input_ids, logits)
    assert moved is None or moved >= MIN_EFFECT, f"{case.name}: without its feature the logits move by {moved:.1e} only"

    save_file({"input_ids": input_ids.to(torch.int32), "logits": logits}, str(folder / "golden.safetensors"))
    size = sum(path.stat().st_size for path in folder.iterdir())
    largest = float(logits.abs().max())
    shown = "-" if moved is None else f"{moved:.2f}"
    return [case.name, dtype_name(case), str(shards), str(case.tokens), f"{largest:.2f}", shown, f"{size / 1024:.0f}"]


def print_table(rows):
    heading = ["case", "dtype", "files", "tokens", "max |logit|", "effect", "KiB"]
    widths = [max(len(row[i]) for row in [heading, *rows]) for i in range(len(heading))]
    for row in [heading, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def write_readme(out):
    cases = "\n".join(
        f"| `{case.name}` | {case.model_type} | {dtype_name(case)} | {case.tokens} |" for case in CASES
    )
    (out / "README.md").write_text(
        f"""<!-- SPDX-FileCopyrightText: 2026 GPTQ Studio contributors -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
# Tiny models with golden logits

Random weights from fixed seeds; the logits are those of Hugging Face transformers in float32 with eager
attention, computed from the files as stored. `golden.safetensors` holds `input_ids` int32 (tokens) and
`logits` float32 (tokens, vocab). `config.json` looks like those that transformers 4 wrote, except in
`llama-rope-parameters`, which keeps the form of transformers 5.

Made by `tests/golden/make_tiny_models.py` with transformers {transformers.__version__}, torch {torch.__version__},
safetensors {safetensors.__version__} and Python {platform.python_version()}, on the CPU.

| case | model type | stored as | tokens |
|---|---|---|---|
{cases}
""",
        encoding="utf-8",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these cases")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    arguments.outdir.mkdir(parents=True, exist_ok=True)
    rows = [make(case, arguments.outdir) for case in CASES if not arguments.names or case.name in arguments.names]
    write_readme(arguments.outdir)
    print_table(rows)


if __name__ == "__main__":
    main()
