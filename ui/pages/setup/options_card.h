// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// How the weights are quantized.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>

#include "ui/controllers/run_values.h"
#include "ui/widgets/card.h"

namespace gptq::ui {

class OptionsCard final : public Card {
    Q_OBJECT

public:
    explicit OptionsCard(QWidget* parent = nullptr);

    void fill(RunSettings& settings) const;
    int bits() const { return m_bits->currentData().toInt(); }
    int groupSize() const { return m_group->currentData().toInt(); }
    QString method() const { return m_method->currentData().toString(); }

signals:
    void changed();

private:
    void addChoices();
    void showWhatApplies();

    QComboBox* m_method;
    QComboBox* m_bits;
    QComboBox* m_group;
    QDoubleSpinBox* m_damping;
    QCheckBox* m_symmetric;
    QCheckBox* m_actOrder;
};

}  // namespace gptq::ui
