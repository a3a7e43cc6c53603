// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the plots of a run share: looks in both themes, an empty state in words, redrawn at most ten times a second and not while hidden.
#pragma once

#include <qcustomplot.h>

#include "ui/controllers/throttle.h"

namespace gptq::ui {

class LivePlot : public QCustomPlot {
    Q_OBJECT

public:
    explicit LivePlot(QWidget* parent = nullptr);

    void setEmptyText(const QString& text);  // shown while there is nothing to plot
    int replots() const { return m_replots; }

protected:
    void requestReplot();
    void placeLegendAbove();  // in a row of its own, from the left
    virtual void restyle();   // colours changed; overrides call this first
    virtual bool isEmpty() const = 0;
    virtual void prepare() {}  // called before each drawing

    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void redraw();

    Throttle m_redraw;
    QCPItemText* m_emptyText;
    int m_replots = 0;
    bool m_stale = true;
};

}  // namespace gptq::ui
