// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Looks at model folders: what they hold, and whether they can be quantized.
#pragma once

#include <QObject>

#include "ui/controllers/engine_thread.h"
#include "ui/controllers/run_values.h"

namespace gptq::ui {

class ModelController final : public QObject {
    Q_OBJECT

public:
    explicit ModelController(EngineThread& engine, QObject* parent = nullptr);

    // Reads configuration and headers only. Of several calls in a row, the last one's answer counts.
    void inspect(const QString& folder);
    const ModelSummary& current() const { return m_current; }

    static QString demoFolder();  // empty where it is not installed

signals:
    void inspecting(const QString& folder);
    void inspected(const gptq::ui::ModelSummary& summary);

private:
    EngineThread& m_engine;
    ModelSummary m_current;
    int m_request = 0;
};

}  // namespace gptq::ui
