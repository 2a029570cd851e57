/** What the filter lets through as a file, and what the list holds on paper. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ACT_MOST, askAlarms, type AlarmQuery } from "../api/alarms";
import { saveFile } from "../api/download";
import { formatCount, formatTime } from "../format";
import { t } from "../i18n";
import { tl } from "../i18n/alarms";
import { problemOf } from "../pages/people-parts";
import { seenName } from "../names";
import { Button } from "../ui/parts";
import { tell } from "../ui/toasts";
import { ALARMS_HEAD, alarmLines } from "./csv";
import { stateName, titleOf, valueText } from "./parts";
import type { Row } from "./rows";
import { whyWords } from "./why-words";

export function AlarmsExport({ query }: { query: AlarmQuery }) {
  const [count, setCount] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const run = async () => {
    const control = new AbortController();
    abort.current = control;
    // A sign that it is UTF-8, for spreadsheets that would guess wrong.
    const parts = ["\ufeff", ALARMS_HEAD];
    let after: string | number | null = null;
    let lines = 0;
    setCount(0);
    try {
      do {
        const page = await askAlarms(query, ACT_MOST, after, control.signal);
        parts.push(alarmLines(page.alarms));
        lines += page.alarms.length;
        setCount(lines);
        after = page.next ?? null;
      } while (after !== null);
      saveFile("alarms.csv", parts, "text/csv");
      tell({ text: t("download.done", { name: "alarms.csv" }) });
    } catch (error) {
      if (!control.signal.aborted) tell({ text: problemOf(error), bad: true });
    }
    setCount(null);
  };
  if (count !== null)
    return (
      <Button icon="close" onClick={() => abort.current?.abort()}>
        {tl("alarms.export.count", { count: formatCount(count) })}
      </Button>
    );
  return <Button icon="down_to" label={tl("alarms.export")} onClick={() => void run()} />;
}

/** A table of what was loaded, which paper alone shows. */
export function AlarmsPrint({ rows }: { rows: Row[] }) {
  const [printing, setPrinting] = useState(false);
  const asked = useRef(false);
  useEffect(() => {
    const before = () => setPrinting(true);
    const after = () => setPrinting(false);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  useEffect(() => {
    // By the browser's own command it is under way already.
    if (!printing || !asked.current) return;
    asked.current = false;
    const timer = setTimeout(() => print(), 60);
    return () => clearTimeout(timer);
  }, [printing]);
  const ask = () => {
    asked.current = true;
    setPrinting(true);
  };
  const titles = [
    "priority",
    "state",
    "title",
    "path",
    "why",
    "value",
    "raised",
    "assignee",
  ] as const;
  return (
    <>
      <Button icon="print" label={tl("alarms.print")} onClick={ask} />
      {printing && (
        <div class="paper">
          <p>{tl("alarms.print.head", { time: formatTime(Date.now()), count: rows.length })}</p>
          <table>
            <thead>
              <tr>
                {titles.map((name) => (
                  <th key={name}>{tl(`alarms.print.${name}`)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ alarm }) => (
                <tr key={alarm.alarm}>
                  <td>{alarm.priority}</td>
                  <td>{stateName(alarm.state)}</td>
                  <td>{seenName(titleOf(alarm))}</td>
                  <td>{seenName(alarm.path ?? alarm.asset ?? "")}</td>
                  <td>{whyWords(alarm.why ?? "")}</td>
                  <td>{valueText(alarm.value, alarm.unit)}</td>
                  <td>{formatTime(alarm.raised)}</td>
                  <td>{seenName(alarm.assignee ?? "")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
