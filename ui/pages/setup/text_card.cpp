// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/setup/text_card.h"

#include <QFileInfo>

#include "core/io/resources.h"
#include "ui/controllers/paths.h"
#include "ui/icons.h"
#include "ui/pages/setup/form.h"
#include "ui/text_format.h"

namespace gptq::ui {

constexpr int kUsualLength = 2048;

TextCard::TextCard(QWidget* parent)
    : Card(tr("Calibration text"), parent), m_name(new ElidedLabel(Qt::ElideMiddle)),
      m_open(new QPushButton(glyphIcon(Glyph::File), tr("Choose &text…"))), m_samples(new QSpinBox),
      m_length(new QSpinBox), m_measure(new QComboBox) {
    m_open->setToolTip(tr("Text of the kind that the model will meet. It can also be dropped onto the window."));
    m_samples->setRange(1, 1 << 16);
    m_samples->setValue(128);
    m_samples->setGroupSeparatorShown(true);
    m_length->setRange(32, 1 << 20);
    m_length->setGroupSeparatorShown(true);
    m_length->setSuffix(tr(" tokens"));

    auto* chosen = new QHBoxLayout;
    chosen->addWidget(m_name, 1);
    chosen->addWidget(m_open);
    content()->addLayout(chosen);
    QGridLayout* form = makeForm();
    addFormRow(form, tr("S&amples"), m_samples,
               tr("How many pieces of the text the model reads: more is slower and steadier"));
    addFormRow(form, tr("Sample &length"), m_length, tr("Tokens in a piece, at most the model's context"));
    addFormRow(form, tr("&Measure on"), m_measure,
               tr("After the run, the original's and the quantized model's perplexity is measured on this text"));
    content()->addLayout(form);
    connect(m_open, &QPushButton::clicked, this, &TextCard::openRequested);
}

void TextCard::showModel(const ModelSummary& model) {
    if (!model.usable() && m_measure->count() > 0) return;  // what was chosen stays
    const int context = model.context > 0 ? model.context : kUsualLength;
    m_length->setMaximum(context);
    m_length->setValue(std::min(context, kUsualLength));
    m_measure->clear();
    if (model.demo)
        m_measure->addItem(tr("A book kept aside"), QVariant::fromValue(static_cast<int>(MeasureOn::DemoBook)));
    m_measure->addItem(tr("Rest of the text"), QVariant::fromValue(static_cast<int>(MeasureOn::RestOfText)));
    m_measure->addItem(tr("Nothing"), QVariant::fromValue(static_cast<int>(MeasureOn::Nothing)));
    if (m_ownText || !findResources()) return;
    if (model.demo) showText(fromPath(demoCalibrationText()), tr("The demo's stories"));
    else showText(fromPath(generalCalibrationText()), tr("General mixture"));
}

void TextCard::chooseText(const QString& file) {
    m_ownText = true;
    showText(file, QFileInfo(file).fileName());
}

void TextCard::showText(const QString& file, const QString& name) {
    m_file = file;
    m_name->setFullText(name);
    m_name->setToolTip(file);
    setDetail(fileSizeText(static_cast<double>(QFileInfo(file).size())));
}

MeasureOn TextCard::measureOn() const {
    return m_measure->count() > 0 ? static_cast<MeasureOn>(m_measure->currentData().toInt()) : MeasureOn::Nothing;
}

}  // namespace gptq::ui
