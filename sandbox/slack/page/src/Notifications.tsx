import { useState } from "react";
import { useDesk } from "./context";
import { clockTime } from "./dates";
import { useEscape } from "./escape";
import { Text } from "./Mrkdwn";
import { useOutside } from "./outside";
import type { Notification } from "./types";

const WORDS: Record<Notification["kind"], string> = {
  dm: "Direct message",
  mention: "Mention",
  group: "Mention of your group",
  channel: "Mention of everybody",
  thread: "Reply in a thread you follow",
};

/** What a phone in the person's pocket would have told, and how much came without a sound. */
export function Notifications() {
  const { world, visit } = useDesk();
  const [shown, setShown] = useState(false);
  const [read, setRead] = useState<Record<string, string>>({});
  const box = useOutside<HTMLDivElement>(() => setShown(false));
  useEscape(() => setShown(false), shown);
  const all = [...world.notifications].reverse();
  const fresh = all.filter((one) => Number(one.ts) > Number(read[world.me] ?? 0)).length;

  function toggle() {
    setShown(!shown);
    if (all.length) setRead({ ...read, [world.me]: all[0].ts });
  }

  return (
    <div className="dropdown notifications" ref={box}>
      <button type="button" className="plain" aria-label={`Notifications: ${fresh} new`} data-testid="notifications" onClick={toggle}>
        🔔{fresh > 0 && <span className="count">{fresh}</span>}
      </button>
      {shown && (
        <div className="menu right" role="region" aria-label="Notifications" data-testid="notifications-panel">
          {all.map((one) => (
            <button
              type="button"
              data-testid="notification"
              data-kind={one.kind}
              key={one.ts}
              onClick={() => {
                setShown(false);
                visit({ channel: one.channel, ts: one.ts, thread: one.thread_ts });
              }}
            >
              <small>
                {WORDS[one.kind]} · {one.kind === "dm" ? "DMS" : `#${one.channel_name}`} · {clockTime(one.ts)}
                {one.held && " · held back"}
              </small>
              <Text text={{ type: "mrkdwn", text: one.text }} />
            </button>
          ))}
          <div className="menu-empty">
            {all.length === 0 && <div>Nothing has notified you.</div>}
            <div data-testid="silent">
              Without a sound: {count(world.silent.messages, "message")}, {count(world.silent.edits, "edit")}
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
