import { Composer } from "./Composer";
import { MessageList } from "./MessageList";
import type { Message } from "./types";

interface Props {
  ts: string;
  channel: string;
  messages: Message[];
  close: () => void;
}

export function Thread({ ts, channel, messages, close }: Props) {
  const shown = messages.filter((one) => one.ts === ts || (one.is_reply && one.thread_ts === ts));
  return (
    <aside className="thread" data-testid="thread">
      <header>
        <h2>Thread</h2>
        <button type="button" className="plain cross" data-testid="close-thread" aria-label="Close thread" onClick={close}>
          ×
        </button>
      </header>
      <MessageList messages={shown} of={ts} />
      <Composer channel={channel} title="thread" threadTs={ts} />
    </aside>
  );
}
