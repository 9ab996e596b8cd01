import { Composer } from "./Composer";
import { MessageList } from "./MessageList";
import type { Spot } from "./permalink";
import type { Channel, Message } from "./types";

interface Props {
  ts: string;
  channel: Channel;
  messages: Message[];
  focus: Spot | null;
  close: () => void;
}

export function Thread({ ts, channel, messages, focus, close }: Props) {
  const shown = messages.filter((one) => one.ts === ts || (one.is_reply && one.thread_ts === ts));
  return (
    <aside className="thread" data-testid="thread">
      <header>
        <h2>
          Thread <small>{channel.is_im ? "DMS" : `#${channel.name}`}</small>
        </h2>
        <button type="button" className="plain cross" data-testid="close-thread" aria-label="Close thread" onClick={close}>
          ×
        </button>
      </header>
      <MessageList messages={shown} of={ts} focus={focus} />
      <Composer channel={channel.id} title={channel.is_im ? "DMS" : `#${channel.name}`} threadTs={ts} />
    </aside>
  );
}
