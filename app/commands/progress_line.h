// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One line on a terminal that is written over as work goes on; nothing where standard error is no terminal.
#pragma once

#include <string>

namespace gptq {

class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const std::string& text);  // cut to the terminal's width
    void clear();

private:
    bool m_terminal;
    bool m_shown = false;
};

}  // namespace gptq
