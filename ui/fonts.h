// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Text on a machine without fonts.
#pragma once

class QApplication;

namespace gptq::ui {

// The font that was installed with the program, as the application's own, where the system offers none.
void addFontWhereThereIsNone(QApplication& application);

}  // namespace gptq::ui
