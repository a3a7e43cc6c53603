// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/settings.h"

#include <QDir>
#include <QStandardPaths>

namespace gptq::ui {
namespace {

QString settingsFile() {
    return QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) + QStringLiteral("/gptq-studio.ini");
}

}  // namespace

Settings::Settings() : m_file(settingsFile(), QSettings::IniFormat) {}

Theme::Choice Settings::theme() const {
    const QString name = m_file.value(QStringLiteral("theme")).toString();
    if (name == QLatin1String("light")) return Theme::Choice::Light;
    if (name == QLatin1String("dark")) return Theme::Choice::Dark;
    return Theme::Choice::System;
}

void Settings::setTheme(Theme::Choice choice) {
    const QLatin1String name(choice == Theme::Choice::Light  ? "light"
                             : choice == Theme::Choice::Dark ? "dark"
                                                             : "system");
    m_file.setValue(QStringLiteral("theme"), QString(name));
}

QString Settings::outputFolder() const {
    const QString chosen = m_file.value(QStringLiteral("output-folder")).toString();
    if (!chosen.isEmpty() && QDir(chosen).exists()) return chosen;
    QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    if (documents.isEmpty() || QStandardPaths::isTestModeEnabled())
        documents = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
    return documents + QStringLiteral("/GPTQ Studio");
}

void Settings::setOutputFolder(const QString& folder) {
    m_file.setValue(QStringLiteral("output-folder"), folder);
}

}  // namespace gptq::ui
