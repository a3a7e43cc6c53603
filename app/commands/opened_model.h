// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A model ready to run: its checkpoint, its tokenizer, its weights on a device.
#pragma once

#include <memory>

#include "app/commands/command.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/decoder_model.h"
#include "core/text/tokenizer.h"

namespace gptq {

class OpenedModel {
public:
    OpenedModel(const ModelOptions& options, JobControl& control);

    const DecoderModel& model() const { return *m_model; }
    const Tokenizer& tokenizer() const { return *m_tokenizer; }
    const Checkpoint& checkpoint() const { return m_checkpoint; }

private:
    Checkpoint m_checkpoint;
    std::unique_ptr<Tokenizer> m_tokenizer;
    std::unique_ptr<Backend> m_backend;
    std::unique_ptr<DecoderModel> m_model;
};

}  // namespace gptq
