// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// All that is settled before a run, from top to bottom: model, text, options, place of the result.
#pragma once

#include <QScrollArea>

#include "ui/pages/setup/model_card.h"
#include "ui/pages/setup/options_card.h"
#include "ui/pages/setup/output_card.h"
#include "ui/pages/setup/text_card.h"

namespace gptq::ui {

class SetupPanel final : public QScrollArea {
    Q_OBJECT

public:
    explicit SetupPanel(const QString& outputFolder, QWidget* parent = nullptr);

    ModelCard& model() { return *m_model; }
    TextCard& text() { return *m_text; }
    OptionsCard& options() { return *m_options; }
    OutputCard& output() { return *m_output; }

    void showModel(const ModelSummary& model);
    void setEditable(bool editable);
    void proposeOutput();  // again, when the last one is taken
    RunSettings settings() const;

private:
    ModelCard* m_model;
    TextCard* m_text;
    OptionsCard* m_options;
    OutputCard* m_output;
    ModelSummary m_summary;
};

}  // namespace gptq::ui
