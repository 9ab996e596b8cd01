// Slack's <!date^…> tokens and the times beside messages, in the reader's own zone.
const DAY = 86_400_000;

function startOfDay(when: Date): number {
  return new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
}

function pretty(when: Date, plain: string): string {
  const days = Math.round((startOfDay(when) - startOfDay(new Date())) / DAY);
  if (days === 0) return "today";
  if (days === -1) return "yesterday";
  if (days === 1) return "tomorrow";
  return plain;
}

function ago(when: Date): string {
  const seconds = Math.round((Date.now() - when.getTime()) / 1000);
  const units: [number, string][] = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, unit] = units.find(([length]) => Math.abs(seconds) >= length) ?? [1, "second"];
  const count = Math.round(Math.abs(seconds) / size);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
}

export function dateToken(timestamp: string, format: string): string {
  const when = new Date(Number(timestamp) * 1000);
  const say = (options: Intl.DateTimeFormatOptions) => when.toLocaleString("en-US", options);
  const plain = say({ month: "long", day: "numeric", year: "numeric" });
  const short = say({ month: "short", day: "numeric", year: "numeric" });
  const long = say({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
  const iso = `${when.getFullYear()}-${String(when.getMonth() + 1).padStart(2, "0")}-${String(when.getDate()).padStart(2, "0")}`;
  const parts: Record<string, string> = {
    date_num: iso,
    date_slash: say({ dateStyle: "short" }),
    date: plain,
    date_short: short,
    date_long: long,
    date_pretty: pretty(when, plain),
    date_short_pretty: pretty(when, short),
    date_long_pretty: pretty(when, long),
    time: say({ hour: "numeric", minute: "2-digit" }),
    time_secs: say({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
    ago: ago(when),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
}

export function clockTime(ts: string): string {
  return new Date(Number(ts) * 1000).toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
}

export function dayName(ts: string): string {
  const when = new Date(Number(ts) * 1000);
  const name = pretty(when, when.toLocaleDateString("en-US", { weekday: "long", month: "long", day: "numeric" }));
  return name[0].toUpperCase() + name.slice(1);
}
