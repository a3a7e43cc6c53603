// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Whether the desktop is light or dark: asked of the desktop portal where there is one, else judged by the palette at the start.
#pragma once

#include <QObject>
#include <QString>

class QApplication;
class QDBusVariant;

namespace gptq::ui {

class SystemScheme final : public QObject {
    Q_OBJECT

public:
    explicit SystemScheme(const QApplication& application, QObject* parent = nullptr);
    bool dark() const { return m_dark; }

signals:
    void changed(bool dark);

private slots:
    void onSettingChanged(const QString& group, const QString& key, const QDBusVariant& value);

private:
    void askPortal();
    void take(const QVariant& value);

    bool m_dark;
};

}  // namespace gptq::ui
