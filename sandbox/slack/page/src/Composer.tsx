import { useEffect, useRef, useState } from "react";
import { useDesk } from "./context";
import { ShortcutMenu } from "./ShortcutMenu";

/** Words that are put there for the person to send; a new object each time. */
export interface Draft {
  text: string;
}

interface Props {
  channel: string;
  title: string;
  threadTs?: string;
  draft?: Draft;
}

const sent: string[] = [];

/** Where one types: plain messages, and the app's slash command with its completion and history. */
export function Composer({ channel, title, threadTs, draft }: Props) {
  const { world, run, tell } = useDesk();
  const [text, setText] = useState("");
  const [past, setPast] = useState(-1);
  /** A reply that goes to the channel as well. */
  const [broadcast, setBroadcast] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const { command, usage_hint: hint, name } = world.app;
  const completing = text.startsWith("/") && command.startsWith(text) && text !== `${command} `;
  const hinting = text === `${command} `;

  useEffect(() => field.current?.focus(), [channel, world.me]);
  useEffect(() => {
    if (!draft?.text) return;
    setText(draft.text);
    field.current?.focus();
  }, [draft]);

  function complete() {
    setText(`${command} `);
    field.current?.focus();
  }

  function send() {
    const words = text.trim();
    if (!words) return;
    sent.unshift(words);
    setPast(-1);
    setText("");
    if ((words === command || words.startsWith(`${command} `)) && threadTs) {
      // https://docs.slack.dev/interactivity/implementing-slash-commands
      tell(`${command} is not supported in threads. Sorry! Mention @${name} there instead.`);
      setText(words);
    } else if (words === command || words.startsWith(`${command} `)) {
      void run("command", { text: words.slice(command.length).trim(), channel });
    } else {
      void run("say", { text: words, channel, thread_ts: threadTs, broadcast });
      setBroadcast(false);
    }
  }

  function recall(step: number) {
    const next = Math.min(Math.max(past + step, -1), sent.length - 1);
    setPast(next);
    setText(next < 0 ? "" : sent[next]);
  }

  function key(event: React.KeyboardEvent) {
    if (event.key === "Tab" && completing) complete();
    else if (event.key === "Enter" && !event.shiftKey) completing && text !== command ? complete() : send();
    else if (event.key === "ArrowUp" && (text === "" || past >= 0)) recall(1);
    else if (event.key === "ArrowDown" && past >= 0) recall(-1);
    else return;
    event.preventDefault();
  }

  return (
    <div className="composer">
      {!threadTs && <ShortcutMenu kind="global" label="Shortcuts" testid="shortcuts" sign="⚡" />}
      {(completing || hinting) && (
        <div className="menu completion" role="listbox" data-testid="completion">
          <button type="button" role="option" aria-selected="true" onClick={complete}>
            <strong>{command}</strong> <span className="usage">{hint}</span>
            <small>{name}</small>
          </button>
        </div>
      )}
      <textarea
        ref={field}
        rows={1}
        value={text}
        data-testid={threadTs ? "thread-composer" : "composer"}
        aria-label={threadTs ? "Reply" : `Message ${title}`}
        placeholder={threadTs ? "Reply…" : `Message ${title}, or type ${command}`}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={key}
      />
      <button type="button" className="send" aria-label="Send" data-testid="send" disabled={!text.trim()} onClick={send}>
        ➤
      </button>
      {threadTs && (
        <label className="broadcast">
          <input type="checkbox" checked={broadcast} data-testid="broadcast" onChange={(event) => setBroadcast(event.target.checked)} />
          Also send to {title}
        </label>
      )}
    </div>
  );
}
