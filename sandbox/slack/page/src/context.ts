import { createContext, type RefObject, useContext } from "react";
import type { Spot } from "./permalink";
import type { Json, Overview } from "./types";

export interface Desk {
  world: Overview;
  /** The id of the person acted as. */
  me: string;
  /** Run an action as that person; a failure is shown as a toast. */
  run: (name: string, body: Json) => Promise<Json | null>;
  /** Go to a message. */
  visit: (spot: Spot) => void;
  /** Tell the person something, for a moment. */
  tell: (words: string) => void;
  /** When this person last did something, in milliseconds. */
  lastAct: RefObject<number>;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("outside of the workspace");
  return desk;
}

/** Where a block stands: in a message (its ts) or in a view (its id), and what is filled in there. */
export interface Place {
  where: string;
  kind: "message" | "view";
  state: Json;
  errors: Record<string, string>;
}
