/** A message, by a link as `chat.getPermalink` makes it. */
export interface Spot {
  channel: string;
  ts: string;
  thread: string | null;
}

const PATH = /^\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})$/;

/** The message of this workspace that a link leads to, if it leads to one. */
export function spotOf(href: string): Spot | null {
  if (!URL.canParse(href, location.href)) return null;
  const url = new URL(href, location.href);
  const found = url.origin === location.origin ? url.pathname.match(PATH) : null;
  return found && { channel: found[1], ts: `${found[2]}.${found[3]}`, thread: url.searchParams.get("thread_ts") };
}
