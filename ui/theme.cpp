// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/theme.h"

#include <QApplication>
#include <QFile>
#include <QRegularExpression>

#include "ui/fonts.h"
#include "ui/studio_style.h"
#include "ui/system_scheme.h"

// Resources of a static library are not there until they are named; the macro cannot stand in a namespace.
static void nameResources() {
    Q_INIT_RESOURCE(studio);
}

namespace gptq::ui {
namespace {

Colours lightColours() {
    Colours c;
    c.window = 0xf4f6f9;
    c.panel = 0xffffff;
    c.border = 0xe2e6ed;
    c.field = 0xffffff;
    c.fieldBorder = 0xc5ccd8;
    c.text = 0x1a2230;
    c.muted = 0x5f6b7e;
    c.accent = 0x2563eb;
    c.accentHover = 0x1d4fd0;
    c.accentText = 0xffffff;
    c.accentSoft = 0xdbe7ff;
    c.selection = 0xe8effc;
    c.focus = 0x10307a;
    c.good = 0x0b7a4b;
    c.warningBack = 0xfff7e3;
    c.warningBorder = 0xecd28c;
    c.warningText = 0x6b4300;
    c.errorBack = 0xfdeeee;
    c.errorBorder = 0xf0b9b9;
    c.errorText = 0x8f1d1d;
    c.grid = 0xe9ecf2;
    c.series = {0x0072b2, 0x56b4e9, 0x009e73, 0xe69f00, 0xd55e00, 0xcc79a7, 0x3b4453};
    return c;
}

Colours darkColours() {
    Colours c;
    c.window = 0x14171d;
    c.panel = 0x1c2028;
    c.border = 0x2b313c;
    c.field = 0x161a21;
    c.fieldBorder = 0x3d4656;
    c.text = 0xe6e9ef;
    c.muted = 0x98a3b5;
    c.accent = 0x3b78f0;
    c.accentHover = 0x5489f5;
    c.accentText = 0xffffff;
    c.accentSoft = 0x22386a;
    c.selection = 0x28324a;
    c.focus = 0xc4d7ff;
    c.good = 0x4cc38a;
    c.warningBack = 0x2e2615;
    c.warningBorder = 0x6b5520;
    c.warningText = 0xf2d48a;
    c.errorBack = 0x331c1e;
    c.errorBorder = 0x7a3437;
    c.errorText = 0xf5b5b5;
    c.grid = 0x292f3a;
    c.series = {0x3f97d3, 0x8fd0f5, 0x1fbf91, 0xe69f00, 0xf07830, 0xd996bd, 0xf0e442};
    return c;
}

const Colours& coloursOf(bool dark) {
    static const Colours light = lightColours(), night = darkColours();
    return dark ? night : light;
}

QPalette paletteOf(const Colours& c) {
    QPalette palette;
    palette.setColor(QPalette::Window, c.window);
    palette.setColor(QPalette::WindowText, c.text);
    palette.setColor(QPalette::Base, c.field);
    palette.setColor(QPalette::AlternateBase, c.window);
    palette.setColor(QPalette::Text, c.text);
    palette.setColor(QPalette::PlaceholderText, c.muted);
    palette.setColor(QPalette::Button, c.panel);
    palette.setColor(QPalette::ButtonText, c.text);
    palette.setColor(QPalette::BrightText, c.accentText);
    palette.setColor(QPalette::Highlight, c.accent);
    palette.setColor(QPalette::HighlightedText, c.accentText);
    palette.setColor(QPalette::Link, c.accent);
    palette.setColor(QPalette::ToolTipBase, c.panel);
    palette.setColor(QPalette::ToolTipText, c.text);
    palette.setColor(QPalette::Light, c.panel);
    palette.setColor(QPalette::Midlight, c.border);
    palette.setColor(QPalette::Mid, c.border);
    palette.setColor(QPalette::Dark, c.fieldBorder);
    palette.setColor(QPalette::Shadow, c.window.darker(150));
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, c.muted);
    return palette;
}

QString styleSheetOf(const Colours& c) {
    QFile file(QStringLiteral(":/style/studio.qss"));
    if (!file.open(QIODevice::ReadOnly)) return {};
    QString sheet = QString::fromUtf8(file.readAll());
    const QList<std::pair<QLatin1String, QColor>> names = {
        {QLatin1String("window"), c.window},
        {QLatin1String("panel"), c.panel},
        {QLatin1String("border"), c.border},
        {QLatin1String("field"), c.field},
        {QLatin1String("fieldBorder"), c.fieldBorder},
        {QLatin1String("text"), c.text},
        {QLatin1String("muted"), c.muted},
        {QLatin1String("accent"), c.accent},
        {QLatin1String("accentHover"), c.accentHover},
        {QLatin1String("accentText"), c.accentText},
        {QLatin1String("selection"), c.selection},
        {QLatin1String("focus"), c.focus},
        {QLatin1String("warningBack"), c.warningBack},
        {QLatin1String("warningBorder"), c.warningBorder},
        {QLatin1String("warningText"), c.warningText},
        {QLatin1String("errorBack"), c.errorBack},
        {QLatin1String("errorBorder"), c.errorBorder},
        {QLatin1String("errorText"), c.errorText},
    };
    for (const auto& [name, colour] : names) {
        const QRegularExpression pattern(QStringLiteral("@%1\\b").arg(name));
        sheet.replace(pattern, colour.name());
    }
    return sheet;
}

}  // namespace

Theme::Theme(QApplication& application, Choice choice) : m_application(application), m_choice(choice) {
    nameResources();
    addFontWhereThereIsNone(application);
    auto* system = new SystemScheme(application, this);
    m_systemDark = system->dark();
    connect(system, &SystemScheme::changed, this, [this](bool dark) {
        m_systemDark = dark;
        if (m_choice == Choice::System) apply();
    });
    auto* style = new StudioStyle;  // the application's from now on
    m_application.setStyle(style);
    m_application.installEventFilter(style);
    apply();
}

void Theme::choose(Choice choice) {
    m_choice = choice;
    apply();
}

const Colours& Theme::colours() {
    return coloursOf(QGuiApplication::palette().window().color().lightness() < 128);
}

void Theme::apply() {
    m_dark = m_choice == Choice::Dark || (m_choice == Choice::System && m_systemDark);
    m_application.setPalette(paletteOf(coloursOf(m_dark)));
    m_application.setStyleSheet(styleSheetOf(coloursOf(m_dark)));
    emit changed();
}

}  // namespace gptq::ui
