// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/setup/setup_panel.h"

namespace gptq::ui {
namespace {

constexpr int kWidth = 324;

// "Fable 6M (demo)" becomes "fable-6m-demo": a name that needs no quoting anywhere.
QString fileNameOf(const QString& name) {
    QString plain;
    for (const QChar c : name.toLower()) {
        if (c.isLetterOrNumber() || c == QLatin1Char('.')) plain += c;
        else if (!plain.isEmpty() && !plain.endsWith(QLatin1Char('-'))) plain += QLatin1Char('-');
    }
    while (plain.endsWith(QLatin1Char('-'))) plain.chop(1);
    return plain.isEmpty() ? QStringLiteral("model") : plain;
}

}  // namespace

SetupPanel::SetupPanel(const QString& outputFolder, QWidget* parent)
    : QScrollArea(parent), m_model(new ModelCard), m_text(new TextCard), m_options(new OptionsCard),
      m_output(new OutputCard(outputFolder)) {
    auto* content = new QWidget;
    content->setObjectName(QStringLiteral("setupContent"));
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(10);
    for (Card* card : {static_cast<Card*>(m_model), static_cast<Card*>(m_text), static_cast<Card*>(m_options),
                       static_cast<Card*>(m_output)}) {
        card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
        layout->addWidget(card);
    }
    layout->addStretch();
    setWidget(content);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFixedWidth(kWidth);
    setFocusPolicy(Qt::NoFocus);
    connect(m_options, &OptionsCard::changed, this, &SetupPanel::proposeOutput);
}

void SetupPanel::showModel(const ModelSummary& model) {
    m_summary = model;
    m_model->showModel(model);
    m_text->showModel(model);
    proposeOutput();
}

void SetupPanel::setEditable(bool editable) {
    for (QWidget* card : {static_cast<QWidget*>(m_model), static_cast<QWidget*>(m_text),
                          static_cast<QWidget*>(m_options), static_cast<QWidget*>(m_output)}) {
        card->setEnabled(editable);
    }
}

void SetupPanel::proposeOutput() {
    const int group = m_options->groupSize();
    const QString groupName = group > 0 ? QStringLiteral("g%1").arg(group) : QStringLiteral("rows");
    const QString method =
        m_options->method() == QLatin1String("gptq") ? QString() : m_options->method() + QLatin1Char('-');
    m_output->propose(
        QStringLiteral("%1-%2%3bit-%4").arg(fileNameOf(m_summary.name), method).arg(m_options->bits()).arg(groupName));
}

RunSettings SetupPanel::settings() const {
    RunSettings settings;
    settings.model = m_summary.folder;
    settings.calibration = m_text->text();
    settings.samples = m_text->samples();
    settings.sequenceLength = m_text->sequenceLength();
    m_options->fill(settings);
    settings.output = m_output->folder();
    return settings;
}

}  // namespace gptq::ui
