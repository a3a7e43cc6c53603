// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Fusion, with the underlines of keyboard shortcuts shown only while Alt is held.
#pragma once

#include <QProxyStyle>

namespace gptq::ui {

class StudioStyle final : public QProxyStyle {
    Q_OBJECT

public:
    StudioStyle();

    int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                  QStyleHintReturn* returnData) const override;
    bool eventFilter(QObject* watched, QEvent* event) override;  // of the application

private:
    void showUnderlines(bool shown);

    bool m_underlines = false;
};

}  // namespace gptq::ui
