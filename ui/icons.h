// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Glyphs of buttons, drawn as paths: sharp at any scale, in the colours of the theme.
#pragma once

#include <QIcon>

namespace gptq::ui {

enum class Glyph : std::uint8_t { Play, Pause, Stop, Folder, File, Close, Warning, Error, Info, Spark };
enum class GlyphTone : std::uint8_t { Text, OnAccent, Muted, Warning, Error };

QIcon glyphIcon(Glyph glyph, GlyphTone tone = GlyphTone::Text);
QIcon applicationIcon();

}  // namespace gptq::ui
