import { useId, useState } from "react";
import type { Place } from "../context";
import { withEmoji } from "../emoji";
import type { Json } from "../types";
import { Cell, words } from "./cells";

interface Sorting {
  column: number;
  down: boolean;
}

/** A table with pages, whose columns sort: by number where all cells are numbers, else by what is read. */
export function DataTable({ block, place }: { block: Json; place: Place }) {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const [page, setPage] = useState(0);
  const caption = useId();
  const [head, ...body]: Json[][] = block.rows;
  const size: number = block.page_size ?? 5;
  const header: number = block.row_header_column_index ?? 0;
  const sorted = sorting ? [...body].sort(order(body, sorting)) : body;
  const pages = Math.ceil(body.length / size);
  const at = Math.min(page, pages - 1);
  const shown = sorted.slice(at * size, (at + 1) * size);

  /** Up, down, and back to the order in which they came. */
  function sort(column: number) {
    setPage(0);
    if (sorting?.column !== column) setSorting({ column, down: false });
    else setSorting(sorting.down ? null : { column, down: true });
  }

  return (
    <div className="data-table">
      <div className="data-table-caption" id={caption}>
        {withEmoji(block.caption)}
      </div>
      <div className="data-table-scroll" tabIndex={0}>
        <table aria-labelledby={caption}>
          <thead>
            <tr>
              {head.map((cell, column) =>
                body.every((row) => row[column].type === "action_cell") ? (
                  <th scope="col" key={column} className="fixed">
                    {withEmoji(words(cell))}
                  </th>
                ) : (
                  <th scope="col" key={column} aria-sort={direction(sorting, column)} className={numeric(body, column) ? "number" : ""}>
                    <button type="button" onClick={() => sort(column)}>
                      {withEmoji(words(cell))}
                      <span aria-hidden="true">{arrow(sorting, column)}</span>
                    </button>
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={body.indexOf(row)} data-testid="table-row">
                {row.map((cell, column) => {
                  const classes = cell.type === "raw_number" ? "number" : "";
                  const inside = <Cell cell={cell} block={block} place={place} />;
                  return column === header ? (
                    <th scope="row" className={classes} key={column}>
                      {inside}
                    </th>
                  ) : (
                    <td className={classes} key={column}>
                      {inside}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div className="data-table-pages" data-testid="table-pages">
          <span>
            {at * size + 1}–{Math.min((at + 1) * size, body.length)} of {body.length}
          </span>
          <button type="button" className="plain" aria-label="Previous page" disabled={at === 0} onClick={() => setPage(at - 1)}>
            ‹
          </button>
          <button type="button" className="plain" aria-label="Next page" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>
            ›
          </button>
        </div>
      )}
    </div>
  );
}

function numeric(rows: Json[][], column: number): boolean {
  return rows.every((row) => row[column].type === "raw_number");
}

function order(rows: Json[][], { column, down }: Sorting) {
  const sign = down ? -1 : 1;
  if (numeric(rows, column)) return (a: Json[], b: Json[]) => sign * (a[column].value - b[column].value);
  return (a: Json[], b: Json[]) => sign * words(a[column]).localeCompare(words(b[column]));
}

function direction(sorting: Sorting | null, column: number) {
  if (sorting?.column !== column) return "none" as const;
  return sorting.down ? ("descending" as const) : ("ascending" as const);
}

function arrow(sorting: Sorting | null, column: number): string {
  if (sorting?.column !== column) return "↕";
  return sorting.down ? "↓" : "↑";
}
