// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The model that is to be quantized: what it is, and how to take another.
#pragma once

#include <QPushButton>

#include "ui/controllers/run_values.h"
#include "ui/widgets/card.h"
#include "ui/widgets/elided_label.h"

namespace gptq::ui {

class ModelCard final : public Card {
    Q_OBJECT

public:
    explicit ModelCard(QWidget* parent = nullptr);

    void showReading(const QString& folder);
    void showModel(const ModelSummary& model);

signals:
    void openRequested();
    void demoRequested();

private:
    ElidedLabel* m_name;
    QLabel* m_facts;
    ElidedLabel* m_folder;
    QPushButton* m_open;
    QPushButton* m_demo;
};

}  // namespace gptq::ui
