/** Boards: those that one has or that are shared, and the one that is looked at or built. */
import { useState } from "preact/hooks";
import { askBoards, boardAddress, type BoardBrief, type BoardWhole } from "../api/assets";
import { command, get } from "../api/http";
import { usePages, useQuery } from "../api/query";
import { session } from "../api/session";
import { nameFor, readWidgets } from "../boards/widgets";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { goTo, route, routeAddress } from "../router";
import { useStore } from "../store";
import "../style/assets.css";
import "../style/boards.css";
import { Dialog } from "../ui/dialog";
import { Name } from "../ui/name";
import { Badge, Button, Card, Empty, PageHead, ProblemNote, Skeleton, Time } from "../ui/parts";
import { More } from "../ui/table";
import { TextField } from "./access-parts";
import { Board } from "./board";
import { DeedNote, useDeed } from "./people-parts";

async function isTaken(name: string): Promise<boolean> {
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof askBoards>> = await askBoards(after);
    if (page.items.some((board) => board.name === name)) return true;
    after = page.next;
  } while (after !== null);
  return false;
}

function MakeDialog({ onClose }: { onClose: () => void }) {
  const [title, setTitle] = useState("");
  const [busy, error, run] = useDeed();
  const name = nameFor(title);
  const submit = async () => {
    // A board of this name would be written over: it is somebody's.
    if (await isTaken(name)) throw ts("boards.taken", { name });
    await command("PUT", boardAddress(name), { title: title.trim(), shared: false, widgets: [] });
    onClose();
    goTo(routeAddress("boards", name, { edit: "1" }));
  };
  return (
    <Dialog
      title={ts("boards.add")}
      text={ts("boards.add.text")}
      submit={ts("make")}
      busy={busy}
      disabled={name === ""}
      onSubmit={() => void run(submit)}
      onClose={onClose}
    >
      <DeedNote error={error} />
      <TextField label={ts("title")} value={title} onInput={setTitle} />
    </Dialog>
  );
}

function BoardCard({ board }: { board: BoardBrief }) {
  return (
    <li>
      <a class="board-card card" href={routeAddress("boards", board.name)}>
        <strong>
          <Name text={board.title || board.name} />
        </strong>
        <span class="badges">
          <Badge tone={board.shared ? "info" : "plain"} icon={board.shared ? "shares" : "account"}>
            {ts(board.shared ? "boards.shared" : "boards.own")}
          </Badge>
        </span>
        <span class="faint">
          {[board.owner, ts("boards.changed")].filter(Boolean).join(" · ")}{" "}
          <Time time={board.changed} />
        </span>
      </a>
    </li>
  );
}

function Boards() {
  const list = usePages<BoardBrief>("boards", askBoards);
  const [making, setMaking] = useState(false);
  const { items, problem, reload } = list;
  const add = (
    <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
      {ts("boards.add")}
    </Button>
  );
  return (
    <div class="page page-wide">
      <PageHead title={ts("boards")} text={ts("boards.text")}>
        {items && items.length > 0 && add}
      </PageHead>
      <ProblemNote problem={problem} onRetry={reload} />
      {!items && !problem && <Skeleton rows={5} />}
      {items?.length === 0 && !list.hasMore && (
        <Card>
          <Empty icon="boards" title={ts("boards.none")} text={ts("boards.none.text")}>
            {add}
          </Empty>
        </Card>
      )}
      <ul class="board-cards">
        {items?.map((board) => (
          <BoardCard key={board.name} board={board} />
        ))}
      </ul>
      <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      {making && <MakeDialog onClose={() => setMaking(false)} />}
    </div>
  );
}

function OneBoard({ name, editing }: { name: string; editing: boolean }) {
  const { data, problem, reload } = useQuery(`board ${name}`, async (signal) => {
    const board = await get<BoardWhole>(boardAddress(name), signal);
    return { ...board, title: board.title ?? "", widgets: readWidgets(board.widgets) };
  });
  if (problem?.status === 404)
    return (
      <div class="page">
        <Empty page icon="unknown" title={ts("boards.unknown")} text={ts("boards.unknown.text")}>
          <a class="button button-plain" href={routeAddress("boards")}>
            {ts("boards.all")}
          </a>
        </Empty>
      </div>
    );
  if (!data)
    return (
      <div class="page page-wide">
        <ProblemNote problem={problem} onRetry={reload} />
        {!problem && <Skeleton rows={8} />}
      </div>
    );
  return <Board board={data} editing={editing} onSaved={reload} back={t("back")} />;
}

export function BoardsPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  if (rest === "") return <Boards />;
  return <OneBoard key={rest} name={rest} editing={query.get("edit") !== null} />;
}
