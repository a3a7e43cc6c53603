// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Where the result goes: a folder that is not there yet, proposed by name until the user names another.
#pragma once

#include <QLineEdit>
#include <QPushButton>

#include "ui/widgets/card.h"
#include "ui/widgets/elided_label.h"

namespace gptq::ui {

class OutputCard final : public Card {
    Q_OBJECT

public:
    explicit OutputCard(const QString& baseFolder, QWidget* parent = nullptr);

    void propose(const QString& name);  // of the folder; a number is added where it is taken
    QString folder() const;             // empty where it has no name

signals:
    void baseFolderChosen(const QString& folder);

private:
    void browse();
    void setBaseFolder(const QString& folder);

    QString m_baseFolder;
    QString m_proposed;
    QLineEdit* m_name;
    ElidedLabel* m_base;
    QPushButton* m_browse;
    bool m_edited = false;
};

}  // namespace gptq::ui
