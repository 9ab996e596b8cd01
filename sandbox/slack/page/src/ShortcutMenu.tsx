import { type ReactNode, useState } from "react";
import { useDesk } from "./context";
import { useEscape } from "./escape";
import { useFit } from "./fit";
import { useOutside } from "./outside";
import type { Shortcut } from "./types";

interface Props {
  kind: Shortcut["kind"];
  /** The message that it is about. */
  where?: string;
  label: string;
  testid: string;
  sign: ReactNode;
}

/** The app's shortcuts: those of a message, or those that stand anywhere. */
export function ShortcutMenu({ kind, where, label, testid, sign }: Props) {
  const { world, run } = useDesk();
  const [open, setOpen] = useState(false);
  const box = useOutside<HTMLDivElement>(() => setOpen(false));
  const menu = useFit<HTMLDivElement>(open);
  useEscape(() => setOpen(false), open);
  const offered = world.shortcuts.filter((one) => one.kind === kind);
  if (offered.length === 0) return null;
  return (
    <div className={`dropdown ${testid}`} ref={box}>
      <button type="button" className="tool" aria-label={label} aria-haspopup="menu" data-testid={testid} onClick={() => setOpen(!open)}>
        {sign}
      </button>
      {open && (
        <div className={kind === "global" ? "menu up" : "menu right"} role="menu" ref={menu}>
          {offered.map((one) => (
            <button
              type="button"
              role="menuitem"
              key={one.callback_id}
              onClick={() => {
                setOpen(false);
                void run("shortcut", { callback_id: one.callback_id, where });
              }}
            >
              {one.name}
              <small>{one.description}</small>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
