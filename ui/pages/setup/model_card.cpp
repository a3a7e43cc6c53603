// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/setup/model_card.h"

#include <QDir>

#include "ui/icons.h"
#include "ui/text_format.h"

namespace gptq::ui {

ModelCard::ModelCard(QWidget* parent)
    : Card(tr("Model"), parent), m_name(new ElidedLabel(Qt::ElideRight)),
      m_facts(makeLabel({}, QStringLiteral("muted"))), m_folder(new ElidedLabel(Qt::ElideMiddle)),
      m_open(new QPushButton(glyphIcon(Glyph::Folder), tr("&Open folder…"))),
      m_demo(new QPushButton(tr("Use the demo"))) {
    m_name->setProperty("role", QStringLiteral("name"));
    m_folder->setProperty("role", QStringLiteral("muted"));
    m_facts->setWordWrap(true);
    m_open->setToolTip(tr("A Hugging Face folder with safetensors weights. It can also be dropped onto the window."));
    m_demo->setProperty("role", QStringLiteral("link"));
    m_demo->setToolTip(tr("A small story-telling model that comes with the program"));
    content()->setSpacing(3);
    content()->addWidget(m_name);
    content()->addWidget(m_facts);
    content()->addWidget(m_folder);
    auto* buttons = new QHBoxLayout;
    buttons->setContentsMargins(0, 6, 0, 0);
    buttons->addWidget(m_open);
    buttons->addWidget(m_demo);
    buttons->addStretch();
    content()->addLayout(buttons);
    connect(m_open, &QPushButton::clicked, this, &ModelCard::openRequested);
    connect(m_demo, &QPushButton::clicked, this, &ModelCard::demoRequested);
}

void ModelCard::showReading(const QString& folder) {
    m_name->setFullText(QDir(folder).dirName());
    m_facts->setText(tr("Reading…"));
    m_folder->setFullText(pathText(folder));
}

void ModelCard::showModel(const ModelSummary& model) {
    m_name->setFullText(model.name);
    m_demo->setVisible(!model.demo);
    m_folder->setVisible(!model.demo);
    m_folder->setFullText(pathText(model.folder));
    if (!model.problem.isEmpty()) {
        m_facts->setText(tr("Cannot be used: see the message."));
    } else if (!model.quantization.isEmpty()) {
        m_facts->setText(tr("Already quantized: %1").arg(model.quantization));
    } else {
        m_facts->setText(
            tr("%1 parameters in %2 blocks\n%3, %4, %5")
                .arg(countText(static_cast<double>(model.parameters)))
                .arg(model.layers)
                .arg(model.architecture, model.dtype, fileSizeText(static_cast<double>(model.weightBytes))));
    }
}

}  // namespace gptq::ui
