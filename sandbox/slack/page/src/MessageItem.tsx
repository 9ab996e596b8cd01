import { Blocks } from "./Blocks";
import { type Place, useDesk } from "./context";
import { clockTime } from "./dates";
import { Text } from "./Mrkdwn";
import { emoji } from "./emoji";
import { ShortcutMenu } from "./ShortcutMenu";
import type { Json, Message, User } from "./types";

interface Props {
  message: Message;
  /** Follows a message of the same author closely, so it needs no heading. */
  joined: boolean;
  openThread?: (ts: string) => void;
  /** Whether its thread has replies that this person has not seen. */
  unread?: boolean;
  /** A link led here. */
  found?: boolean;
  /** The first message of its thread, for a reply that stands in the channel. */
  root?: Message;
}

export function MessageItem({ message, joined, openThread, unread, found, root }: Props) {
  const { world } = useDesk();
  const author = world.users.find((user) => user.id === message.user);
  const place: Place = { where: message.ts, kind: "message", state: message.state ?? {}, errors: {} };
  const classes = ["message", message.ephemeral_for ? "ephemeral" : "", joined ? "joined" : "", found ? "found" : ""];
  return (
    <article
      className={classes.join(" ")}
      data-testid="message"
      data-ts={message.ts}
      data-ephemeral={message.ephemeral_for ? "true" : "false"}
    >
      <div className="gutter">{joined ? <time>{clockTime(message.ts)}</time> : <Avatar user={author} />}</div>
      <div className="message-main">
        {message.ephemeral_for && <div className="only-you">👁 Only visible to you</div>}
        {message.broadcast && message.is_reply && openThread && (
          <button type="button" className="to-thread" data-testid="to-thread" onClick={() => openThread(String(message.thread_ts))}>
            replied to a thread{root && `: ${firstWords(root)}`}
          </button>
        )}
        {!joined && (
          <div className="byline">
            <strong>{author?.real_name ?? "Slackbot"}</strong>
            {author?.is_bot !== false && <span className="badge">APP</span>}
            <time>{clockTime(message.ts)}</time>
          </div>
        )}
        <Body message={message} place={place} />
        {message.edited && !message.blocks?.length && <span className="edited">(edited)</span>}
        <Reactions message={message} />
        {openThread && message.reply_count ? (
          <button type="button" className={unread ? "replies unread" : "replies"} data-testid="open-thread" data-unread={unread} onClick={() => openThread(message.ts)}>
            {unread && <i aria-label="New replies" />}
            {message.reply_count} {message.reply_count === 1 ? "reply" : "replies"}
            <span>Last reply {clockTime(message.latest_reply ?? message.ts)}</span>
          </button>
        ) : null}
      </div>
      {!message.ephemeral_for && (
        <div className="tools">
          {openThread && (
            <button
              type="button"
              className="tool"
              aria-label="Reply in thread"
              title="Reply in thread"
              data-testid="reply"
              onClick={() => openThread(message.thread_ts ?? message.ts)}
            >
              💬
            </button>
          )}
          <ShortcutMenu kind="message" where={message.ts} label="More message shortcuts" testid="message-menu" sign="⋮" />
        </div>
      )}
    </article>
  );
}

function firstWords(message: Message): string {
  const words = message.text.replace(/<[^>]*>/g, "").trim();
  return words.length > 60 ? `${words.slice(0, 60)}…` : words;
}

function Body({ message, place }: { message: Message; place: Place }) {
  return (
    <>
      {message.blocks?.length ? (
        <Blocks blocks={message.blocks} place={place} />
      ) : (
        message.text && <Text text={{ type: "mrkdwn", text: message.text }} />
      )}
      {message.attachments?.map((attachment, index) => (
        <Attachment key={attachment.id ?? index} attachment={attachment} place={place} />
      ))}
      {message.files?.map((file) => <SharedFile key={file.id} file={file} />)}
    </>
  );
}

const COLORS: Record<string, string> = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

function Attachment({ attachment, place }: { attachment: Json; place: Place }) {
  const color = attachment.color ?? "#ddd";
  return (
    <div className="attachment" style={{ borderColor: COLORS[color] ?? color }}>
      {attachment.pretext && <Text text={{ type: "mrkdwn", text: attachment.pretext }} />}
      {attachment.title && <strong>{attachment.title}</strong>}
      {attachment.text && <Text text={{ type: "mrkdwn", text: attachment.text }} />}
      <Blocks blocks={attachment.blocks ?? []} place={place} />
      {attachment.image_url && <img src={attachment.image_url} alt={attachment.fallback} />}
      {attachment.footer && <small>{attachment.footer}</small>}
    </div>
  );
}

function SharedFile({ file }: { file: Json }) {
  const link = new URL(file.url_private, location.href).pathname;
  if (file.mimetype.startsWith("image/"))
    return (
      <figure data-testid="file">
        <figcaption>{file.title}</figcaption>
        <a href={link} target="_blank" rel="noreferrer">
          <img src={link} alt={file.alt_txt || file.title} />
        </a>
      </figure>
    );
  return (
    <a className="file" href={link} download={file.name} data-testid="file">
      <span className="file-icon">{(file.filetype || "file").toUpperCase()}</span>
      <span>
        <strong>{file.title}</strong>
        <small>{Math.max(1, Math.round(file.size / 1024))} KB</small>
      </span>
    </a>
  );
}

function Reactions({ message }: { message: Message }) {
  if (!message.reactions?.length) return null;
  return (
    <div className="reactions">
      {message.reactions.map((reaction) => (
        <span key={reaction.name}>
          {emoji(reaction.name)} {reaction.count}
        </span>
      ))}
    </div>
  );
}

export function Avatar({ user }: { user: User | undefined }) {
  const letter = user?.is_bot ? "⛁" : (user?.real_name ?? "S")[0];
  return (
    <span className={user?.is_bot ? "avatar app" : "avatar"} style={{ background: `#${user?.color ?? "999"}` }}>
      {letter}
    </span>
  );
}
