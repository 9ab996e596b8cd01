import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { act, follow } from "./api";
import { Beginning } from "./Beginning";
import { Composer, type Draft } from "./Composer";
import { useEscape } from "./escape";
import { type Desk, DeskContext } from "./context";
import { Home } from "./Home";
import { MessageList } from "./MessageList";
import { Modal } from "./Modal";
import { Notifications } from "./Notifications";
import { Sidebar } from "./Sidebar";
import { Thread } from "./Thread";
import { type Spot, spotOf } from "./permalink";
import type { Channel, Json, Message, Overview } from "./types";
import { Violations } from "./Violations";

const SHOWN = 300;

/** Messages, and whose and which conversation's they are. */
interface Loaded {
  of: string;
  messages: Message[];
}

/** Who acts and what is open live in the address, so that a reload or a link shows the same. */
function fromAddress(): { me: string; open: string } {
  const query = new URLSearchParams(location.search);
  const open = spotOf(location.href)?.channel ?? query.get("open") ?? "dms";
  return { me: query.get("as") ?? "dana", open };
}

export function App() {
  const start = useMemo(fromAddress, []);
  const [me, setMe] = useState(start.me);
  const [open, setOpen] = useState(start.open);
  const [world, setWorld] = useState<Overview | null>(null);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [thread, setThread] = useState<string | null>(spotOf(location.href)?.thread ?? null);
  const [seen, setSeen] = useState<Record<string, string>>({});
  const [focus, setFocus] = useState<Spot | null>(spotOf(location.href));
  const [toast, setToast] = useState("");
  /** On a phone, the sidebar is a drawer. */
  const [drawer, setDrawer] = useState(false);
  const [draft, setDraft] = useState<Draft>({ text: "" });
  const lastAct = useRef(0);
  useEscape(() => setDrawer(false), drawer);
  const turn = useRef(0);
  /** When each person was first acted as, in seconds: replies before that are not new. */
  const since = useRef<Record<string, number>>({});

  const refresh = useCallback(async () => {
    const mine = ++turn.current;
    const next = await act<Overview>("overview", { user: me });
    const channel = open === "home" ? null : findChannel(next, open);
    const answer = channel
      ? await act<{ messages: Message[] }>("messages", { channel: channel.id, user: me, limit: SHOWN })
      : { messages: [] };
    if (mine !== turn.current) return;
    since.current[next.me] ??= Date.now() / 1000;
    setWorld(next);
    setLoaded({ of: `${me}/${open}`, messages: answer.messages });
    if (channel) setSeen((before) => ({ ...before, [`${next.me}/${channel.id}`]: channel.latest }));
  }, [me, open]);

  useEffect(() => {
    const query = new URLSearchParams({ as: me, open });
    history.replaceState(null, "", `/?${query}`);
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => void refresh().catch(() => undefined), 30);
    };
    void refresh().catch(() => undefined);
    const stop = follow(soon);
    return () => {
      clearTimeout(waiting);
      stop();
    };
  }, [refresh, me, open]);

  useEffect(() => {
    if (open === "dm") void act("open_home", { user: me, tab: "messages" }).catch(() => undefined);
  }, [me, open]);

  const tell = useCallback((words: string) => {
    setToast(words);
    setTimeout(() => setToast(""), 6000);
  }, []);

  const run = useCallback(
    async (name: string, body: Json) => {
      lastAct.current = Date.now();
      try {
        return await act(name, { user: me, ...body });
      } catch (error) {
        tell((error as Error).message);
        return null;
      }
    },
    [me, tell],
  );

  const visit = useCallback((spot: Spot) => {
    setOpen(spot.channel);
    setThread(spot.thread);
    setFocus(spot);
    setDrawer(false);
  }, []);

  const desk = useMemo<Desk | null>(
    () => (world ? { world, me: world.me, run, tell, visit, lastAct } : null),
    [world, run, tell, visit],
  );
  if (!world || !desk) return <div className="loading">Opening the workspace…</div>;

  const channel = open === "home" ? undefined : findChannel(world, open);
  const mine = Object.fromEntries(
    Object.entries(seen)
      .filter(([key]) => key.startsWith(`${world.me}/`))
      .map(([key, ts]) => [key.slice(world.me.length + 1), ts]),
  );
  // What another person or conversation had is never shown for this one, not even for a moment.
  const messages = loaded?.of === `${me}/${open}` ? loaded.messages : null;
  const top = messages?.filter((message) => !message.is_reply || message.broadcast || isLoose(message, messages));
  const view = world.views[world.views.length - 1];
  const replies = messages?.filter((message) => message.is_reply && message.thread_ts === thread) ?? [];
  const newest = replies[replies.length - 1]?.ts;
  // What is shown in the pane has been seen.
  if (thread && newest && Number(seen[`${world.me}/${thread}`] ?? 0) < Number(newest))
    setSeen({ ...seen, [`${world.me}/${thread}`]: newest });


  /** Commands are typed where the app is: where one is, if it is there. */
  function suggest(text: string) {
    setThread(null);
    setDrawer(false);
    if (!channel || channel.is_im || !channel.has_app) setOpen("dms");
    setDraft({ text });
  }

  function show(id: string) {
    setFocus(null);
    setThread(null);
    setDrawer(false);
    setOpen(world?.channels.find((one) => one.id === id && !one.is_im)?.name ?? (id === "home" ? "home" : "dm"));
  }

  return (
    <DeskContext.Provider value={desk}>
      <div className="frame">
        <Violations seen={world.violations} />
        <div className={drawer ? "columns drawn" : "columns"}>
          {drawer && <div className="shade" onClick={() => setDrawer(false)} />}
          <Sidebar
            world={world}
            open={open === "home" ? "home" : (channel?.id ?? "")}
            seen={mine}
            show={show}
            suggest={suggest}
            become={(id) => {
              setThread(null);
              setMe(world.users.find((user) => user.id === id)?.name ?? id);
            }}
          />
          <main>
            <Title channel={channel} home={open === "home"} openMenu={() => setDrawer(true)}>
              <Notifications />
            </Title>
            {open === "home" ? (
              <Home />
            ) : channel ? (
              <>
                <MessageList
                  messages={top ?? null}
                  openThread={setThread}
                  isNew={(ts, reply) => Number(reply) > Math.max(Number(mine[ts] ?? 0), since.current[world.me] ?? 0)}
                  roots={messages ?? []}
                  focus={focus}
                  of={channel.id + world.me}
                  empty={<Beginning channel={channel} command={world.app.command} suggest={suggest} />}
                />
                <Composer
                  channel={channel.id}
                  title={channel.is_im ? "DMS" : `#${channel.name}`}
                  draft={draft}
                />
              </>
            ) : (
              <p className="nothing">This person is not in that channel.</p>
            )}
          </main>
          {thread && channel && (
            <Thread ts={thread} channel={channel} messages={messages ?? []} focus={focus} close={() => setThread(null)} />
          )}
        </div>
        {view && <Modal key={view.id} view={view} depth={world.views.length} />}
        {toast && (
          <div className="toast" role="status">
            {toast}
          </div>
        )}
      </div>
    </DeskContext.Provider>
  );
}

/** A private reply is shown in the channel too when its thread is not open there. */
function isLoose(message: Message, messages: Message[]): boolean {
  return !messages.some((one) => one.ts === message.thread_ts);
}

function findChannel(world: Overview, key: string): Channel | undefined {
  if (key === "dm") return world.channels.find((channel) => channel.is_im);
  return world.channels.find((channel) => channel.id === key || (!channel.is_im && channel.name === key));
}

interface TitleProps {
  channel: Channel | undefined;
  home: boolean;
  openMenu: () => void;
  children: ReactNode;
}

function Title({ channel, home, openMenu, children }: TitleProps) {
  const name = home ? "DMS Home" : channel?.is_im ? "DMS" : channel ? `${channel.is_private ? "🔒 " : "# "}${channel.name}` : "";
  return (
    <header className="title" data-testid="title">
      <button type="button" className="plain menu-button" aria-label="Channels" data-testid="menu" onClick={openMenu}>
        ☰
      </button>
      <h1>{name}</h1>
      <span>{home ? "What the app shows you on its Home tab" : channel?.topic_text}</span>
      {children}
    </header>
  );
}
