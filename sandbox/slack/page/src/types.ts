// The shapes that the control API hands out; see sandbox/slack/controlapi/showing.py.
export type Json = Record<string, any>;

export interface User {
  id: string;
  name: string;
  real_name: string;
  color: string;
  is_bot: boolean;
  is_restricted: boolean;
  profile: { title: string };
}

export interface Channel {
  id: string;
  name: string;
  is_im: boolean;
  is_private: boolean;
  topic_text: string;
  latest: string;
  count: number;
  has_app: boolean;
}

export interface Message {
  ts: string;
  channel: string;
  user: string;
  text: string;
  blocks?: Json[];
  attachments?: Json[];
  files?: Json[];
  reactions?: { name: string; count: number }[];
  ephemeral_for: string | null;
  from_app: boolean;
  is_edited: boolean;
  is_reply: boolean;
  broadcast: boolean;
  edited?: Json;
  thread_ts?: string;
  reply_count?: number;
  latest_reply?: string;
  state?: Json;
}

export interface View {
  id: string;
  type: "modal" | "home";
  hash: string;
  blocks: Json[];
  state: { values: Json };
  title: { text: string } | null;
  submit: { text: string } | null;
  close: { text: string } | null;
  errors: Record<string, string>;
  trouble: string;
}

export interface Violation {
  code: string;
  detail: string;
  method: string;
  at: number;
}

/** See sandbox/slack/notifying.py. */
export interface Notification {
  kind: "dm" | "mention" | "group" | "channel" | "thread";
  channel: string;
  channel_name: string;
  ts: string;
  thread_ts: string | null;
  text: string;
  held: boolean;
}

export interface Shortcut {
  name: string;
  kind: "global" | "message";
  callback_id: string;
  description: string;
}

export interface Overview {
  seq: number;
  team: { name: string };
  app: { name: string; user: string; command: string; usage_hint: string };
  me: string;
  mode: string;
  users: User[];
  groups: { id: string; handle: string }[];
  channels: Channel[];
  views: View[];
  home: View | null;
  violations: Violation[];
  shortcuts: Shortcut[];
  notifications: Notification[];
  silent: { messages: number; edits: number };
}
