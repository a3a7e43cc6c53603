// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Figures as people read them.
#pragma once

#include <QString>

namespace gptq::ui {

QString durationText(double seconds);     // "0:42", "1:05:00"
QString errorText(double relativeError);  // "0.0123", "1.2e-05"
QString fileSizeText(double bytes);       // "11.5 MB"
QString countText(double count);          // "5.8 million", "1.2 billion"
QString pathText(const QString& path);    // "~/Documents/model"

}  // namespace gptq::ui
