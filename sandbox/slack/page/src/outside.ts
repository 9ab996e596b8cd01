import { useEffect, useRef } from "react";

/** A ref whose owner hears when a click falls outside of it. */
export function useOutside<T extends HTMLElement>(heard: () => void) {
  const box = useRef<T>(null);
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    const listen = (event: MouseEvent) => {
      if (box.current && !box.current.contains(event.target as Node)) latest.current();
    };
    document.addEventListener("mousedown", listen);
    return () => document.removeEventListener("mousedown", listen);
  }, []);
  return box;
}
