// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/fonts.h"

#include <QApplication>
#include <QDir>
#include <QFontDatabase>

#include "core/io/resources.h"

namespace gptq::ui {
namespace {

bool systemHasFonts() {
    QStringList families = QFontDatabase::families();
    for (const QString& alias : {QStringLiteral("Monospace"), QStringLiteral("Sans Serif"), QStringLiteral("Serif")})
        families.removeAll(alias);  // Fontconfig lists them even where nothing stands behind them
    return !families.isEmpty();
}

}  // namespace

void addFontWhereThereIsNone(QApplication& application) {
    if (systemHasFonts()) return;
    const auto resources = findResources();
    if (!resources) return;
    const QDir folder(QString::fromStdString((*resources / "fonts").string()));
    for (const QString& file : folder.entryList({QStringLiteral("*.ttf")}, QDir::Files)) {
        const QStringList families =
            QFontDatabase::applicationFontFamilies(QFontDatabase::addApplicationFont(folder.filePath(file)));
        if (!families.isEmpty()) application.setFont(QFont(families.front(), application.font().pointSize()));
    }
}

}  // namespace gptq::ui
