// Slack's mrkdwn. Written here because escaped text must stay text: `&lt;!channel&gt;` is no mention.
import { Fragment, type ReactNode } from "react";
import { useDesk } from "./context";
import { dateToken } from "./dates";
import { emoji, isEmoji, withEmoji } from "./emoji";
import { spotOf } from "./permalink";
import type { Json, Overview } from "./types";

/** A text object, plain or mrkdwn. */
export function Text({ text }: { text: Json }) {
  const { world } = useDesk();
  if (text.type === "plain_text") return <div className="text">{lines(withEmoji(text.text))}</div>;
  return <div className="text">{blocks(text.text, world)}</div>;
}

function lines(text: string): ReactNode {
  return text.split("\n").map((line, index) => (
    <Fragment key={index}>
      {index > 0 && <br />}
      {line}
    </Fragment>
  ));
}

export function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Fenced code first, as nothing within it counts. */
function blocks(text: string, world: Overview): ReactNode {
  return text.split(/```/).map((part, index) =>
    index % 2 === 1 ? (
      <pre key={index}>{unescape(part.replace(/^\n|\n$/g, ""))}</pre>
    ) : (
      <Fragment key={index}>{paragraphs(part, world)}</Fragment>
    ),
  );
}

const QUOTE = /^(?:>|&gt;) ?/;

function paragraphs(text: string, world: Overview): ReactNode {
  const groups: { quoted: boolean; lines: string[] }[] = [];
  for (const line of text.replace(/^\n|\n$/g, "").split("\n")) {
    const quoted = QUOTE.test(line);
    const last = groups[groups.length - 1];
    if (last && last.quoted === quoted) last.lines.push(line);
    else groups.push({ quoted, lines: [line] });
  }
  return groups.map((group, index) => {
    const shown = group.lines.map((line, number) => (
      <Fragment key={number}>
        {number > 0 && <br />}
        {inline(line.replace(group.quoted ? QUOTE : "", ""), world)}
      </Fragment>
    ));
    return group.quoted ? <blockquote key={index}>{shown}</blockquote> : <div key={index}>{shown}</div>;
  });
}

const styled = (mark: string) =>
  new RegExp(`(?<![\\w${mark}])\\${mark}(?=[^\\s${mark}])([^\\n${mark}]*[^\\s${mark}]|[^\\s${mark}])\\${mark}(?![\\w${mark}])`);

type Draw = (match: RegExpMatchArray, world: Overview) => ReactNode;

const PATTERNS: [RegExp, Draw][] = [
  [/`([^`\n]+)`/, (match) => <code>{unescape(match[1])}</code>],
  [/<([^<>\n]+)>/, (match, world) => token(match[1], world)],
  [/https?:\/\/[^\s<>|*_~`]*[^\s<>|*_~`.,;:!?)]/, (match) => link(unescape(match[0]), unescape(match[0]))],
  [/:([a-z0-9_+-]+):/, (match) => (isEmoji(match[1]) ? <span className="emoji">{emoji(match[1])}</span> : match[0])],
  [styled("*"), (match, world) => <strong>{inline(match[1], world)}</strong>],
  [styled("_"), (match, world) => <em>{inline(match[1], world)}</em>],
  [styled("~"), (match, world) => <s>{inline(match[1], world)}</s>],
];

function inline(text: string, world: Overview): ReactNode {
  const shown: ReactNode[] = [];
  let rest = text;
  while (rest) {
    let first: { match: RegExpMatchArray; draw: Draw } | null = null;
    for (const [pattern, draw] of PATTERNS) {
      const match = rest.match(pattern);
      if (match && (!first || match.index! < first.match.index!)) first = { match, draw };
    }
    if (!first) break;
    const at = first.match.index!;
    if (at > 0) shown.push(unescape(rest.slice(0, at)));
    shown.push(<Fragment key={shown.length}>{first.draw(first.match, world)}</Fragment>);
    rest = rest.slice(at + first.match[0].length);
  }
  if (rest) shown.push(unescape(rest));
  return shown;
}

function link(href: string, label: ReactNode): ReactNode {
  return <Link href={href}>{label}</Link>;
}

/** Links to messages of this workspace are followed here; all others open elsewhere. */
function Link({ href, children }: { href: string; children: ReactNode }) {
  const { visit } = useDesk();
  const spot = spotOf(href);
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer"
      onClick={(event) => {
        if (!spot) return;
        event.preventDefault();
        visit(spot);
      }}
    >
      {children}
    </a>
  );
}

function mention(words: string, kind = ""): ReactNode {
  return <span className={`mention ${kind}`}>{words}</span>;
}

/** What stands between `<` and `>`: mentions, dates, links. */
function token(inner: string, world: Overview): ReactNode {
  const [target, label] = inner.split(/\|(.*)/s);
  if (target.startsWith("@")) {
    const user = world.users.find((one) => one.id === target.slice(1));
    return mention(`@${user?.name ?? target.slice(1)}`, user?.id === world.me ? "me" : "");
  }
  if (target.startsWith("#")) {
    const channel = world.channels.find((one) => one.id === target.slice(1));
    return mention(`#${channel?.name ?? label ?? "private channel"}`);
  }
  if (target.startsWith("!subteam^")) {
    const group = world.groups.find((one) => one.id === target.slice(9));
    return mention(`@${group?.handle ?? label ?? "group"}`);
  }
  if (/^!(channel|here|everyone)/.test(target)) return mention(`@${target.slice(1)}`, "loud");
  if (target.startsWith("!date^")) return date(target, label);
  if (/^(https?|mailto|slack|tel):/.test(target)) return link(unescape(target), unescape(label ?? target));
  return unescape(`<${inner}>`);
}

function date(target: string, fallback: string | undefined): ReactNode {
  const [, timestamp, format, href] = target.split("^");
  const shown = /^\d+$/.test(timestamp) ? dateToken(timestamp, format) : (fallback ?? "");
  const time = <time title={new Date(Number(timestamp) * 1000).toString()}>{shown}</time>;
  return href ? link(href, time) : time;
}
