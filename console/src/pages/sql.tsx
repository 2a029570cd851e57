/** Questions in SQL: a statement, its rows as a table and as a chart, and what was asked before. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ask, get, Problem } from "../api/http";
import { saveFile } from "../api/download";
import { useQuery } from "../api/query";
import type { Value } from "../api/types";
import { formatCount, formatTime } from "../format";
import { CostNote, MissingNote } from "../history/answer-notes";
import { SILENCE_MS } from "../history/ask";
import { RowGrid } from "../history/row-grid";
import { SavedMenu } from "../history/saved-menu";
import { t } from "../i18n";
import { th } from "../i18n/history";
import { goTo, route, routeAddress } from "../router";
import { faultPlace, type SchemaTable } from "../sql/complete";
import { SqlEditor } from "../sql/editor";
import { chartOf, csvOf, isNumber, jsonOf, timeOf, widthsOf, type SqlAnswer } from "../sql/result";
import { ResultChart } from "../sql/result-chart";
import { EXAMPLES, noteStatement, statementsBefore } from "../sql/statements";
import { useStore } from "../store";
import "../style/history.css";
import "../style/sql.css";
import { Icon } from "../ui/icon";
import { Button, Card, Empty, PageHead, problemText, Segmented, Skeleton } from "../ui/parts";

const LIMITS = [1000, 10_000, 100_000];

interface Run {
  sql: string;
  answer?: SqlAnswer;
  problem?: Problem;
  cancelled?: boolean;
  /** As it took here, with the way. */
  ms?: number;
}

function useRun(onRun: (sql: string) => void) {
  const [run, setRun] = useState<Run | null>(null);
  const [busy, setBusy] = useState(false);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const begin = async (sql: string, limit: number) => {
    abort.current?.abort();
    const control = new AbortController();
    abort.current = control;
    setBusy(true);
    onRun(sql);
    const began = performance.now();
    try {
      const answer = await ask<SqlAnswer>("/v1/sql", { sql, limit }, control.signal, SILENCE_MS);
      setRun({ sql, answer, ms: performance.now() - began });
    } catch (error) {
      if (control !== abort.current) return;
      const problem =
        error instanceof Problem ? error : new Problem(0, "console", "", String(error));
      setRun(control.signal.aborted ? { sql, cancelled: true } : { sql, problem });
    }
    if (control === abort.current) setBusy(false);
  };
  return { run, busy, begin, cancel: () => abort.current?.abort() };
}

const cellText = (value: Value): string => (value === null ? "NULL" : String(value));

function cellTitle(value: Value): string {
  const time = typeof value === "boolean" ? undefined : timeOf(value);
  return time === undefined ? cellText(value) : `${cellText(value)} = ${formatTime(time, true)}`;
}

function ResultTable({ answer }: { answer: SqlAnswer }) {
  const [active, setActive] = useState(-1);
  const { widths, least } = useMemo(() => widthsOf(answer), [answer]);
  const columns = useMemo(
    () =>
      answer.columns.map(({ name }, place) => ({
        name: `${place} ${name}`,
        title: name,
        number: isNumber(answer, place),
      })),
    [answer],
  );
  const height = Math.min(answer.rows.length, 14) * 34 + 46;
  return (
    <div class="sql-table">
      <div style={{ height: `${height}px` }}>
        <RowGrid
          label={th("sql.result")}
          columns={columns}
          widths={widths}
          least={least}
          count={answer.rows.length}
          cells={(row) =>
            answer.rows[row]?.map((value, place) => (
              <span
                key={place}
                class={value === null ? "faint" : ""}
                title={row === active ? cellTitle(value) : cellText(value)}
              >
                {cellText(value)}
              </span>
            ))
          }
          active={active}
          onActive={setActive}
        />
      </div>
    </div>
  );
}

function Result({ run }: { run: Run }) {
  const { answer } = run;
  const charted = useMemo(() => (answer ? chartOf(answer) : null), [answer]);
  const [look, setLook] = useState<"table" | "chart">("table");
  if (!answer) return null;
  const shown = charted && look === "chart" ? "chart" : "table";
  return (
    <Card
      title={th("sql.result")}
      aside={
        <span class="sample-tools">
          {charted && (
            <Segmented
              label={th("sql.look")}
              value={shown}
              onChange={setLook}
              options={[
                { value: "table", text: th("sql.table") },
                { value: "chart", text: th("sql.chart") },
              ]}
            />
          )}
          <Button
            icon="down_to"
            onClick={() => saveFile("result.csv", [csvOf(answer)], "text/csv;charset=utf-8")}
          >
            CSV
          </Button>
          <Button
            icon="down_to"
            onClick={() => saveFile("result.json", [jsonOf(answer)], "application/json")}
          >
            JSON
          </Button>
        </span>
      }
    >
      <MissingNote missing={answer.missing ?? []} />
      <p class="sql-count" role="status">
        {th("sql.rows", { count: answer.rows.length, shown: formatCount(answer.rows.length) })}
        {answer.truncated && <strong> {th("sql.truncated")}</strong>}{" "}
        <CostNote cost={answer.cost} />
      </p>
      {answer.rows.length === 0 && <Empty icon="sql" title={th("sql.none")} />}
      {answer.rows.length > 0 && shown === "table" && <ResultTable answer={answer} />}
      {shown === "chart" && charted && <ResultChart charted={charted} />}
    </Card>
  );
}

function Schema({ tables, onTake }: { tables: SchemaTable[]; onTake: (text: string) => void }) {
  return (
    <div class="schema">
      {tables.map((table) => (
        <details key={table.name}>
          <summary>
            <code>{table.name}</code>
          </summary>
          {table.meaning && <p class="hint">{table.meaning}</p>}
          <ul>
            {table.columns.map((column) => (
              <li key={column.name}>
                <button
                  type="button"
                  class="link"
                  title={th("sql.schema.take")}
                  onClick={() => onTake(column.name)}
                >
                  <code>{column.name}</code>
                </button>
                <span class="faint">{column.meaning || column.type}</span>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

function Before({ list, onPick }: { list: string[]; onPick: (sql: string) => void }) {
  return (
    <ul class="statements">
      {list.slice(0, 30).map((sql) => (
        <li key={sql}>
          <button type="button" class="statement" title={sql} onClick={() => onPick(sql)}>
            <code>{sql.replace(/\s+/g, " ")}</code>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Side(props: {
  tables: SchemaTable[] | undefined;
  before: string[];
  onPick: (sql: string) => void;
  onTake: (text: string) => void;
}) {
  return (
    <div class="sql-side">
      <Card title={th("sql.examples")}>
        <ul class="statements">
          {EXAMPLES.map(({ name, sql }) => (
            <li key={name}>
              <button type="button" class="statement" title={sql} onClick={() => props.onPick(sql)}>
                {th(`sql.example.${name}`)}
              </button>
            </li>
          ))}
        </ul>
      </Card>
      <Card title={th("sql.tables")}>
        {props.tables ? (
          <Schema tables={props.tables} onTake={props.onTake} />
        ) : (
          <Skeleton rows={4} />
        )}
      </Card>
      {props.before.length > 0 && (
        <Card title={th("sql.before")}>
          <Before list={props.before} onPick={props.onPick} />
        </Card>
      )}
    </div>
  );
}

function Fault({ run }: { run: Run | null }) {
  if (run?.cancelled)
    return (
      <p class="hint" role="status">
        {th("sql.cancelled")}
      </p>
    );
  if (!run?.problem) return null;
  const place = faultPlace(run.sql, run.problem.detail, run.problem.place);
  const before = place ? run.sql.slice(0, place[0]).split("\n") : [];
  return (
    <div class="note note-bad" role="alert">
      <Icon name="bad" />
      <span>
        {problemText(run.problem)}
        {place && (
          <strong>
            {" "}
            {th("sql.fault.at", {
              line: before.length,
              column: (before[before.length - 1]?.length ?? 0) + 1,
            })}
          </strong>
        )}
      </span>
    </div>
  );
}

export function SqlPage() {
  const { query } = useStore(route);
  const asked = query.get("q") ?? "";
  const [sql, setSql] = useState(asked || EXAMPLES[0].sql);
  const [limit, setLimit] = useState(10_000);
  const [before, setBefore] = useState(statementsBefore);
  const { run, busy, begin, cancel } = useRun((statement) => {
    setBefore(noteStatement(statement));
    if (statement !== route.get().query.get("q")) goTo(routeAddress("sql", "", { q: statement }));
  });
  const schema = useQuery("sql schema", (signal) =>
    get<{ tables: SchemaTable[] }>("/v1/sql/schema", signal),
  );
  const ran = useRef("");
  // An address with a statement shows what comes of it; so does going back to it.
  useEffect(() => {
    if (!asked || asked === ran.current) return;
    ran.current = asked;
    setSql(asked);
    void begin(asked, limit);
  }, [asked]);
  const go = (statement: string) => {
    if (!statement.trim()) return;
    ran.current = statement;
    void begin(statement, limit);
  };
  const fault = useMemo(
    () =>
      run?.problem && run.sql === sql
        ? faultPlace(run.sql, run.problem.detail, run.problem.place)
        : null,
    [run],
  );
  return (
    <div class="page page-wide sql-page">
      <PageHead title={th("sql.title")} text={th("sql.text")}>
        <SavedMenu suggested={sql.replace(/\s+/g, " ").slice(0, 60)} />
      </PageHead>
      <div class="sql-columns">
        <div class="sql-main">
          <Card>
            <SqlEditor
              value={sql}
              schema={schema.data?.tables ?? []}
              fault={fault}
              onInput={setSql}
              onRun={() => go(sql)}
            />
            <div class="sql-tools">
              {busy ? (
                <Button icon="stop" onClick={cancel}>
                  {t("cancel")}
                </Button>
              ) : (
                <Button kind="primary" icon="play" onClick={() => go(sql)}>
                  {th("sql.run")}
                </Button>
              )}
              <Button
                disabled={busy}
                onClick={() => go(`explain query plan ${sql.replace(/^explain query plan /i, "")}`)}
              >
                {th("sql.explain")}
              </Button>
              <label class="sql-limit">
                <span>{th("sql.limit")}</span>
                <select
                  value={limit}
                  onChange={(event) => setLimit(Number(event.currentTarget.value))}
                >
                  {LIMITS.map((rows) => (
                    <option key={rows} value={rows}>
                      {formatCount(rows)}
                    </option>
                  ))}
                </select>
              </label>
              {busy && (
                <span class="faint" role="status">
                  {th("sql.running")}
                </span>
              )}
            </div>
            <Fault run={run} />
          </Card>
          {run && <Result run={run} />}
        </div>
        <Side
          tables={schema.data?.tables}
          before={before}
          onPick={(statement) => {
            setSql(statement);
            go(statement);
          }}
          onTake={(text) => setSql((old) => `${old}${/\s$|^$/.test(old) ? "" : " "}${text}`)}
        />
      </div>
    </div>
  );
}
