import { Fragment, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useDesk } from "./context";
import { dayName } from "./dates";
import { MessageItem } from "./MessageItem";
import type { Spot } from "./permalink";
import type { Message } from "./types";

const JOIN_SECONDS = 300;
/** The first that comes within this time after one's own doing is taken for its answer. */
const ANSWER_MS = 10_000;

function joins(before: Message | undefined, message: Message): boolean {
  return (
    before !== undefined &&
    before.user === message.user &&
    before.ephemeral_for === message.ephemeral_for &&
    Number(message.ts) - Number(before.ts) < JOIN_SECONDS &&
    !message.blocks?.length &&
    !before.blocks?.length
  );
}

interface Props {
  /** null while they are on their way. */
  messages: Message[] | null;
  openThread?: (ts: string) => void;
  /** Whether a thread's last reply has not been seen yet. */
  isNew?: (ts: string, reply: string) => boolean;
  /** First messages of threads, for replies that stand in the channel. */
  roots?: Message[];
  /** The message that a link led to. */
  focus?: Spot | null;
  /** Changes when another conversation is shown. */
  of: string;
  /** Shown when there is nothing yet. */
  empty?: ReactNode;
}

export function MessageList({ messages, openThread, isNew, roots, focus, of, empty }: Props) {
  const { lastAct } = useDesk();
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const known = useRef<{ of: string; last: string | null }>({ of, last: null });
  const [unseen, setUnseen] = useState(false);

  /** What stands before the first message is read from its beginning. */
  const toEnd = () => box.current?.scrollTo({ top: messages?.length === 0 ? 0 : box.current.scrollHeight });
  const latest = useRef(toEnd);
  latest.current = toEnd;
  /** A message that is taller than the window is read from its beginning. */
  const toNewest = () => {
    const node = box.current;
    const newest = node?.querySelector<HTMLElement>(".messages-inner > article:last-of-type");
    if (!node || !newest) return;
    const tall = newest.offsetHeight > node.clientHeight;
    atEnd.current = !tall;
    if (tall) node.scrollTo({ top: newest.offsetTop - node.offsetTop });
    else toEnd();
  };
  useLayoutEffect(() => {
    atEnd.current = true;
    setUnseen(false);
    toEnd();
  }, [of]);
  useLayoutEffect(() => {
    const last = messages && (messages[messages.length - 1]?.ts ?? "");
    const before = known.current;
    known.current = { of, last };
    const fresh = before.of === of && last !== null && before.last !== null && last > before.last;
    const answer = fresh && Date.now() - lastAct.current < ANSWER_MS;
    if (answer) lastAct.current = 0;
    if (answer) toNewest();
    else if (atEnd.current) toEnd();
    else if (fresh) setUnseen(true);
  }, [messages]);
  const reached = useRef<Spot | null>(null);
  useEffect(() => {
    const target = focus && box.current?.querySelector(`[data-ts="${focus.ts}"]`);
    if (!target || reached.current === focus) return;
    reached.current = focus;
    atEnd.current = false;
    target.scrollIntoView({ block: "center" });
  }, [focus, messages]);
  useEffect(() => {
    const watch = new ResizeObserver(() => atEnd.current && latest.current());
    if (box.current?.firstElementChild) watch.observe(box.current.firstElementChild);
    return () => watch.disconnect();
  }, []);

  function scrolled() {
    const node = box.current;
    if (node) atEnd.current = node.scrollHeight - node.scrollTop - node.clientHeight < 60;
    if (atEnd.current) setUnseen(false);
  }

  return (
    <div className="messages-frame">
      <div className="messages" ref={box} onScroll={scrolled} role="log" data-testid="messages">
        <div className="messages-inner">
          {messages?.length === 0 && empty}
          {messages?.map((message, index) => {
            const before = messages[index - 1];
            const newDay = !before || dayName(before.ts) !== dayName(message.ts);
            return (
              <Fragment key={message.ts}>
                {newDay && (
                  <div className="day">
                    <span>{dayName(message.ts)}</span>
                  </div>
                )}
                <MessageItem
                  message={message}
                  joined={!newDay && joins(before, message)}
                  openThread={openThread}
                  unread={Boolean(message.latest_reply && isNew?.(message.ts, message.latest_reply))}
                  found={focus?.ts === message.ts}
                  root={message.is_reply ? roots?.find((one) => one.ts === message.thread_ts) : undefined}
                />
              </Fragment>
            );
          })}
        </div>
      </div>
      {unseen && (
        <button type="button" className="unseen" data-testid="unseen" onClick={toEnd}>
          ↓ New messages
        </button>
      )}
    </div>
  );
}
