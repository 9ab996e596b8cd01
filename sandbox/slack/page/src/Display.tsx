import { memo } from "react";
import { Message as Rendered } from "slack-blocks-to-jsx";
import { useDesk } from "./context";
import { dateToken } from "./dates";
import { emoji } from "./emoji";
import type { Json } from "./types";

/** Rich text, markdown and video: drawn by slack-blocks-to-jsx. */
export const Display = memo(function Display({ blocks }: { blocks: Json[] }) {
  const { world } = useDesk();
  return (
    <Rendered
      blocks={blocks as never}
      withoutWrapper
      theme="light"
      logo=""
      name=""
      data={{
        users: world.users.map((user) => ({ id: user.id, name: user.name })),
        channels: world.channels.map((channel) => ({ id: channel.id, name: channel.name })),
        user_groups: world.groups.map((group) => ({ id: group.id, name: group.handle })),
      }}
      hooks={{
        user: ({ id, name }) => (
          <span className={id === world.me ? "mention me" : "mention"}>@{name || id}</span>
        ),
        channel: ({ id, name }) => <span className="mention">#{name || id}</span>,
        usergroup: ({ id, name }) => <span className="mention">@{name || id}</span>,
        atChannel: () => <span className="mention loud">@channel</span>,
        atEveryone: () => <span className="mention loud">@everyone</span>,
        atHere: () => <span className="mention loud">@here</span>,
        emoji: (data) => <span className="emoji">{emoji(data.name)}</span>,
        date: ({ timestamp, format, link }) => {
          const shown = (
            <time title={new Date(Number(timestamp) * 1000).toString()}>{dateToken(timestamp, format)}</time>
          );
          return link ? <a href={link}>{shown}</a> : shown;
        },
      }}
    />
  );
});