// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Memory over the time of a run: the process's, and what the engine holds on its device.
#pragma once

#include "ui/controllers/run_values.h"
#include "ui/models/series_model.h"
#include "ui/plots/live_plot.h"

namespace gptq::ui {

class MemoryPlot final : public LivePlot {
    Q_OBJECT

public:
    explicit MemoryPlot(QWidget* parent = nullptr);

    void clear();
    void append(const MemoryPoint& point);
    QString summary() const;  // "peak 310 MiB"; empty before a run

signals:
    void summaryChanged(const QString& summary);

protected:
    void restyle() override;
    bool isEmpty() const override { return m_process.points().isEmpty(); }
    void prepare() override;

private:
    SeriesModel m_process;
    SeriesModel m_device;
    QCPGraph* m_processGraph;
    QCPGraph* m_deviceGraph;
    QCPItemLine* m_capacity;
    double m_deviceTotal = 0;  // of a device with memory of its own
};

}  // namespace gptq::ui
