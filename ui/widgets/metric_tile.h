// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One figure of the result: what it is, the figure, a word about it.
#pragma once

#include <QWidget>

class QLabel;

namespace gptq::ui {

class MetricTile final : public QWidget {
    Q_OBJECT

public:
    explicit MetricTile(const QString& caption, QWidget* parent = nullptr);

    void setValue(const QString& value, const QString& detail = {});
    void setPending(const QString& value, const QString& detail = {});  // not known yet, in muted colours
    QString value() const;
    QString detail() const;

private:
    void show(const QString& value, const QString& detail, const QString& role);

    QString m_caption;
    QLabel* m_value;
    QLabel* m_detail;
};

}  // namespace gptq::ui
