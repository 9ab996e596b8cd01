import { Avatar } from "./MessageItem";
import { TOUR } from "./tour";
import type { Channel, Overview } from "./types";

interface Props {
  world: Overview;
  open: string;
  seen: Record<string, string>;
  show: (id: string) => void;
  become: (id: string) => void;
  /** Put a command where one types. */
  suggest: (text: string) => void;
}

/** Workspace, person switcher, channels, and the app. */
export function Sidebar({ world, open, seen, show, become, suggest }: Props) {
  const channels = world.channels.filter((channel) => !channel.is_im);
  const app = world.channels.find((channel) => channel.is_im);
  const me = world.users.find((user) => user.id === world.me);
  return (
    <nav className="sidebar" data-testid="sidebar">
      <div className="workspace">{world.team.name}</div>
      <label className="switcher">
        <Avatar user={me} />
        <span>
          <small>Acting as</small>
          <strong>{me?.real_name}</strong>
          <small>{me?.profile.title}</small>
          <select
            value={world.me}
            aria-label="Acting as"
            data-testid="person-switcher"
            onChange={(event) => become(event.target.value)}
          >
            {world.users
              .filter((user) => !user.is_bot)
              .map((user) => (
                <option key={user.id} value={user.id}>
                  {user.real_name} · {user.profile.title}
                </option>
              ))}
          </select>
        </span>
        <span className="caret">⌄</span>
      </label>
      <h4>Channels</h4>
      {channels.map((channel) => (
        <Entry key={channel.id} channel={channel} open={open} seen={seen} show={show} />
      ))}
      <h4>Apps</h4>
      {app && (
        <>
          <Link id="home" open={open} show={show} label="DMS Home" sign="⌂" testid="home-link" />
          <Link
            id={app.id}
            open={open}
            show={show}
            label="DMS messages"
            sign="⛁"
            testid="dm-link"
            unread={isUnread(app, seen, open)}
          />
        </>
      )}
      <h4>Try</h4>
      {TOUR.map(({ words, why }) => (
        <button
          type="button"
          className="link command"
          key={words}
          title={why}
          onClick={() => suggest(`${world.app.command} ${words}`)}
        >
          {world.app.command} {words}
        </button>
      ))}
      <div className={`connection ${world.mode}`} data-testid="connection">
        <i />
        {WORDS[world.mode] ?? world.mode}
      </div>
    </nav>
  );
}

const WORDS: Record<string, string> = {
  socket: "App connected (Socket Mode)",
  http: "App over HTTP",
  none: "App not connected",
};

function isUnread(channel: Channel, seen: Record<string, string>, open: string): boolean {
  return channel.id !== open && Number(channel.latest || 0) > Number(seen[channel.id] || 0);
}

function Entry({ channel, ...rest }: { channel: Channel } & Pick<Props, "open" | "seen" | "show">) {
  return (
    <Link
      id={channel.id}
      open={rest.open}
      show={rest.show}
      label={channel.name}
      sign={channel.is_private ? "🔒" : "#"}
      testid={`channel-${channel.name}`}
      unread={isUnread(channel, rest.seen, rest.open)}
    />
  );
}

interface LinkProps {
  id: string;
  open: string;
  show: (id: string) => void;
  label: string;
  sign: string;
  testid: string;
  unread?: boolean;
}

function Link({ id, open, show, label, sign, testid, unread }: LinkProps) {
  const classes = ["link", id === open ? "open" : "", unread ? "unread" : ""];
  return (
    <button type="button" className={classes.join(" ")} data-testid={testid} aria-current={id === open} onClick={() => show(id)}>
      <span className="sign">{sign}</span>
      {label}
    </button>
  );
}
