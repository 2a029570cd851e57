/**
 * Who holds a role. The server's lists are not by role, so they are walked: people, tokens and claim keys at once;
 * machines, of which there may be very many, when it is wanted.
 */
import { useEffect, useState } from "preact/hooks";
import { walkAccounts, type Account, type AccountList } from "../api/accounts";
import { Problem } from "../api/http";
import { may } from "../api/session";
import { formatCount } from "../format";
import { ta } from "../i18n/access";
import { routeAddress } from "../router";
import { Button, ProblemNote, Skeleton } from "../ui/parts";

const SHOWN = 100;

interface Found {
  list: AccountList;
  holders: Account[];
  looked: number;
  over: boolean;
  problem?: Problem;
}

const mayWalk = (list: AccountList): boolean => may(list);

/** Walks a list while the page is there; what was found so far is told as it comes. */
function useHolders(list: AccountList, role: string, wanted: boolean): Found {
  const [found, setFound] = useState<Found>({ list, holders: [], looked: 0, over: false });
  useEffect(() => {
    if (!wanted) return;
    const abort = new AbortController();
    const walk = async () => {
      let holders: Account[] = [];
      let looked = 0;
      try {
        for await (const items of walkAccounts<Account>(list, "", abort.signal)) {
          looked += items.length;
          const some = items.filter(({ grants }) => grants.some((grant) => grant.role === role));
          if (some.length > 0) holders = [...holders, ...some];
          setFound({ list, holders, looked, over: false });
        }
        setFound({ list, holders, looked, over: true });
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem =
          error instanceof Problem ? error : new Problem(0, "console", "", String(error));
        setFound({ list, holders, looked, over: true, problem });
      }
    };
    void walk();
    return () => abort.abort();
  }, [list, role, wanted]);
  return found;
}

function Name({ list, account }: { list: AccountList; account: Account }) {
  if (list === "devices") return <a href={routeAddress("devices", account.name)}>{account.name}</a>;
  return <>{account.name}</>;
}

function Group({ found, role }: { found: Found; role: string }) {
  const { list, holders, over, looked, problem } = found;
  if (problem) return <ProblemNote problem={problem} />;
  if (over && holders.length === 0) return null;
  return (
    <div class="holders">
      <h3>
        {ta(`holders.${list}`)} <span class="faint number">{formatCount(holders.length)}</span>
      </h3>
      {!over && holders.length === 0 && looked === 0 && <Skeleton rows={1} />}
      {!over && looked > 0 && (
        <p class="hint">{ta("holders.looked", { count: formatCount(looked) })}</p>
      )}
      <ul>
        {holders.slice(0, SHOWN).map((account) => (
          <li key={account.number}>
            <span class="name">
              <Name list={list} account={account} />
            </span>{" "}
            {account.title && <span class="faint">{account.title}</span>}{" "}
            {account.grants
              .filter((grant) => grant.role === role)
              .map(({ branch }) => (
                <code key={branch}>{branch}</code>
              ))}
          </li>
        ))}
      </ul>
      {holders.length > SHOWN && (
        <p class="hint">{ta("holders.more", { count: formatCount(holders.length - SHOWN) })}</p>
      )}
    </div>
  );
}

export function RoleHolders({ role }: { role: string }) {
  const [deep, setDeep] = useState(false);
  const groups = [
    useHolders("users", role, mayWalk("users")),
    useHolders("tokens", role, mayWalk("tokens")),
    useHolders("claims", role, mayWalk("claims")),
    useHolders("devices", role, deep && mayWalk("devices")),
  ];
  const shown = groups.filter(({ list }) => mayWalk(list) && (list !== "devices" || deep));
  if (shown.length === 0 && !mayWalk("devices")) return null;
  const isNone = shown.every(
    ({ over, holders, problem }) => over && !problem && holders.length === 0,
  );
  return (
    <section class="holders-all" aria-label={ta("holders.title")}>
      <h2>{ta("holders.title")}</h2>
      {isNone && (
        <p class="hint" role="status">
          {deep || !mayWalk("devices") ? ta("holders.none") : ta("holders.none.yet")}
        </p>
      )}
      {shown.map((found) => (
        <Group key={found.list} found={found} role={role} />
      ))}
      {!deep && mayWalk("devices") && (
        <Button icon="search" onClick={() => setDeep(true)}>
          {ta("holders.devices.look")}
        </Button>
      )}
    </section>
  );
}
