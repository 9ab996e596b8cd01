import type { Place } from "../context";
import type { Json } from "../types";
import { Cell } from "./cells";

/** A plain table: its first row is its heading. */
export function Table({ block, place }: { block: Json; place: Place }) {
  const [head, ...body]: Json[][] = block.rows;
  const style = (column: number) => {
    const set: Json = block.column_settings?.[column] ?? {};
    return { textAlign: set.align ?? "left", whiteSpace: set.is_wrapped ? ("normal" as const) : ("nowrap" as const) };
  };
  const cells = (row: Json[], Tag: "th" | "td") =>
    row.map((cell, column) => (
      <Tag key={column} style={style(column)}>
        <Cell cell={cell} block={block} place={place} />
      </Tag>
    ));
  return (
    <div className="data-table">
      <div className="data-table-scroll" tabIndex={0}>
        <table className="plain-table">
          <thead>
            <tr>{cells(head, "th")}</tr>
          </thead>
          <tbody>
            {body.map((row, index) => (
              <tr key={index}>{cells(row, "td")}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
