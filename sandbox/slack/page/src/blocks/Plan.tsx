import { Display } from "../Display";
import { withEmoji } from "../emoji";
import type { Json } from "../types";

const SIGNS: Record<string, string> = { pending: "○", in_progress: "◌", complete: "✓", error: "✕" };

export function Plan({ block }: { block: Json }) {
  return (
    <div className="plan">
      <strong>{withEmoji(block.title)}</strong>
      {block.tasks.map((task: Json) => (
        <Task task={task} key={task.task_id} />
      ))}
    </div>
  );
}

export function Task({ task }: { task: Json }) {
  const more = [task.details, task.output].filter(Boolean);
  return (
    <details className={`task ${task.status}`}>
      <summary>
        <span aria-label={task.status.replace("_", " ")}>{SIGNS[task.status]}</span> {withEmoji(task.title)}
      </summary>
      {more.length > 0 && <Display blocks={more} />}
      {task.sources?.map((one: Json) => (
        <a href={one.url} key={one.url} target="_blank" rel="noreferrer">
          {one.text}
        </a>
      ))}
    </details>
  );
}
