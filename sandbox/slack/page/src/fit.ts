import { type RefObject, useLayoutEffect, useRef } from "react";

const EDGE = 8;

/** A ref for a menu, which is moved sideways as far as it would leave the screen. */
export function useFit<T extends HTMLElement>(shown: boolean): RefObject<T | null> {
  const menu = useRef<T>(null);
  useLayoutEffect(() => {
    const node = menu.current;
    if (!shown || !node) return;
    node.style.transform = "";
    const at = node.getBoundingClientRect();
    const left = Math.max(EDGE, Math.min(at.left, innerWidth - EDGE - at.width));
    node.style.transform = left === at.left ? "" : `translateX(${left - at.left}px)`;
  }, [shown]);
  return menu;
}
