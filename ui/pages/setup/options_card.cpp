// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/setup/options_card.h"

#include "core/quantization/method.h"
#include "ui/pages/setup/form.h"

namespace gptq::ui {
namespace {

QString methodTitle(const std::string& name) {
    if (name == "gptq") return OptionsCard::tr("GPTQ");
    if (name == "rtn") return OptionsCard::tr("Round to nearest");
    return QString::fromStdString(name);
}

}  // namespace

OptionsCard::OptionsCard(QWidget* parent)
    : Card(tr("Quantization"), parent), m_method(new QComboBox), m_bits(new QComboBox), m_group(new QComboBox),
      m_damping(new QDoubleSpinBox), m_symmetric(new QCheckBox(tr("S&ymmetric"))),
      m_actOrder(new QCheckBox(tr("Act-o&rder"))) {
    addChoices();
    m_damping->setRange(0, 1);
    m_damping->setDecimals(4);
    m_damping->setSingleStep(0.005);
    m_damping->setValue(0.01);
    m_symmetric->setChecked(true);
    m_symmetric->setToolTip(tr("Every group is centred on zero: what most runtimes are fastest with"));
    m_actOrder->setToolTip(tr("Solves the columns that matter most first; often a little better, never slower to run"));

    QGridLayout* form = makeForm();
    addFormRow(form, tr("M&ethod"), m_method, tr("GPTQ makes up for each rounding in the weights still to come"));
    addFormRow(form, tr("&Bits"), m_bits, tr("Bits of a weight: fewer make the model smaller and less exact"));
    addFormRow(form, tr("&Group size"), m_group,
               tr("Weights that share a scale: smaller groups are more exact and take more room"));
    addFormRow(form, tr("&Damping"), m_damping, tr("Steadies the solver; 0.01 suits almost every model"));
    content()->addLayout(form);
    auto* checks = new QHBoxLayout;
    checks->setSpacing(18);
    checks->addWidget(m_symmetric);
    checks->addWidget(m_actOrder);
    checks->addStretch();
    content()->addLayout(checks);

    connect(m_method, &QComboBox::currentIndexChanged, this, [this] {
        showWhatApplies();
        emit changed();
    });
    connect(m_bits, &QComboBox::currentIndexChanged, this, &OptionsCard::changed);
    connect(m_group, &QComboBox::currentIndexChanged, this, &OptionsCard::changed);
}

void OptionsCard::addChoices() {
    for (const QuantizationMethod& method : quantizationMethods()) {
        const std::string name(method.name);
        m_method->addItem(methodTitle(name), QString::fromStdString(name));
    }
    m_method->setCurrentIndex(std::max(0, m_method->findData(QStringLiteral("gptq"))));
    for (const int bits : supportedBits()) m_bits->addItem(tr("%n bits", nullptr, bits), bits);
    m_bits->setCurrentIndex(m_bits->findData(4));
    for (const int size : {32, 64, 128, 256}) m_group->addItem(tr("%n weights", nullptr, size), size);
    m_group->addItem(tr("Whole row"), -1);
    m_group->setCurrentIndex(m_group->findData(128));
}

// Rounding to nearest solves nothing, so there is nothing to steady or to order.
void OptionsCard::showWhatApplies() {
    const bool solves = method() != QLatin1String("rtn");
    m_damping->setEnabled(solves);
    m_actOrder->setEnabled(solves);
}

void OptionsCard::fill(RunSettings& settings) const {
    settings.method = method();
    settings.bits = bits();
    settings.groupSize = groupSize();
    settings.damping = m_damping->value();
    settings.symmetric = m_symmetric->isChecked();
    settings.actOrder = m_actOrder->isEnabled() && m_actOrder->isChecked();
}

}  // namespace gptq::ui
