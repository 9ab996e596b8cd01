import { Fragment, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { dayName } from "./dates";
import { MessageItem } from "./MessageItem";
import type { Message } from "./types";

const JOIN_SECONDS = 300;

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
  messages: Message[];
  openThread?: (ts: string) => void;
  /** Changes when another conversation is shown. */
  of: string;
  /** Shown when there is nothing yet. */
  empty?: ReactNode;
}

export function MessageList({ messages, openThread, of, empty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    atEnd.current = true;
    toEnd();
  }, [of]);
  useEffect(() => {
    if (atEnd.current) toEnd();
  }, [messages]);
  useEffect(() => {
    const watch = new ResizeObserver(() => atEnd.current && toEnd());
    if (box.current?.firstElementChild) watch.observe(box.current.firstElementChild);
    return () => watch.disconnect();
  }, []);

  function scrolled() {
    const node = box.current;
    if (node) atEnd.current = node.scrollHeight - node.scrollTop - node.clientHeight < 60;
  }

  return (
    <div className="messages" ref={box} onScroll={scrolled} role="log" data-testid="messages">
      <div className="messages-inner">
        {messages.length === 0 && empty}
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const newDay = !before || dayName(before.ts) !== dayName(message.ts);
          return (
            <Fragment key={message.ts}>
              {newDay && (
                <div className="day">
                  <span>{dayName(message.ts)}</span>
                </div>
              )}
              <MessageItem message={message} joined={!newDay && joins(before, message)} openThread={openThread} />
            </Fragment>
          );
        })}
      </div>
    </div>
  );
}
