// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What lies over the window while something is dragged into it: where to let go, and what will come of it.
#pragma once

#include <QWidget>

namespace gptq::ui {

class DropOverlay final : public QWidget {
    Q_OBJECT

public:
    explicit DropOverlay(QWidget* parent);  // covers its parent while shown
    void show(const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
};

}  // namespace gptq::ui
