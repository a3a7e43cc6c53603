// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The error of each layer over the blocks, a curve for each kind of layer, on a logarithmic scale.
#pragma once

#include <QHash>

#include "ui/controllers/run_values.h"
#include "ui/plots/live_plot.h"

namespace gptq::ui {

class ErrorPlot final : public LivePlot {
    Q_OBJECT

public:
    explicit ErrorPlot(QWidget* parent = nullptr);

    void clear(int blocks);  // how many are to come
    void append(const QList<LayerResult>& layers);
    QString summary() const;  // for those who cannot see it

signals:
    void layerChosen(const QString& kind, int block);

protected:
    void restyle() override;
    bool isEmpty() const override { return m_layers.isEmpty(); }
    void prepare() override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    QCPGraph* graphOf(const QString& kind);
    void styleGraph(int index);
    void showWholeRange();
    const LayerResult* layerAt(QPointF position) const;

    QList<LayerResult> m_layers;
    QHash<QString, QCPGraph*> m_graphs;
    QCPGraph* m_marked;  // the point under the mouse
    int m_blocks = 0;
    bool m_zoomed = false;
};

}  // namespace gptq::ui
