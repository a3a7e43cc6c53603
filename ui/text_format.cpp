// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/text_format.h"

#include <QCoreApplication>
#include <QDir>
#include <QLocale>
#include <algorithm>
#include <cmath>

namespace gptq::ui {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("gptq::ui::format", text);
}

}  // namespace

QString durationText(double seconds) {
    const auto whole = static_cast<qint64>(std::llround(std::max(seconds, 0.0)));
    const QLatin1Char zero('0');
    if (whole < 3600) return QStringLiteral("%1:%2").arg(whole / 60).arg(whole % 60, 2, 10, zero);
    return QStringLiteral("%1:%2:%3").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, zero).arg(whole % 60, 2, 10, zero);
}

QString errorText(double relativeError) {
    const QLocale locale;
    if (relativeError != 0 && relativeError < 1e-4) return locale.toString(relativeError, 'e', 1);
    return locale.toString(relativeError, 'f', relativeError < 0.001 ? 5 : 4);
}

QString fileSizeText(double bytes) {
    return QLocale().formattedDataSize(static_cast<qint64>(bytes), 1, QLocale::DataSizeSIFormat);
}

QString countText(double count) {
    const QLocale locale;
    if (count >= 1e9) return tr("%1 billion").arg(locale.toString(count / 1e9, 'f', 1));
    if (count >= 1e6) return tr("%1 million").arg(locale.toString(count / 1e6, 'f', 1));
    return locale.toString(static_cast<qint64>(count));
}

// What lies below the user's own folder is shown as the user thinks of it.
QString pathText(const QString& path) {
    const QString home = QDir::homePath();
    const bool own = path.startsWith(home + QLatin1Char('/'));
    return QDir::toNativeSeparators(own ? QLatin1Char('~') + path.mid(home.size()) : path);
}

}  // namespace gptq::ui
