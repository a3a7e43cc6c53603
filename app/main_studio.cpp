// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// gptq-studio: the window.
#include <QApplication>
#include <QCommandLineParser>

#include "ui/main_window.h"

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("gptq-studio"));
    QApplication::setApplicationDisplayName(QStringLiteral("GPTQ Studio"));
    QApplication::setApplicationVersion(QStringLiteral(GPTQ_STUDIO_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("gptq-studio"));

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QCoreApplication::translate("main", "Makes large language models small enough for one GPU."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption model(QStringLiteral("model"),
                                   QCoreApplication::translate("main", "Open this model folder."),
                                   QStringLiteral("folder"));
    parser.addOption(model);
    parser.process(application);

    gptq::ui::Settings settings;
    gptq::ui::Theme theme(application, settings.theme());
    gptq::ui::Session session;
    gptq::ui::MainWindow window(session, theme, settings);
    window.show();
    window.openModel(parser.value(model));
    return QApplication::exec();
}
