// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The engine thread and the controllers that use it, in the order in which they must come and go.
#pragma once

#include <QObject>

#include "ui/controllers/compare_controller.h"
#include "ui/controllers/engine_thread.h"
#include "ui/controllers/evaluation_controller.h"
#include "ui/controllers/model_controller.h"
#include "ui/controllers/quantization_controller.h"

namespace gptq::ui {

struct DeviceSummary {
    QString name;         // "CPU", "NVIDIA H100 80GB HBM3"
    QString cudaAbsence;  // why there is no GPU and what to do; empty where there is one
    bool gpu = false;
};

class Session final : public QObject {
    Q_OBJECT

public:
    explicit Session(QObject* parent = nullptr);
    ~Session() override;

    ModelController& models() { return m_models; }
    QuantizationController& quantization() { return m_quantization; }
    EvaluationController& evaluation() { return m_evaluation; }
    CompareController& compare() { return m_compare; }

    void findDevices();  // answers with devicesFound
    void stopAll();

signals:
    void devicesFound(const gptq::ui::DeviceSummary& device);

private:
    EngineThread m_engine;
    ModelController m_models;
    QuantizationController m_quantization;
    EvaluationController m_evaluation;
    CompareController m_compare;
};

}  // namespace gptq::ui

Q_DECLARE_METATYPE(gptq::ui::DeviceSummary)
