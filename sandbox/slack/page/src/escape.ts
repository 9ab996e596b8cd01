import { useEffect, useRef } from "react";

type Heard = { current: () => void };

/** Who listens; only the last, which lies on top, hears a press. */
const stack: Heard[] = [];

function press(event: KeyboardEvent) {
  if (event.key !== "Escape" || event.isComposing || event.repeat) return;
  stack.at(-1)?.current();
}

/** Hears the Escape key while `on`, unless something that came later does. */
export function useEscape(heard: () => void, on = true) {
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    if (!on) return;
    if (stack.length === 0) document.addEventListener("keydown", press);
    stack.push(latest);
    return () => {
      stack.splice(stack.indexOf(latest), 1);
      if (stack.length === 0) document.removeEventListener("keydown", press);
    };
  }, [on]);
}
