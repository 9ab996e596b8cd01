import { useState } from "react";
import { act } from "./api";
import type { Violation } from "./types";

/** Loud: the rules of Slack that the app has broken. */
export function Violations({ seen }: { seen: Violation[] }) {
  const [open, setOpen] = useState(false);
  if (seen.length === 0) return null;
  const last = seen[seen.length - 1];
  return (
    <div className="violations" role="alert" data-testid="violations">
      <div className="violations-head">
        <strong>
          {seen.length} {seen.length === 1 ? "rule of Slack was" : "rules of Slack were"} broken
        </strong>
        <span className="violations-last">
          {last.code}: {last.detail}
        </span>
        <button type="button" onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Show all"}
        </button>
        <button type="button" onClick={() => void act("clear_violations")}>
          Clear
        </button>
      </div>
      {open && (
        <ol>
          {seen.map((violation, index) => (
            <li key={index}>
              <code>{violation.code}</code> {violation.method} — {violation.detail}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
