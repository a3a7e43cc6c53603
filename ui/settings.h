// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the program remembers between starts: an INI file in the user's configuration folder (in a test's own, under Qt's test mode).
#pragma once

#include <QByteArray>
#include <QSettings>
#include <QString>

#include "ui/controllers/run_values.h"
#include "ui/theme.h"

namespace gptq::ui {

class Settings {
public:
    Settings();

    Theme::Choice theme() const;
    void setTheme(Theme::Choice choice);

    QByteArray bytes(const QString& key) const { return m_file.value(key).toByteArray(); }  // geometry of windows
    void setBytes(const QString& key, const QByteArray& value) { m_file.setValue(key, value); }

    QString outputFolder() const;  // where results go
    void setOutputFolder(const QString& folder);

private:
    QSettings m_file;
};

}  // namespace gptq::ui
