import { useState } from "react";
import { withEmoji } from "../emoji";
import { useEscape } from "../escape";
import { useFit } from "../fit";
import type { Json } from "../types";
import { useOutside } from "../outside";
import type { ElementProps } from "./ElementView";

export function Overflow({ element, busy, choose }: ElementProps) {
  const [open, setOpen] = useState(false);
  const box = useOutside<HTMLDivElement>(() => setOpen(false));
  const menu = useFit<HTMLDivElement>(open);
  useEscape(() => setOpen(false), open);
  return (
    <div className="dropdown" ref={box}>
      <button
        type="button"
        className="button"
        aria-label="More actions"
        aria-haspopup="menu"
        data-testid="overflow"
        data-action-id={element.action_id}
        disabled={busy}
        onClick={() => setOpen(!open)}
      >
        ⋯
      </button>
      {open && (
        <div className="menu right" role="menu" ref={menu}>
          {element.options.map((option: Json) => (
            <button
              type="button"
              role="menuitem"
              key={option.value}
              onClick={() => {
                setOpen(false);
                if (option.url) window.open(option.url, "_blank", "noopener");
                choose(option.value);
              }}
            >
              {withEmoji(option.text.text)}
              {option.description && <small>{withEmoji(option.description.text)}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
