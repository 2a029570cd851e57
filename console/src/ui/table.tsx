/** A table that becomes a list of cards on a phone: each cell then says its column's name. */
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { Button } from "./parts";

export interface Column<T> {
  name: string;
  title: string;
  number?: boolean;
  /** The first of a card, without its name. */
  main?: boolean;
  cell: (item: T) => ComponentChildren;
}

export function Table<T>(props: {
  label: string;
  columns: Column<T>[];
  items: T[];
  keyOf: (item: T) => string | number;
}) {
  const classOf = (column: Column<T>) =>
    [column.number ? "number" : "", column.main ? "main" : "", `column-${column.name}`]
      .filter(Boolean)
      .join(" ");
  return (
    <div class="table-frame" role="group" aria-label={props.label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.name} scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.items.map((item) => (
            <tr key={props.keyOf(item)}>
              {props.columns.map((column) => (
                <td key={column.name} class={classOf(column)} data-title={column.title}>
                  <div>{column.cell(item)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function More(props: { shown: boolean; loading: boolean; onMore: () => void }) {
  if (!props.shown) return null;
  return (
    <div class="more">
      <Button onClick={props.onMore} busy={props.loading}>
        {t("more")}
      </Button>
    </div>
  );
}
