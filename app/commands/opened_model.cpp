// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/commands/opened_model.h"

#include "core/io/resources.h"
#include "kernels/error.h"

namespace gptq {

OpenedModel::OpenedModel(const ModelOptions& options, JobControl& control)
    : m_checkpoint(openCheckpoint(resolveModel(options.model))), m_tokenizer(loadTokenizer(m_checkpoint.folder)) {
    requireMatchingTokenizer(*m_tokenizer, m_checkpoint);
    m_backend = options.openBackend();
    m_model = std::make_unique<DecoderModel>(*m_backend, m_checkpoint, [&control] { control.checkpoint(); });
}

}  // namespace gptq
