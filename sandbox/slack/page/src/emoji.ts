import { emojify, get } from "node-emoji";

// Names that Slack has and the emoji library has not, or has under another name.
const ALIASES: Record<string, string> = {
  large_green_circle: "🟢",
  large_yellow_circle: "🟡",
  large_orange_circle: "🟠",
  large_purple_circle: "🟣",
  large_brown_circle: "🟤",
  large_blue_circle: "🔵",
  large_red_square: "🟥",
  large_green_square: "🟩",
  large_yellow_square: "🟨",
  large_blue_square: "🟦",
  large_orange_square: "🟧",
  double_vertical_bar: "⏸️",
  black_square_for_stop: "⏹️",
  black_right_pointing_triangle_with_double_vertical_bar: "⏯️",
  information_source: "ℹ️",
  heavy_check_mark: "✔️",
  "heavy-check-mark": "✔️",
  thumbsup: "👍",
  thumbsdown: "👎",
  bar_chart: "📊",
  file_cabinet: "🗄️",
  hammer_and_wrench: "🛠️",
  stopwatch: "⏱️",
  timer_clock: "⏲️",
  spiral_calendar_pad: "🗓️",
  card_file_box: "🗃️",
  shield: "🛡️",
  octagonal_sign: "🛑",
  no_entry_sign: "🚫",
  rotating_light: "🚨",
  hourglass: "⌛",
  hourglass_flowing_sand: "⏳",
  elephant: "🐘",
  dolphin: "🐬",
  white_small_square: "▫️",
  black_small_square: "▪️",
  large_black_square: "⬛",
  white_large_square: "⬜",
  black_large_square: "⬛",
  heavy_minus_sign: "➖",
  heavy_multiplication_x: "✖️",
  recycle: "♻️",
  leftwards_arrow_with_hook: "↩️",
  arrow_right_hook: "↪️",
  fast_forward: "⏩",
  black_right_pointing_double_triangle_with_vertical_bar: "⏭️",
  twisted_rightwards_arrows: "🔀",
  arrows_counterclockwise: "🔄",
  new: "🆕",
  ok: "🆗",
  memo: "📝",
  pencil: "📝",
  pencil2: "✏️",
  face_with_monocle: "🧐",
  sleeping: "😴",
  construction: "🚧",
  wastebasket: "🗑️",
  chart_with_upwards_trend: "📈",
  snowflake: "❄️",
  arrow_forward: "▶️",
  black_circle: "⚫",
};

export function emoji(name: string): string {
  return ALIASES[name] ?? get(name) ?? `:${name}:`;
}

export function isEmoji(name: string): boolean {
  return name in ALIASES || get(name) !== undefined;
}

/** Text with its :shortcodes: turned into emoji. */
export function withEmoji(text: string): string {
  const known = text.replace(/:([a-z0-9_+-]+):/gi, (whole, name) => ALIASES[name] ?? whole);
  return emojify(known, { fallback: (name) => `:${name}:` });
}
