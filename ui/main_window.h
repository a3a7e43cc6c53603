// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The window: its menus, what is dropped onto it, and the pages.
#pragma once

#include <QMainWindow>

#include "ui/controllers/session.h"
#include "ui/pages/quantize_page.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/widgets/drop_overlay.h"

class QActionGroup;

namespace gptq::ui {

class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(Session& session, Theme& theme, Settings& settings);

    void openModel(const QString& folder);  // empty: the demo
    QuantizePage& page() { return *m_page; }

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void makeMenus();
    void makeThemeMenu(QMenu& menu);
    void updateActions();
    void showDevice(const DeviceSummary& device);
    void about();

    Session& m_session;
    Theme& m_theme;
    Settings& m_settings;
    QuantizePage* m_page;
    DropOverlay* m_drop;
    QLabel* m_device;
    QAction* m_openModel = nullptr;
    QAction* m_openText = nullptr;
    QAction* m_demo = nullptr;
    QAction* m_start = nullptr;
    QAction* m_pause = nullptr;
    QAction* m_stop = nullptr;
};

}  // namespace gptq::ui
