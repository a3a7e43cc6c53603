// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/setup/output_card.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>

#include "ui/text_format.h"

namespace gptq::ui {
namespace {

QString freeName(const QString& folder, const QString& name) {
    const QDir base(folder);
    QString candidate = name;
    for (int number = 2; QFileInfo::exists(base.filePath(candidate)); ++number)
        candidate = QStringLiteral("%1-%2").arg(name).arg(number);
    return candidate;
}

}  // namespace

OutputCard::OutputCard(const QString& baseFolder, QWidget* parent)
    : Card(tr("Result"), parent), m_name(new QLineEdit), m_base(new ElidedLabel(Qt::ElideMiddle)),
      m_browse(new QPushButton(tr("Change…"))) {
    m_name->setAccessibleName(tr("Name of the new folder"));
    m_name->setPlaceholderText(tr("Name of a new folder"));
    m_name->setAcceptDrops(false);
    m_name->setToolTip(tr("A new folder, written when the run is finished, and not at all if it is stopped"));
    m_base->setProperty("role", QStringLiteral("muted"));
    m_browse->setProperty("role", QStringLiteral("link"));
    m_browse->setAccessibleName(tr("Change where the folder is made"));
    content()->setSpacing(4);
    content()->addWidget(m_name);
    auto* place = new QHBoxLayout;
    place->addWidget(m_base, 1);
    place->addWidget(m_browse);
    content()->addLayout(place);
    connect(m_name, &QLineEdit::textEdited, this, [this] { m_edited = !folder().isEmpty(); });
    connect(m_browse, &QPushButton::clicked, this, &OutputCard::browse);
    setBaseFolder(baseFolder);
}

void OutputCard::setBaseFolder(const QString& folder) {
    m_baseFolder = folder;
    m_base->setFullText(tr("in %1").arg(pathText(folder)));
}

QString OutputCard::folder() const {
    const QString name = m_name->text().trimmed();
    if (name.isEmpty()) return {};
    return QDir::cleanPath(QDir(m_baseFolder).absoluteFilePath(QDir::fromNativeSeparators(name)));
}

void OutputCard::propose(const QString& name) {
    m_proposed = name;
    if (m_edited && !QFileInfo::exists(folder())) return;
    m_edited = false;
    m_name->setText(freeName(m_baseFolder, name));
    m_name->setCursorPosition(0);
}

void OutputCard::browse() {
    QDir().mkpath(m_baseFolder);
    auto* dialog = new QFileDialog(this, tr("Where should the folder be made?"), m_baseFolder);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& folder) {
        setBaseFolder(folder);
        propose(m_proposed);
        emit baseFolderChosen(folder);
    });
    dialog->open();
}

}  // namespace gptq::ui
